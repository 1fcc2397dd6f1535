//! Advice for mistakes that people make here and that the parser cannot know.

use crate::npm::is_builtin;

/// What `eval` takes.
pub(crate) const EVAL_HINT: &str =
    "`eval` takes one expression; wrap statements in a function, or use `export default`";

/// Advice on a finding at byte `offset` of `text`.
pub(crate) fn for_finding(text: &str, message: &str, offset: u32) -> Option<String> {
    let at = text.floor_char_boundary(offset as usize);
    let (before, after) = text.split_at(at);
    let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let line = text[line_start..].lines().next().unwrap_or("");
    quotes(after)
        .or_else(|| bare_export(line))
        .or_else(|| awaiting(message, line))
        .or_else(|| unclosed(message, after))
}

fn name(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn quotes(after: &str) -> Option<String> {
    let first = after.chars().next()?;
    matches!(first, '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}')
        .then(|| format!("`{first}` is a typographic quote; write `\"` or `'`"))
}

/// `export total = 1`, which early programs wrote.
fn bare_export(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("export ")?;
    let (exported, after) = name(rest.trim_start())?;
    let after = after.trim_start();
    (after.starts_with('=') && !after.starts_with("=="))
        .then(|| format!("write `export let {exported} = …`"))
}

fn awaiting(message: &str, line: &str) -> Option<String> {
    (message.contains("await") && line.contains("await"))
        .then(|| "put `async` before the function that uses `await`".to_owned())
}

fn unclosed(message: &str, after: &str) -> Option<String> {
    let at_end = after.trim().is_empty();
    (at_end && (message.contains("Expected") || message.contains("Unexpected"))).then(|| {
        "the text ends too early; look for a bracket or quote that is not closed".to_owned()
    })
}

/// Whether a text starts as only statements do.
pub(crate) fn begins_statement(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "break",
        "const",
        "continue",
        "debugger",
        "do",
        "enum",
        "for",
        "if",
        "interface",
        "let",
        "return",
        "switch",
        "throw",
        "try",
        "type",
        "var",
        "while",
    ];
    name(text.trim_start()).is_some_and(|(word, _)| WORDS.contains(&word))
}

/// What to write instead of `require(name)`.
pub(crate) fn for_require(name: &str) -> String {
    let scheme = match name {
        name if name.starts_with('.') || name.contains(':') => "",
        name if is_builtin(name) => "node:",
        _ => "npm:",
    };
    format!("write `import … from \"{scheme}{name}\"`")
}
