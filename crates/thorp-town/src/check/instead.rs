//! The `api()` call that stands for a call of somebody else's function. Pure.

use thorp_lang::Position;

use super::reach::Place;

/// Characters of arguments that are shown.
const ARGUMENTS_CHARS_MAX: usize = 120;

/// What to write instead, with the arguments of the call if the text has them in one piece.
pub(crate) fn instead(place: &Place, text: Option<&str>) -> String {
    let name = place.spelled.trim_start_matches('@').replace('/', ".");
    match place.position {
        Some(Position::Call) => {
            let arguments = text.and_then(|text| arguments(text, place.line, place.column));
            let rest = match arguments.as_deref() {
                Some("") => String::new(),
                Some(arguments) => format!(", {arguments}"),
                None => ", …".to_owned(),
            };
            format!("await api(@{name}{rest})")
        }
        Some(_) => format!("async (...args) => await api(@{name}, ...args)"),
        None => format!(
            "import {{ api }} from \"thorp:std\"; await api(\"{}\", …)",
            place.spelled
        ),
    }
}

/// What stands between the brackets of the call that begins at a place.
fn arguments(text: &str, line: u32, column: u32) -> Option<String> {
    let line = text.split('\n').nth(line.checked_sub(1)? as usize)?;
    let start = line
        .char_indices()
        .nth(column.checked_sub(1)? as usize)
        .map(|(at, _)| at)?;
    let rest = &line[start..];
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || "@. ".contains(c);
    let inner = rest.trim_start_matches(name).strip_prefix('(')?;
    let end = closing(inner)?;
    let arguments = inner[..end].trim();
    (arguments.chars().count() <= ARGUMENTS_CHARS_MAX).then(|| arguments.to_owned())
}

/// Where the bracket closes that was opened before a text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if std::mem::take(&mut is_escaped) => {}
            (Some(_), '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')') if depth == 0 => return Some(at),
            (None, ')' | ']' | '}') => depth = depth.checked_sub(1)?,
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::reach::Text;
    use super::*;
    use thorp_lang::{Source, compile};

    fn check(code: &str, expected: &str) {
        let facts = compile(&Source::val(code).by("alice")).facts;
        let places = Place::all(&Text {
            facts,
            ..Text::default()
        });
        let place = places.iter().find(|place| place.name.user == "bob");
        assert_eq!(instead(place.unwrap(), Some(code)), expected, "{code}");
    }

    #[test]
    fn the_arguments_of_the_call_are_kept() {
        check(
            "let f = () => @bob.gpt3('hi')",
            "await api(@bob.gpt3, 'hi')",
        );
        check("let f = () => @bob.f()", "await api(@bob.f)");
        check(
            "let f = (é) =>\n  [é, @bob . f ({ a: [1, (2)] }, ')\\'', `(`), 1]",
            "await api(@bob.f, { a: [1, (2)] }, ')\\'', `(`)",
        );
        check("let f = () => @bob.f(\n  1,\n)", "await api(@bob.f, …)");
        check(
            "let f = () => [1].map(@bob.f)",
            "async (...args) => await api(@bob.f, ...args)",
        );
        check(
            "import f from 'val:bob/f'; export default () => f(1)",
            "import { api } from \"thorp:std\"; await api(\"@bob/f\", …)",
        );
    }
}
