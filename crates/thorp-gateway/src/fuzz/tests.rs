//! The same with bytes that are made up, some of them nearly right.

use proptest::prelude::*;

use super::{answer, question, requests, url};

/// Pieces of heads, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "GET ",
        "POST ",
        "CONNECT ",
        "http://127.0.0.1/",
        "https://a.example:1/x?y",
        "http://a@b/",
        "/",
        " HTTP/1.1",
        " HTTP/1.0",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 103 Early Hints",
        "HTTP/1.1 101 Switching Protocols",
        "HTTP/1.1 304 \r\n",
        "host: x",
        "content-length: 5",
        "content-length: 18446744073709551615",
        "transfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "connection: upgrade, close, x",
        "upgrade: websocket",
        "expect: 100-continue",
        "thorp-egress-error: EGRESS_DENIED",
        "5\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "\r\n",
        "\r\n\r\n",
        "\n",
        " ",
        "\0",
    ]);
    let known = known.prop_map(|text| text.as_bytes().to_vec());
    let any = prop::collection::vec(any::<u8>(), 0..12);
    prop::collection::vec(prop_oneof![6 => known, 1 => any], 0..24)
        .prop_map(|pieces| pieces.concat())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_guest_may_say_anything(said in prop_oneof![1 => bytes(), 4 => pieces()]) {
        requests(&said);
    }

    #[test]
    fn a_guest_may_say_anything_after_a_good_request(said in pieces()) {
        let good = b"GET http://127.0.0.1/ HTTP/1.1\r\nhost: 127.0.0.1\r\n";
        requests(&[good.as_slice(), &said].concat());
    }

    #[test]
    fn an_origin_may_say_anything(said in prop_oneof![1 => bytes(), 4 => pieces()]) {
        answer(&said);
    }

    #[test]
    fn an_origin_may_say_anything_after_a_good_status(said in pieces()) {
        answer(&[b"HTTP/1.1 200 OK\r\n".as_slice(), &said].concat());
    }

    #[test]
    fn a_question_may_be_anything(asked in bytes()) {
        question(&asked);
    }

    #[test]
    fn a_question_may_be_nearly_one(labels in prop::collection::vec("[a-zA-Z0-9._-]{0,64}", 0..6), rest: [u8; 6]) {
        let mut asked = vec![7, 8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in labels {
            asked.push(label.len() as u8);
            asked.extend(label.as_bytes());
        }
        asked.extend([0, 0, 1, 0, 1]);
        question(&asked);
        asked.extend(rest);
        question(&asked);
    }

    #[test]
    fn a_url_may_be_anything(text in prop_oneof![bytes(), "https?://[a-z0-9.:@%_\\[\\]/?#-]{0,40}".prop_map(String::into_bytes)]) {
        url(&text);
    }
}
