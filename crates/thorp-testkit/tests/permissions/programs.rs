//! The programs of a cell: the functions in which the expressions stand, and the expression that A evaluates. Pure.

use crate::routes::Route;
use crate::table::Mode;

/// In what the programs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `@user.val`
    Classic,
    /// `thorp:std`
    Standard,
}

pub(crate) const USERS: [&str; 3] = ["alice", "bob", "carol"];

impl Dialect {
    fn other(self) -> Self {
        match self {
            Self::Classic => Self::Standard,
            Self::Standard => Self::Classic,
        }
    }

    /// The end of the names of vals.
    fn letter(self) -> char {
        match self {
            Self::Classic => 'C',
            Self::Standard => 'S',
        }
    }

    /// The val with the expressions of its author.
    pub(crate) fn lib(self) -> String {
        format!("lib{}", self.letter())
    }

    /// The val that calls the library of a user as a function, or by `api()`.
    fn relay(self, kind: &str, user: &str) -> String {
        format!("{kind}_{user}_{}", self.letter())
    }
}

/// Does with a value what it is told to. `run` evaluates the expression.
const SHAPED: &str = r#"
  const shaped = (run, how, given) => {
    let taken;
    switch (how) {
      case "callback": return given(run());
      case "function": return () => run();
      case "getter": return { get value() { return run(); } };
      case "toJSON": return { toJSON: () => taken = run(), taken: () => taken };
      case "thenable": return { then: (resolve) => resolve(run()) };
      case "proxy": return new Proxy({ value: 0 }, { get: (_, name) => name === "value" ? run() : undefined });
      default: return run();
    }
  };"#;

/// Takes the value out of what a function answers that was told so.
const TAKE: &str = r#"
  const take = async (how, lib, row, x) => {
    let got;
    switch (how) {
      case "callback": await lib(row, x, how, (value) => { got = value; }); return await got;
      case "function": return (await Promise.all([0].map(await lib(row, x, how))))[0];
      case "getter": case "proxy": return await (await lib(row, x, how)).value;
      case "toJSON": got = await lib(row, x, how); JSON.stringify(got); return await got.taken();
      default: return await lib(row, x, how);
    }
  };"#;

/// Takes the value out of JSON.
const UNPACK: &str = r#"
  const take = async (how, lib, row, x) => {
    const got = await lib(row, x, how);
    return typeof got === "object" && got !== null && "value" in got ? got.value : got;
  };"#;

/// Tries one after another, and says what came of each.
const TRY_ALL: &str = r#"
  const found = [];
  for (const [row, x] of cells) {
    try {
      const value = await take(how, lib, row, x);
      found.push(value === undefined ? {} : { value });
    } catch (error) {
      found.push({ error: `${error?.name}: ${error?.message}` });
    }
  }
  return found;"#;

/// The expressions, by what the table calls them.
fn expressions(dialect: Dialect, author: &str) -> String {
    match dialect {
        Dialect::Classic => classic_expressions(),
        Dialect::Standard => standard_expressions(author),
    }
}

fn classic_expressions() -> String {
    let mut text = String::from(
        r#"
    "console.email(x)": (x) => { console.email({ subject: x, text: "-" }); return "done"; },"#,
    );
    for user in ["me"].iter().chain(&USERS) {
        for name in ["secrets.foo", "privateFoo", "publicFoo"] {
            text.push_str(&format!("\n    \"@{user}.{name}\": () => @{user}.{name},"));
        }
        text.push_str(&format!(
            "\n    \"@{user}.foo = x\": (x) => {{ @{user}.foo = x; return \"done\"; }},"
        ));
    }
    format!("\n  const rows = {{{text}\n  }};")
}

fn standard_expressions(author: &str) -> String {
    let mut text = String::from(
        r#"
    "console.email(x)": async (x) => { await email({ subject: x, text: "-" }); return "done"; },
    "@me.secrets.foo": async () => Deno.env.get("foo"),
    "@me.privateFoo": () => me.get("privateFoo"),
    "@me.publicFoo": () => me.get("publicFoo"),
    "@me.foo = x": async (x) => { await me.set("foo", x); return "done"; },"#,
    );
    for user in USERS {
        for name in ["privateFoo", "publicFoo"] {
            text.push_str(&format!(
                "\n    \"@{user}.{name}\": () => val(\"@{user}/{name}\"),"
            ));
        }
        let (secret, set) = match user == author {
            true => (
                "process.env.foo".to_owned(),
                "me.update(\"foo\", () => x)".to_owned(),
            ),
            // The nearest that there is to the name of somebody else's.
            false => (
                format!("await val(\"@{user}/secrets.foo\")"),
                format!("me.set(\"@{user}/foo\", x)"),
            ),
        };
        text.push_str(&format!(
            "\n    \"@{user}.secrets.foo\": async () => {secret},\
             \n    \"@{user}.foo = x\": async (x) => {{ await {set}; return \"done\"; }},"
        ));
    }
    format!("\n  const rows = {{{text}\n  }};")
}

/// The val with the expressions.
fn lib(dialect: Dialect, author: &str) -> String {
    let rows = expressions(dialect, author);
    let name = dialect.lib();
    match dialect {
        Dialect::Classic => format!(
            "let {name} = (row, x, how, given) => {{{rows}{SHAPED}\n  return shaped(() => rows[row](x), how, given);\n}};\n"
        ),
        // JSON waits for no promise, so a library of this dialect can be told to take its value out itself.
        Dialect::Standard => format!(
            "import {{ email, me, val }} from \"thorp:std\";{rows}{SHAPED}{TAKE}\n\
             const lib = (row, x, how, given) => shaped(() => rows[row](x), how, given);\n\
             export default (row, x, how, given) => given === \"inside\" ? take(how, lib, row, x) : lib(row, x, how, given);\n"
        ),
    }
}

/// The vals that a user has, by name.
pub(crate) fn vals(user: &str, dialect: Dialect) -> Vec<(String, String)> {
    let mut all = vec![(dialect.lib(), lib(dialect, user))];
    if user == "bob" {
        for other in ["alice", "carol"] {
            all.push((dialect.relay("via", other), via(dialect, other)));
            all.push((dialect.relay("calls", other), calls(dialect, other)));
        }
        all.push((
            "touch".to_owned(),
            format!("{TAKE}\nexport default take;\n"),
        ));
    }
    all
}

/// Calls a user's library as a function.
fn via(dialect: Dialect, user: &str) -> String {
    let (name, lib) = (dialect.relay("via", user), dialect.lib());
    match dialect {
        Dialect::Classic => format!("let {name} = (...args) => @{user}.{lib}(...args)\n"),
        Dialect::Standard => format!(
            "import lib from \"val:{user}/{lib}\";\nexport default (...args) => lib(...args);\n"
        ),
    }
}

/// Calls a user's library by `api()`.
fn calls(dialect: Dialect, user: &str) -> String {
    let (name, lib) = (dialect.relay("calls", user), dialect.lib());
    match dialect {
        Dialect::Classic => format!("let {name} = (...args) => api(@{user}.{lib}, ...args)\n"),
        Dialect::Standard => format!(
            "import {{ api }} from \"thorp:std\";\n\
             export default (...args) => api(\"@{user}/{lib}\", ...args);\n"
        ),
    }
}

/// What the record of a run says that an expression asked for in vain. `author` is whose code it is in.
pub(crate) fn asked(dialect: Dialect, named: &str, author: &str) -> String {
    let absolute = named.replace("@me.", &format!("@{author}."));
    let own = format!("@{author}.");
    match (dialect, absolute.strip_suffix(" = x")) {
        (Dialect::Classic, Some(place)) => format!("{place} = …"),
        (Dialect::Standard, Some(place)) => match place.strip_prefix(&own) {
            Some(name) => format!("{own}{name} = …"),
            // What it has no name for becomes a name of its own.
            None => format!("{own}{} = …", place.replace('.', "/")),
        },
        (Dialect::Standard, None) if named == "@me.secrets.foo" => {
            "Deno.env.get(\"foo\")".to_owned()
        }
        (Dialect::Standard, None) if absolute == format!("{own}secrets.foo") => {
            "process.env.foo".to_owned()
        }
        _ => absolute,
    }
}

/// What A evaluates: a function of how, and of pairs of an expression and what it sets.
pub(crate) fn evaluated(mode: Mode, route: Route, dialect: Dialect) -> String {
    match mode {
        Mode::Api => by_api(route, dialect),
        Mode::Restricted | Mode::Nobody => as_library(route, dialect),
        Mode::Own => own(route, dialect),
    }
}

fn by_api(route: Route, dialect: Dialect) -> String {
    let target = match route {
        Route::Back => format!("bob/{}", dialect.relay("calls", "alice")),
        Route::Third | Route::ApiOfLibrary => format!("bob/{}", dialect.relay("calls", "carol")),
        _ => format!("bob/{}", dialect.lib()),
    };
    if route == Route::ApiOfLibrary {
        return program(dialect, &target, UNPACK, "");
    }
    let lib = match dialect {
        Dialect::Classic => format!("(...args) => api(@{}, ...args)", target.replace('/', ".")),
        Dialect::Standard => format!("(...args) => api(\"@{target}\", ...args, \"inside\")"),
    };
    plain(dialect, &format!("{UNPACK}\n  const lib = {lib};"))
}

fn as_library(route: Route, dialect: Dialect) -> String {
    let lib = dialect.lib();
    match route {
        Route::Back => program(
            dialect,
            &format!("bob/{}", dialect.relay("via", "alice")),
            TAKE,
            "",
        ),
        Route::Third => program(
            dialect,
            &format!("bob/{}", dialect.relay("via", "carol")),
            TAKE,
            "",
        ),
        Route::OtherDialect => program(dialect.other(), &format!("bob/{lib}"), TAKE, ""),
        Route::Dynamic => dynamic(dialect, &format!("bob/{lib}"), TAKE),
        Route::InsideApi => {
            let target = format!("bob/{}", dialect.relay("via", "carol"));
            let lib = match dialect {
                Dialect::Classic => {
                    format!("(...args) => api(@{}, ...args)", target.replace('/', "."))
                }
                Dialect::Standard => format!("(...args) => api(\"@{target}\", ...args)"),
            };
            plain(dialect, &format!("{UNPACK}\n  const lib = {lib};"))
        }
        _ => program(dialect, &format!("bob/{lib}"), TAKE, ""),
    }
}

fn own(route: Route, dialect: Dialect) -> String {
    let lib = format!("alice/{}", dialect.lib());
    match route {
        Route::Direct => {
            let rows = expressions(dialect, "alice");
            let head = "\n  const lib = (row, x) => rows[row](x);";
            plain(dialect, &format!("{rows}{head}{TAKE}"))
        }
        Route::OwnVal => program(dialect, &lib, TAKE, ""),
        Route::Dynamic => dynamic(dialect, &lib, TAKE),
        // B's code does with A's function what A's does with B's elsewhere.
        _ => match dialect {
            Dialect::Classic => program(
                dialect,
                &lib,
                "\n  const take = (...args) => @bob.touch(...args);",
                "",
            ),
            Dialect::Standard => {
                program(dialect, &lib, "", "import take from \"val:bob/touch\";\n")
            }
        },
    }
}

/// A program that has the val `lib` by its name, or by an import.
fn program(dialect: Dialect, lib: &str, take: &str, imports: &str) -> String {
    match dialect {
        Dialect::Classic => {
            let lib = lib.replace('/', ".");
            plain(
                dialect,
                &format!("{take}\n  const lib = (...args) => @{lib}(...args);"),
            )
        }
        Dialect::Standard => {
            let body = format!("{take}\n  const lib = Object.values(all)[0];");
            format!(
                "import * as all from \"val:{lib}\";\n{imports}{}",
                plain(dialect, &body)
            )
        }
    }
}

/// A program that imports the val `lib` when it runs.
fn dynamic(dialect: Dialect, lib: &str, take: &str) -> String {
    let mut body = format!("{take}\n  const lib = Object.values(await import(\"val:{lib}\"))[0];");
    if dialect == Dialect::Classic {
        // What makes it a program of this dialect.
        body.push_str("\n  void @me.publicFoo;");
    }
    plain(dialect, &body)
}

fn plain(dialect: Dialect, body: &str) -> String {
    match dialect {
        Dialect::Classic => format!("async (how, cells) => {{{body}{TRY_ALL}\n}}"),
        Dialect::Standard => format!(
            "import {{ api, email, me, val }} from \"thorp:std\";\n\
             export default async (how, cells) => {{{body}{TRY_ALL}\n}}"
        ),
    }
}
