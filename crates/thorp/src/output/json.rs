//! JSON values for people: one line if it fits, else indented. Works on the text, so numbers and the order of keys
//! stay as the program gave them.

use crate::limits::VALUE_COLUMNS;

/// The value for a person. What is not JSON is given back as it is.
pub(crate) fn pretty(text: &str) -> String {
    let Ok(value) = serde_json::from_str::<&serde_json::value::RawValue>(text) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len() * 2);
    write(&mut out, &tokens(value.get()), 0);
    out
}

/// Strings, numbers and words whole, brackets, commas and colons alone, white space gone.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let from = at;
        at += match bytes[at] {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'"' => string_length(&bytes[at..]),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            _ => bytes[at..]
                .iter()
                .position(|b| b",]} \t\r\n".contains(b))
                .unwrap_or(bytes.len() - at),
        };
        found.push(&text[from..at]);
    }
    found
}

fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// Writes the value that `tokens` begins with; answers how many tokens it took.
fn write(out: &mut String, tokens: &[&str], indent: usize) -> usize {
    let length = value_length(tokens);
    let value = &tokens[..length];
    let line = one_line(value);
    if length == 1 || line.chars().count() + indent <= VALUE_COLUMNS {
        out.push_str(&line);
    } else {
        write_lines(out, value, indent + 2);
    }
    length
}

/// Writes an object or array with one item a line.
fn write_lines(out: &mut String, value: &[&str], indent: usize) {
    out.push_str(value[0]);
    let mut at = 1;
    while at < value.len() - 1 {
        out.push_str(&format!("\n{:indent$}", ""));
        if value.get(at + 1) == Some(&":") {
            out.push_str(&format!("{}: ", value[at]));
            at += 2;
        }
        at += write(out, &value[at..], indent);
        if value[at] == "," {
            out.push(',');
            at += 1;
        }
    }
    out.push_str(&format!("\n{:width$}{}", "", value[at], width = indent - 2));
}

fn value_length(tokens: &[&str]) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" | "[" => depth += 1,
            "}" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

fn one_line(tokens: &[&str]) -> String {
    let mut line = String::new();
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "," => line.push_str(", "),
            ":" => line.push_str(": "),
            "{" if tokens.get(at + 1) != Some(&"}") => line.push_str("{ "),
            "}" if at > 0 && tokens[at - 1] != "{" => line.push_str(" }"),
            other => line.push_str(other),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn short_values_stay_on_one_line() {
        assert_eq!(
            pretty(r#"{"b":1,"a":[1.50,2e400,"x, {\"y\"}"]}"#),
            r#"{ "b": 1, "a": [1.50, 2e400, "x, {\"y\"}"] }"#
        );
        assert_eq!(
            [pretty("{}"), pretty("[]"), pretty("null"), pretty("oops")],
            ["{}", "[]", "null", "oops"]
        );
    }

    #[test]
    fn long_values_are_indented() {
        let long = "w".repeat(40);
        insta::assert_snapshot!(pretty(&format!(r#"{{"a":["{long}","{long}"],"b":{{}}}}"#)), @r#"
        {
          "a": [
            "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
            "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
          ],
          "b": {}
        }
        "#);
    }
}
