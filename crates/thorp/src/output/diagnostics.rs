//! What the compiler has to say, with the line it is about and a caret.

use super::clean;
use super::style::{ERROR, HINT, WARNING};
use crate::client::api::{Diagnostic, FileText};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// All diagnostics, one after the other. Those about a file that is not among `files` name its place only; a single
/// file is meant whatever the town calls it.
pub(crate) fn render(diagnostics: &[Diagnostic], files: &[FileText]) -> String {
    let all = diagnostics.iter().map(|diagnostic| match files {
        [only] => with_source(diagnostic, only),
        _ => match files.iter().find(|file| file.path == diagnostic.file) {
            Some(file) => with_source(diagnostic, file),
            None => without_source(diagnostic),
        },
    });
    all.collect::<Vec<_>>().join("\n\n")
}

fn with_source(diagnostic: &Diagnostic, FileText { path, text }: &FileText) -> String {
    let (message, code) = (clean(&diagnostic.message), clean(&diagnostic.code));
    let from = offset(text, diagnostic.line, diagnostic.column);
    let to = offset(text, diagnostic.end_line, diagnostic.end_column).max(from);
    let level = if diagnostic.is_error() {
        Level::ERROR
    } else {
        Level::WARNING
    };
    let snippet = Snippet::source(text)
        .path(&**path)
        .annotation(AnnotationKind::Primary.span(from..to));
    let hint = diagnostic.hint.as_deref().map(clean);
    let mut group = level.primary_title(&*message).id(&*code).element(snippet);
    if let Some(hint) = &hint {
        group = group.element(Level::HELP.with_name("hint").message(&**hint));
    }
    Renderer::styled().render(&[group])
}

fn without_source(diagnostic: &Diagnostic) -> String {
    let (style, word) = if diagnostic.is_error() {
        (ERROR, "error")
    } else {
        (WARNING, "warning")
    };
    let Diagnostic {
        code,
        message,
        file,
        line,
        column,
        ..
    } = diagnostic;
    let mut text = format!(
        "{style}{word}[{}]{style:#}: {}",
        clean(code),
        clean(message)
    );
    text.push_str(&format!("\n --> {}:{line}:{column}", clean(file)));
    if let Some(hint) = &diagnostic.hint {
        text.push_str(&format!("\n{HINT}hint:{HINT:#} {}", clean(hint)));
    }
    text
}

/// Where in `text` a place is that counts lines and characters from 1; the end of the line or text if it is beyond.
fn offset(text: &str, line: u32, column: u32) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1) as usize)
        .map(str::len)
        .sum();
    let rest = text[before..].split('\n').next().unwrap_or_default();
    let within = rest
        .char_indices()
        .nth(column.saturating_sub(1) as usize)
        .map_or(rest.len(), |(at, _)| at);
    before + within
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, place: [u32; 4]) -> String {
        let diagnostic = Diagnostic {
            severity: "error".into(),
            code: "SYNTAX_ERROR".into(),
            message: "Unexpected token".into(),
            hint: Some("close the parenthesis".into()),
            file: "main.tsx".into(),
            line: place[0],
            column: place[1],
            end_line: place[2],
            end_column: place[3],
        };
        let file = FileText {
            path: "main.tsx".into(),
            text: text.into(),
        };
        anstream::adapter::strip_str(&render(&[diagnostic], &[file])).to_string()
    }

    #[test]
    fn the_caret_counts_characters() {
        insta::assert_snapshot!(check("const é = 1;\nlet ü = ;\n", [2, 9, 2, 10]), @r"
        error[SYNTAX_ERROR]: Unexpected token
         --> main.tsx:2:9
          |
        2 | let ü = ;
          |         ^
          |
          = hint: close the parenthesis
        ");
    }

    #[test]
    fn places_beyond_the_text_are_its_end() {
        assert_eq!(
            [
                offset("ab\ncd", 1, 9),
                offset("ab\ncd", 7, 1),
                offset("", 1, 1)
            ],
            [2, 5, 0]
        );
    }
}
