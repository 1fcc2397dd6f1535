//! `val:user/name@version/path`: another val in an import.

/// What such a specifier names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValSpecifier {
    /// The owner, in lower case.
    pub(crate) user: String,
    /// The val, in lower case.
    pub(crate) name: String,
    /// A version instead of the one that is usual.
    pub(crate) version: Option<i64>,
    /// A file instead of the entry.
    pub(crate) path: Option<String>,
}

/// The file that stands for a val's entry in its folder: no user's file is called so, since compiled ones end in `.mjs.mjs` or
/// in what the user's own do.
pub const VAL_FILE: &str = "+val.mjs";

impl ValSpecifier {
    /// Reads what follows `val:`; `None` if it is not of that form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (user, rest) = text.strip_prefix('@').unwrap_or(text).split_once('/')?;
        let (name, path) = match rest.split_once('/') {
            Some((name, path)) => (name, Some(path)),
            None => (rest, None),
        };
        let (name, version) = match name.split_once('@') {
            Some((name, version)) => (name, Some(number(version)?)),
            None => (name, None),
        };
        if !is_name(user) || !is_name(name) || path.is_some_and(str::is_empty) {
            return None;
        }
        Some(Self {
            user: user.to_ascii_lowercase(),
            name: name.to_ascii_lowercase(),
            version,
            path: path.map(str::to_owned),
        })
    }

    /// The folder of its files among those of a program.
    pub(crate) fn folder(&self) -> String {
        val_folder(&self.user, &self.name, self.version)
    }

    /// How the compiled file of `from`, whose val's folder is two levels deep as all are, imports it.
    pub(crate) fn rewritten(&self, from: &str) -> String {
        let up = "../".repeat(from.matches('/').count() + 2);
        let file = match &self.path {
            Some(path) => crate::files::compiled_name(path),
            None => VAL_FILE.to_owned(),
        };
        format!("{up}{}/{file}", self.folder())
    }
}

/// The folder of a val's files in a program of several vals: `alice/hello`, or `alice/hello@3` for a version that the text names.
#[must_use]
pub fn val_folder(user: &str, name: &str, version: Option<i64>) -> String {
    let pin = version.map(|version| format!("@{version}"));
    format!("{user}/{name}{}", pin.unwrap_or_default()).to_ascii_lowercase()
}

/// Digits as people write a version: none before the first that counts.
fn number(text: &str) -> Option<i64> {
    let is_plain =
        text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    text.parse().ok().filter(|_| is_plain)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::ValSpecifier;

    fn check(text: &str, from: &str, expected: Option<&str>) {
        let found = ValSpecifier::parse(text).map(|found| found.rewritten(from));
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_val_is_found_from_every_file() {
        check(
            "alice/Hello",
            "main.tsx",
            Some("../../alice/hello/+val.mjs"),
        );
        check(
            "@Alice/hello@0",
            "lib/a.ts",
            Some("../../../alice/hello@0/+val.mjs"),
        );
        check(
            "a/b@12/lib/x.ts",
            "main.tsx",
            Some("../../a/b@12/lib/x.ts.mjs"),
        );
    }

    #[test]
    fn what_is_no_name_is_no_val() {
        for text in [
            "",
            "alice",
            "alice/",
            "/x",
            "alice/x@",
            "alice/x@-1",
            "alice/x@01",
            "alice/x@+1",
            "alice/x@1.2",
            "alice/x/",
            "alice/../x",
            "../x",
            "a b/c",
            "alice/x?v=1",
            "1/x",
            "alice/x@99999999999999999999",
        ] {
            check(text, "main.tsx", None);
        }
    }
}
