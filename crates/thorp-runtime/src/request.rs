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
    /// What vals hold, by their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<&'a RawValue>,
    /// Those that it may write.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) writable: &'a [String],
    /// The name of the program's author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<&'a str>,
    /// What vals hold that foreign code may read, by their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) foreign: Option<&'a RawValue>,
    /// Whether what it may not have of others is an error.
    pub(crate) strict: bool,
    /// Name, value, and whether it is shared with packages.
    pub(crate) secrets: Vec<(&'a str, &'a str, bool)>,
    /// Names of secrets that packages may ask for in vain.
    pub(crate) withheld: Vec<&'a str>,
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
        /// Whether promises inside of the value are waited for.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        deep: bool,
        /// What is loaded before it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        vals: Vec<GuestVal<'a>>,
    },
}

/// A val that is a part of a program, as the guest knows it.
#[derive(Debug, Serialize)]
pub(crate) struct GuestVal<'a> {
    name: &'a str,
    url: String,
    export: Option<&'a str>,
}

impl<'a> GuestProgram<'a> {
    pub(crate) fn body(code: &'a str) -> Self {
        Self::Body {
            code,
            url: BODY_SOURCE_URL,
        }
    }

    pub(crate) fn module(program: &'a ModuleProgram, modules: &str) -> Self {
        let vals = program.vals.iter().map(|val| GuestVal {
            name: &val.name,
            url: file_url(modules, &val.entry),
            export: export_name(&val.export),
        });
        Self::Module {
            url: file_url(modules, &program.entry),
            export: export_name(&program.export),
            deep: program.awaits_inside,
            vals: vals.collect(),
        }
    }
}

fn export_name(export: &Export) -> Option<&str> {
    match export {
        Export::Default => Some("default"),
        Export::Named(name) => Some(name),
        Export::Nothing => None,
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
