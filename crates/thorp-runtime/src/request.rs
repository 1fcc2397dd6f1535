//! The payload of a `Run` frame.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::BODY_SOURCE_URL;
use crate::job::{Export, ModuleProgram};

/// What the guest is asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) program: GuestProgram<'a>,
    pub(crate) args: &'a RawValue,
    /// Whether it may be called again.
    pub(crate) kept: bool,
}

/// A program as the guest knows it.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum GuestProgram<'a> {
    /// The body of an async function.
    Body { code: &'a str, url: &'static str },
    /// A file, and the export that is its value.
    Module {
        url: String,
        export: Option<&'a str>,
    },
}

impl<'a> GuestProgram<'a> {
    pub(crate) fn body(code: &'a str) -> Self {
        Self::Body {
            code,
            url: BODY_SOURCE_URL,
        }
    }

    pub(crate) fn module(program: &'a ModuleProgram, modules: &str) -> Self {
        let export = match &program.export {
            Export::Default => Some("default"),
            Export::Named(name) => Some(name.as_str()),
            Export::Nothing => None,
        };
        Self::Module {
            url: file_url(modules, &program.entry),
            export,
        }
    }
}

/// The URL of a file in a folder that needs no escapes.
pub(crate) fn file_url(folder: &str, path: &str) -> String {
    let mut url = format!("file://{folder}/");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/@+!$&'()*,;=:".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::file_url;

    #[test]
    fn names_are_escaped_in_urls() {
        assert_eq!(file_url("/m", "lib/main.tsx"), "file:///m/lib/main.tsx");
        assert_eq!(
            file_url("/m", "a b#?%ü.ts"),
            "file:///m/a%20b%23%3F%25%C3%BC.ts"
        );
    }
}
