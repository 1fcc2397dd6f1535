//! Which val a run names, and what it is called with.

use crate::error::ApiError;
use serde_json::value::RawValue;
use thorp_town::RunInput;

/// `[@]user.val[@N]` and the text of a JSON array, as the town wants them.
pub(crate) fn input(target: &str, args: Option<String>) -> Result<RunInput, ApiError> {
    let plain = target.strip_prefix('@').unwrap_or(target);
    let (user, rest) = plain.split_once('.').ok_or_else(|| not_a_target(target))?;
    let (name, version) = match rest.split_once('@') {
        Some((name, version)) => (
            name,
            Some(version.parse().map_err(|_| not_a_target(target))?),
        ),
        None => (rest, None),
    };
    Ok(RunInput {
        user: user.to_owned(),
        name: name.to_owned(),
        version,
        args,
    })
}

fn not_a_target(target: &str) -> ApiError {
    ApiError::bad_request(format!("`{target}` does not name a val")).hint(
        "write a user, a dot and a val, and perhaps a version: `alice.hello`, `alice.hello@3`",
    )
}

/// The parameter `args`: the text of a JSON array, or nothing.
pub(crate) fn array(args: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = args.filter(|text| !text.trim_ascii().is_empty()) else {
        return Ok(None);
    };
    let raw: &RawValue = serde_json::from_str(&text).map_err(|error| {
        ApiError::from_json("`args`", &error)
            .hint("write it like `?args=[\"hi\",1]`, percent-encoded")
    })?;
    own_array(raw).map(Some)
}

/// The text of a JSON array, refused if it is other JSON.
pub(crate) fn own_array(raw: &RawValue) -> Result<String, ApiError> {
    if raw.get().starts_with('[') {
        return Ok(raw.get().to_owned());
    }
    Err(ApiError::bad_request("`args` is not an array")
        .hint("a single argument is an array of one: `[\"hi\"]`"))
}

#[cfg(test)]
mod tests {
    use super::{array, input};

    fn check(target: &str, expected: Option<(&str, &str, Option<i64>)>) {
        let parsed = input(target, None).ok();
        let parts = parsed
            .as_ref()
            .map(|input| (input.user.as_str(), input.name.as_str(), input.version));
        assert_eq!(parts, expected, "{target}");
    }

    #[test]
    fn targets_are_user_val_and_version() {
        check("alice.hello", Some(("alice", "hello", None)));
        check("@alice.hello@3", Some(("alice", "hello", Some(3))));
        check("alice.a.b", Some(("alice", "a.b", None)));
        check("alice", None);
        check("alice.hello@", None);
        check("alice.hello@x", None);
    }

    #[test]
    fn args_are_arrays_or_nothing() {
        let read =
            |text: &str| array(Some(text.to_owned())).map_err(|error| error.into_body().error.code);
        assert_eq!(read(" [1, {}] "), Ok(Some("[1, {}]".to_owned())));
        assert_eq!(read(" "), Ok(None));
        assert_eq!(read("1"), Err("BAD_REQUEST"));
        assert_eq!(read("[1"), Err("BAD_JSON"));
    }
}
