//! What is hidden, and that nothing of a value is left whatever it is.

use super::*;
use base64::Engine as _;
use proptest::prelude::*;

const KEY: &str = "sk-Live/+42?&=~é";

fn masker(values: &[(&'static str, &'static str)]) -> Masker {
    Masker::new(values.iter().copied()).unwrap()
}

fn check(text: &str, expected: &str) {
    let masker = masker(&[
        ("KEY", KEY),
        ("LONGER", "sk-Live/+42?&=~é and more"),
        ("DIGITS", "1234567890"),
    ]);
    assert_eq!(masker.text(text), expected);
}

fn encoded(value: &str, lower: bool, form: bool) -> String {
    let one = |byte: u8| match byte {
        b' ' if form => "+".to_owned(),
        b if b.is_ascii_alphanumeric() || b"-_.".contains(&b) => char::from(b).to_string(),
        b if lower => format!("%{b:02x}"),
        b => format!("%{b:02X}"),
    };
    value.bytes().map(one).collect()
}

#[test]
fn values_are_hidden_as_they_are_and_the_longest_that_fits() {
    check("nothing here", "nothing here");
    check(KEY, "[secret KEY]");
    check(&format!("<{KEY}{KEY}>"), "<[secret KEY][secret KEY]>");
    check(&format!("{KEY} and more"), "[secret LONGER]");
    check("sk-Live/+42?&=~", "sk-Live/+42?&=~");
}

#[test]
fn values_are_hidden_percent_encoded() {
    for (lower, form) in [(false, false), (true, false), (false, true), (true, true)] {
        let text = format!("https://a.b/?key={}&100%", encoded(KEY, lower, form));
        check(&text, "https://a.b/?key=[secret KEY]&100%");
    }
    check(
        "https://a.b/sk-Live/+42?&%3d~%C3%a9#x",
        "https://a.b/[secret KEY]#x",
    );
}

#[test]
fn values_are_hidden_in_base64_at_every_alignment() {
    let masker = masker(&[("KEY", KEY)]);
    for before in ["", "u", "us", "use", "user:"] {
        for text in [
            STANDARD_NO_PAD.encode(format!("{before}{KEY}:x")),
            URL_SAFE_NO_PAD.encode(format!("{before}{KEY}:x")),
        ] {
            let masked = masker.text(&text).into_owned();
            assert!(masked.contains("[secret KEY]"), "{text} {masked}");
            // What is left is less than one group before and after it.
            assert!(masked.len() < "[secret KEY]".len() + 8 + 7, "{masked}");
        }
    }
}

#[test]
fn json_stays_json() {
    let masker = masker(&[
        ("KEY", KEY),
        ("DIGITS", "1234567890"),
        ("LINES", "one\n\"two\"\nthree"),
    ]);
    let lines = serde_json::json!({ KEY: ["one\n\"two\"\nthree", 1, null] }).to_string();
    for (json, expected) in [
        (
            r#"{"a": 1234567890, "b": [true, -1.5e3]}"#,
            r#"{"a": "[secret DIGITS]", "b": [true, -1.5e3]}"#,
        ),
        (&lines, r#"{"[secret KEY]":["[secret LINES]",1,null]}"#),
        (
            r#"["\u0073k-Live\/+42?&=~\u00e9", "a\\b"]"#,
            r#"["[secret KEY]", "a\\b"]"#,
        ),
        (r#"["a\"b"]"#, r#"["a\"b"]"#),
    ] {
        let masked = masker.json(json);
        assert_eq!(masked, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok());
    }
}

#[test]
fn long_values_are_hidden_whole_and_where_a_text_was_cut() {
    let long: &'static str = Box::leak("é0123456789abcdef".repeat(4000).into_boxed_str());
    let masker = masker(&[
        ("LONG", long),
        (
            "SAME",
            Box::leak(format!("{}x", &long[..100]).into_boxed_str()),
        ),
    ]);
    assert_eq!(masker.text(long), "[secret LONG]");
    let cut = &long[..long.floor_char_boundary(30_001)];
    assert_eq!(
        masker.text(&format!("Error: {cut}")),
        "Error: [secret LONG]"
    );
}

#[test]
fn values_that_overlap_are_both_hidden() {
    let masker = masker(&[("A", "xxxxAAAAyyyy"), ("B", "AAAAyyyyzzzz")]);
    assert_eq!(masker.text("-xxxxAAAAyyyyzzzz-"), "-[secret A]-");
}

#[test]
fn a_value_that_repeats_itself_costs_no_more() {
    let long: &'static str = Box::leak("a".repeat(64 << 10).into_boxed_str());
    let text = "a".repeat(8 << 20);
    assert!(masker(&[("A", long)]).text(&text).len() < 64 << 10);
    assert!(
        !masker(&[("A", "aaaaaaaa")])
            .text(&text[..1 << 20])
            .contains("aaaaaaaa")
    );
}

#[test]
fn short_values_are_left() {
    assert!(Masker::new([("SHORT", "1234567"), ("ALSO", "äöüäöüä")]).is_none());
    assert!(Masker::new([("LONG", "äöüäöüäö")]).is_some());
}

proptest! {
    #[test]
    fn no_spelling_of_a_value_is_left(
        value in "[ -~\\n\"é🔑]{8,200}", before in "[ -~é]{0,20}", after in "[ -~é]{0,20}", way in 0..8_usize,
    ) {
        let spelled = match way {
            0 => value.clone(),
            1 => encoded(&value, false, false),
            2 => encoded(&value, true, false),
            3 => encoded(&value, true, true),
            4 => STANDARD_NO_PAD.encode(format!("{before}{value}{after}")),
            5 => URL_SAFE_NO_PAD.encode(format!("{before}{value}{after}")),
            6 => encoded(&STANDARD_NO_PAD.encode(&value), false, false),
            _ => serde_json::Value::from(value.as_str()).to_string(),
        };
        let masker = Masker::new([("KEY", value.as_str())]).unwrap();
        let text = format!("{before}{spelled}{after}");
        let masked = masker.text(&text).into_owned();
        prop_assert!(masked.contains("[secret KEY]"), "{} -> {}", text, masked);
        let json = serde_json::json!([text, { text.as_str(): 1 }]).to_string();
        let json = masker.json(&json).into_owned();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        prop_assert!(json.matches("[secret KEY]").count() >= 2, "{}", json);
    }

    #[test]
    fn other_text_stays_as_it_is(text in "[a-z %\"\\\\]{0,100}") {
        let masker = Masker::new([("KEY", "0123456789")]).unwrap();
        prop_assert_eq!(masker.text(&text), text.as_str());
        let json = serde_json::Value::from(text).to_string();
        prop_assert_eq!(masker.json(&json), json.as_str());
    }
}
