//! Makes two runs of a test look the same: ids, times, hashes, tokens and addresses become words.

use serde_json::Value;

/// Knows what differs between two runs.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Texts to replace, such as the town's address, with what stands for them.
    pub words: Vec<(String, &'static str)>,
}

const UUID: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
const TIME: &str = "dddd-dd-ddTdd:dd:dd.ddddddZ";
const TOKEN_CHARS: usize = 43;
const HASH_CHARS: usize = 64;

impl Shown {
    /// A body, as indented JSON if it is JSON.
    #[must_use]
    pub fn body(&self, body: &str) -> String {
        match serde_json::from_str::<Value>(body) {
            Ok(value) => format!("{:#}", self.value(value)),
            Err(_) => self.text(body),
        }
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, field)| self.field(name, field))
                .collect(),
            other => other,
        }
    }

    fn field(&self, name: String, value: Value) -> (String, Value) {
        let is_measured =
            value.is_number() && (name.ends_with("Micros") || name.ends_with("Bytes"));
        let shown = if is_measured {
            Value::from("[measured]")
        } else {
            self.value(value)
        };
        (name, shown)
    }

    /// A text with its ids, times, hashes, tokens and known words replaced.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for (word, instead) in &self.words {
            shown = shown.replace(word, instead);
        }
        replace_patterns(&shown)
    }
}

fn replace_patterns(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (instead, length) = pattern(rest).unwrap_or(("", 0));
        if length == 0 {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            shown.push_str(instead);
            rest = &rest[length..];
        }
    }
    shown
}

fn pattern(text: &str) -> Option<(&'static str, usize)> {
    if is_like(text, UUID) {
        return Some(("[id]", UUID.len()));
    }
    if is_like(text, TIME) {
        return Some(("[time]", TIME.len()));
    }
    if let Some(rest) = text.strip_prefix("thorp_") {
        let is_token = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
            .count();
        return (is_token == TOKEN_CHARS).then_some(("[token]", "thorp_".len() + TOKEN_CHARS));
    }
    let hex = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    (hex == HASH_CHARS).then_some(("[hash]", HASH_CHARS))
}

/// `x` stands for a hexadecimal digit, `d` for a decimal one, everything else for itself.
fn is_like(text: &str, form: &str) -> bool {
    let is_each = |(byte, form): (u8, u8)| match form {
        b'x' => byte.is_ascii_hexdigit(),
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    };
    text.len() >= form.len() && text.bytes().zip(form.bytes()).all(is_each)
}

#[cfg(test)]
mod tests {
    use super::Shown;

    fn check(text: &str, expected: &str) {
        let shown = Shown {
            words: vec![("http://127.0.0.1:1".to_owned(), "[town]")],
        };
        assert_eq!(shown.text(text), expected);
    }

    #[test]
    fn what_differs_is_replaced() {
        check("a 01890a5d-ac96-774b-bcce-b302099a8057 b", "a [id] b");
        check("2023-07-12T15:22:01.000001Z", "[time]");
        check(&format!("thorp_{}", "a".repeat(43)), "[token]");
        check(
            &format!("thorp_{}", "a".repeat(42)),
            &format!("thorp_{}", "a".repeat(42)),
        );
        check(&"0f".repeat(32), "[hash]");
        check("http://127.0.0.1:1/v1 🌳", "[town]/v1 🌳");
    }

    #[test]
    fn what_is_measured_is_replaced() {
        let shown = Shown::default().body(r#"{"runMicros":17,"version":1}"#);
        assert_eq!(
            shown,
            "{\n  \"runMicros\": \"[measured]\",\n  \"version\": 1\n}"
        );
    }
}
