//! `val:alice/fetchJSON@3/lib/a.ts`: whose val it names, and which file of which version.

use crate::compiled::ImportKind;
use crate::limits::NAME_CHARS_MAX;
use crate::source::check_path;

/// What is wrong with a specifier, and what to write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadVal {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Reads what follows `val:`.
pub(crate) fn parse(rest: &str) -> Result<ImportKind, BadVal> {
    let rest = rest.strip_prefix('@').unwrap_or(rest);
    let Some((user, rest)) = rest.split_once('/') else {
        return bad("does not name a val");
    };
    let (val, path) = match rest.split_once('/') {
        Some((val, path)) => (val, Some(path)),
        None => (rest, None),
    };
    let (name, version) = match val.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (val, None),
    };
    if !is_name(user) {
        return bad("does not begin with the name of a user");
    }
    if !is_name(name) {
        return bad("does not name a val of that user");
    }
    if user.eq_ignore_ascii_case("me") {
        return bad("names no user; `me` is for `@me`");
    }
    Ok(ImportKind::Val {
        user: user.to_owned(),
        name: name.to_owned(),
        version: version.map(number).transpose()?,
        path: path.map(file).transpose()?,
    })
}

fn bad<T>(message: &str) -> Result<T, BadVal> {
    Err(BadVal {
        message: message.to_owned(),
        hint: "write `val:user/name@version`, as in `val:alice/fetchJSON@3`".to_owned(),
    })
}

fn number(version: &str) -> Result<u64, BadVal> {
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    match version.parse() {
        Ok(version) if digits => Ok(version),
        _ => bad("has a version that is no number"),
    }
}

fn file(path: &str) -> Result<String, BadVal> {
    check_path(path)
        .map(|()| path.to_owned())
        .map_err(|error| BadVal {
            message: format!("names a file that no val has: {error}"),
            hint: "write the path as the val has it, as in `val:alice/lib@3/parse.ts`".to_owned(),
        })
}

/// The form that names of users and vals have; which there are is for the town to know.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= NAME_CHARS_MAX
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::compiled::ImportKind;

    #[test]
    fn parts() {
        let check = |text: &str, user: &str, name: &str, version, path: Option<&str>| {
            let kind = ImportKind::Val {
                user: user.to_owned(),
                name: name.to_owned(),
                version,
                path: path.map(str::to_owned),
            };
            assert_eq!(parse(text).as_ref(), Ok(&kind), "{text}");
        };
        check("alice/x", "alice", "x", None, None);
        check("@Alice/fetchJSON@3", "Alice", "fetchJSON", Some(3), None);
        check(
            "alice/x@0/lib/a.ts",
            "alice",
            "x",
            Some(0),
            Some("lib/a.ts"),
        );
        check("alice/x/a.ts", "alice", "x", None, Some("a.ts"));
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "alice",
            "alice/",
            "/x",
            "alice/x@",
            "alice/x@v3",
            "alice/x@+3",
            "alice/x@-1",
            "alice/x@99999999999999999999",
            "alice/x@3/",
            "alice/x@3/../y.ts",
            "5/x",
            "alice/x y",
            "al ice/x",
            "me/x",
            "alice/.x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
