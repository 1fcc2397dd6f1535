//! What the transform of TypeScript's decorators calls at run time.

use crate::compiled::Module;

const DECORATE: &str = r"export default function decorate(decorators, target, key, descriptor) {
  const count = arguments.length;
  let result = count < 3 ? target : descriptor === null ? Object.getOwnPropertyDescriptor(target, key) : descriptor;
  for (const decorator of decorators.slice().reverse()) {
    if (decorator) result = (count < 3 ? decorator(result) : count > 3 ? decorator(target, key, result) : decorator(target, key)) || result;
  }
  if (count > 3 && result) Object.defineProperty(target, key, result);
  return result;
}
";

const DECORATE_PARAM: &str = r"export default function decorateParam(index, decorator) {
  return (target, key) => decorator(target, key, index);
}
";

const PREFIX: &str = "thorp-";

/// Name of the file that a helper is written to. No file of a user is: their code is written
/// as `x.ts.mjs` or the like, and data does not end in `.mjs`.
pub(crate) fn file_name(helper: &str) -> String {
    format!("{PREFIX}{helper}.mjs")
}

/// Whether this is the file of a helper.
pub(crate) fn is_helper(file: &str) -> bool {
    let name = file
        .strip_prefix(PREFIX)
        .and_then(|name| name.strip_suffix(".mjs"));
    name.is_some_and(|name| module(name).is_some())
}

/// The module of a helper.
pub(crate) fn module(helper: &str) -> Option<Module> {
    let code = match helper {
        "decorate" => DECORATE,
        "decorateParam" => DECORATE_PARAM,
        _ => return None,
    };
    let file = file_name(helper);
    Some(Module {
        path: file.clone(),
        file,
        code: code.to_owned(),
        map: None,
    })
}
