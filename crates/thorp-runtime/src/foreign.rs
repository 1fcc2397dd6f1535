//! The small modules that stand for foreign vals: each has the guest evaluate its script in a Compartment, and exports
//! what that exports.

use std::collections::HashSet;
use std::path::Path;

use crate::guest::DOOR;
use crate::job::{ForeignBundle, ModuleProgram, foreign_path};
use crate::limits;

/// Says what is wrong with a program's foreign vals, if anything.
pub(crate) fn check(program: &ModuleProgram) -> Result<(), String> {
    let bytes: usize = program.foreign.iter().map(|val| val.script.len()).sum();
    if bytes > limits::FOREIGN_BYTES_MAX {
        return Err(format!(
            "its foreign vals have more than {} bytes",
            limits::FOREIGN_BYTES_MAX
        ));
    }
    let mut names = HashSet::new();
    for val in &program.foreign {
        if !is_name(&val.name) || !names.insert(&val.name) {
            return Err(format!("`{}` is no name of a foreign val", val.name));
        }
    }
    Ok(())
}

/// Names become parts of paths and of stack traces.
fn is_name(name: &str) -> bool {
    let Some((user, val)) = name.strip_prefix('@').and_then(|name| name.split_once('/')) else {
        return false;
    };
    let (val, rest) = val.split_once('+').unwrap_or((val, "0"));
    let is_part = |part: &str| {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "_-$".contains(char);
        !part.is_empty() && part.chars().all(is_plain)
    };
    is_part(user) && is_part(val) && is_part(rest)
}

/// The path and the text of the module of each foreign val.
pub(crate) fn modules<'a>(
    program: &'a ModuleProgram,
    guest: &'a Path,
) -> impl Iterator<Item = (String, String)> + 'a {
    let modules = program.foreign.iter();
    modules.map(move |val| (foreign_path(&val.name), module(val, guest)))
}

fn module(val: &ForeignBundle, guest: &Path) -> String {
    let door = json(&format!("file://{}", guest.join(DOOR).display()));
    let (name, script) = (json(&val.name), json(&val.script));
    let mut text =
        format!("import {{ foreign }} from {door};\nconst all = foreign({name}, {script});\n");
    for (index, export) in val.exports.iter().enumerate() {
        let export = json(export);
        text.push_str(&format!(
            "const e{index} = all[{export}];\nexport {{ e{index} as {export} }};\n"
        ));
    }
    text
}

/// JSON is JavaScript.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{check, is_name, module};
    use crate::job::{ForeignBundle, ModuleProgram};
    use crate::limits::FOREIGN_BYTES_MAX;
    use std::path::Path;

    #[test]
    fn a_module_exports_what_the_val_exports() {
        let val = ForeignBundle {
            name: "@bob/lib".to_owned(),
            script: "var thorpExports = \"\";".to_owned(),
            exports: vec!["default".to_owned(), "a".to_owned()],
        };
        assert_eq!(
            module(&val, Path::new("/g")),
            "import { foreign } from \"file:///g/realm/door.js\";\n\
             const all = foreign(\"@bob/lib\", \"var thorpExports = \\\"\\\";\");\n\
             const e0 = all[\"default\"];\nexport { e0 as \"default\" };\n\
             const e1 = all[\"a\"];\nexport { e1 as \"a\" };\n"
        );
    }

    #[test]
    fn foreign_vals_are_bounded() {
        let with = |bytes: usize| ModuleProgram {
            foreign: vec![ForeignBundle {
                name: "@bob/lib".to_owned(),
                script: "x".repeat(bytes),
                exports: Vec::new(),
            }],
            ..ModuleProgram::default()
        };
        assert!(check(&with(FOREIGN_BYTES_MAX)).is_ok());
        assert!(check(&with(FOREIGN_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn names_are_plain() {
        for name in ["@bob/lib", "@b_1/my-lib", "@b/$x", "@bob/lib+3f"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "bob/lib", "@bob", "@bob/", "@/lib", "@b/../x", "@b/x.y", "@b/x/y", "@b/x\n",
            "@b/x+", "@b/x+1+2",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
