//! The table of permissions: what an expression in a function of B means when A calls it. Pure; it knows no towns.

/// Who is who in a cell: `@me` is the author of the expression, who is B unless the code is A's own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roles {
    pub(crate) a: &'static str,
    pub(crate) b: &'static str,
}

/// How the code came to run, which is a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A calls B's function by `api()` or over HTTP: it runs as B.
    Api,
    /// A calls B's function as a function.
    Restricted,
    /// Somebody without a token does.
    Nobody,
    /// A's own code, run as A.
    Own,
}

/// An expression, and what it means in each mode. What npm has, which no cell may have, is the third.
pub(crate) struct Row {
    pub(crate) expression: &'static str,
    pub(crate) api: &'static str,
    pub(crate) library: &'static str,
    pub(crate) restricted: &'static str,
    pub(crate) nobody: &'static str,
    pub(crate) own: &'static str,
}

/// What must come of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// This value, and nothing is written.
    Value(String),
    Undefined,
    /// An error, and nothing is written.
    Error,
    /// No error, and nothing is written.
    Nothing,
    /// This user's `foo` is what the cell sets, and nothing else is written.
    Sets(&'static str),
    /// This user has a mail with the cell's subject, and nobody else.
    Mails(&'static str),
}

/// Expression; API mode, Library mode, Restricted Library Mode, the same without a token, own code.
#[rustfmt::skip]
pub(crate) const TABLE: [Row; 13] = [
    row("@me.secrets.foo",  "@B.secrets.foo", "@A.secrets.foo", "undefined",    "undefined",    "@A.secrets.foo"),
    row("@A.secrets.foo",   "error",          "@A.secrets.foo", "undefined",    "undefined",    "@A.secrets.foo"),
    row("@B.secrets.foo",   "@B.secrets.foo", "undefined",      "undefined",    "undefined",    "undefined"),
    row("@me.privateFoo",   "@B.privateFoo",  "@A.privateFoo",  "undefined",    "undefined",    "@A.privateFoo"),
    row("@A.privateFoo",    "error",          "@A.privateFoo",  "undefined",    "undefined",    "@A.privateFoo"),
    row("@B.privateFoo",    "@B.privateFoo",  "undefined",      "undefined",    "undefined",    "undefined"),
    row("@me.publicFoo",    "@B.publicFoo",   "@B.publicFoo",   "@B.publicFoo", "@B.publicFoo", "@A.publicFoo"),
    row("@A.publicFoo",     "@A.publicFoo",   "@A.publicFoo",   "@A.publicFoo", "@A.publicFoo", "@A.publicFoo"),
    row("@B.publicFoo",     "@B.publicFoo",   "@B.publicFoo",   "@B.publicFoo", "@B.publicFoo", "@B.publicFoo"),
    row("@me.foo = x",      "sets B",         "sets A",         "no-op",        "no-op",        "sets A"),
    row("@A.foo = x",       "error",          "sets A",         "no-op",        "no-op",        "sets A"),
    row("@B.foo = x",       "sets B",         "no-op",          "no-op",        "no-op",        "error"),
    row("console.email(x)", "e-mails B",      "e-mails A",      "e-mails A",    "error",        "e-mails A"),
];

const fn row(
    expression: &'static str,
    api: &'static str,
    library: &'static str,
    restricted: &'static str,
    nobody: &'static str,
    own: &'static str,
) -> Row {
    Row {
        expression,
        api,
        library,
        restricted,
        nobody,
        own,
    }
}

impl Row {
    /// The expression with names in it, as programs call it: `@alice.publicFoo`.
    pub(crate) fn named(&self, roles: Roles) -> String {
        let text = self.expression.replace("@A.", &format!("@{}.", roles.a));
        text.replace("@B.", &format!("@{}.", roles.b))
    }

    /// Whether the store may be another one afterwards.
    pub(crate) fn changes(&self) -> bool {
        self.expression.ends_with("= x") || self.mails()
    }

    /// Whether it sends mail.
    fn mails(&self) -> bool {
        self.expression.starts_with("console.email")
    }

    pub(crate) fn expected(&self, mode: Mode, roles: Roles) -> Expected {
        let cell = match mode {
            Mode::Api => self.api,
            Mode::Restricted => self.restricted,
            Mode::Nobody => self.nobody,
            Mode::Own => self.own,
        };
        meaning(cell, roles)
    }
}

/// What a user's secret is.
pub(crate) fn secret_of(user: &str) -> String {
    format!("the-secret-foo-of-{user}")
}

/// What a cell of the table says.
fn meaning(cell: &str, roles: Roles) -> Expected {
    let user = if cell.contains('A') { roles.a } else { roles.b };
    match cell {
        "undefined" => Expected::Undefined,
        "error" => Expected::Error,
        "no-op" => Expected::Nothing,
        _ if cell.starts_with("sets ") => Expected::Sets(user),
        _ if cell.starts_with("e-mails ") => Expected::Mails(user),
        _ if cell.ends_with(".secrets.foo") => Expected::Value(secret_of(user)),
        _ if cell.ends_with(".privateFoo") => Expected::Value(format!("private foo of {user}")),
        _ => Expected::Value(format!("public foo of {user}")),
    }
}

#[test]
fn cells_mean_what_they_say() {
    let roles = Roles {
        a: "alice",
        b: "bob",
    };
    let found = |row: usize, mode| TABLE[row].expected(mode, roles);
    assert_eq!(
        found(0, Mode::Api),
        Expected::Value("the-secret-foo-of-bob".to_owned())
    );
    assert_eq!(found(0, Mode::Restricted), Expected::Undefined);
    assert_eq!(found(9, Mode::Own), Expected::Sets("alice"));
    assert_eq!(found(12, Mode::Api), Expected::Mails("bob"));
    assert_eq!(TABLE[10].named(roles), "@alice.foo = x");
}

#[test]
fn no_mode_of_the_town_is_library_mode() {
    for row in &TABLE {
        let differs = row.library != row.restricted;
        let is_of_the_caller = row.library.contains('A') && !row.expression.contains("publicFoo");
        // Only the mail to A, who runs the code, is the same: it tells A, and nobody else.
        assert_eq!(
            differs,
            is_of_the_caller && !row.mails(),
            "{}",
            row.expression
        );
    }
}
