//! Where the files of a val are in a program of several vals, and how they import each other there.

use crate::compiled::ImportKind;
use crate::files::compiled_name;

/// The file that stands for a val's entry in its folder: no user's file is called so, since compiled ones end in `.mjs.mjs` or
/// in what the user's own do.
pub const VAL_FILE: &str = "+val.mjs";

/// The folder of a val's files in a program of several vals: `alice/hello`, or `alice/hello@3` for a version that the text
/// names.
#[must_use]
pub fn val_folder(user: &str, name: &str, version: Option<u64>) -> String {
    let pin = version.map(|version| format!("@{version}"));
    format!("{user}/{name}{}", pin.unwrap_or_default()).to_ascii_lowercase()
}

/// How the compiled file of `from` imports a val. The folder of its own val is two levels deep, as all are.
pub(crate) fn rewritten(kind: &ImportKind, from: &str) -> Option<String> {
    let ImportKind::Val {
        user,
        name,
        version,
        path,
    } = kind
    else {
        return None;
    };
    let up = "../".repeat(from.matches('/').count() + 2);
    let file = path.as_deref().map_or(VAL_FILE.to_owned(), compiled_name);
    Some(format!("{up}{}/{file}", val_folder(user, name, *version)))
}

#[cfg(test)]
mod tests {
    use super::rewritten;
    use crate::val_import::parse;

    #[test]
    fn a_val_is_found_from_every_file() {
        for (text, from, expected) in [
            ("alice/Hello", "main.tsx", "../../alice/hello/+val.mjs"),
            (
                "@Alice/hello@0",
                "lib/a.ts",
                "../../../alice/hello@0/+val.mjs",
            ),
            ("a/b@12/lib/x.ts", "main.tsx", "../../a/b@12/lib/x.ts.mjs"),
        ] {
            let found = rewritten(&parse(text).unwrap(), from);
            assert_eq!(found.as_deref(), Some(expected));
        }
    }
}
