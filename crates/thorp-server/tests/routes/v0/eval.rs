use thorp_testkit::TestTown;

#[test]
fn answers_are_in_envelopes() {
    let town = TestTown::start();
    let check = |path: &str, expected: &str| {
        let reply = town.get(path, town.token());
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, expected),
            "{path}"
        );
        assert!(!reply.header("x-thorp-run").is_empty());
    };
    check("/eval/1+1", r#"{"data":2}"#);
    check("/eval/undefined", "{}");
    check("/eval/null", r#"{"data":null}"#);
    check("/eval/6/3", r#"{"data":2}"#);
    check("/eval/(q)=%3Eq.a%2Bq.b?a=1&b=%202", r#"{"data":"1 2"}"#);
    check("/eval/(q)=%3Eq?a=1&a=2", r#"{"data":{"a":["1","2"]}}"#);
    check("/eval/(q)=%3Eq", r#"{"data":{}}"#);
}
