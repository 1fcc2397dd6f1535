use thorp_testkit::TestTown;

#[test]
fn expressions_are_decoded_once_and_kept_whole() {
    let town = TestTown::start();
    let check = |path: &str, expected: &str| {
        let reply = town.get(path, town.token());
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, expected),
            "{path}"
        );
        assert_eq!(reply.header("content-type"), "application/json");
    };
    check("/v1/eval/1%2B1", "2");
    check("/v1/eval/1+1", "2");
    check("/v1/eval/6/3", "2");
    check("/v1/eval/true%3F1:2", "1");
    check("/v1/eval/%22%252B%22", r#""%2B""#);
    check("/v1/eval/'a//b/./../c/'", r#""a//b/./../c/""#);
    check("/v1/eval/%22%F0%9F%8C%B3%22", "\"🌳\"");
    check("/v1/eval/(a,b)=%3Ea%2Bb?args=%5B1,2%5D", "3");
    check("/v1/eval/(a)=%3Ea?args=%5B%22a+b%22%5D", r#""a b""#);
    check("/v1/eval/1?args=", "1");
}

#[test]
fn undefined_is_null_with_a_header() {
    let town = TestTown::start();
    let reply = town.get("/v1/eval/undefined", town.token());
    assert_eq!(
        (
            reply.status,
            reply.body.as_str(),
            reply.header("x-thorp-undefined")
        ),
        (200, "null", "1")
    );
    let reply = town.get("/v1/eval/null", town.token());
    assert_eq!(
        (reply.body.as_str(), reply.header("x-thorp-undefined")),
        ("null", "")
    );
}

#[test]
fn anonymous_callers_may_evaluate_but_wrong_tokens_may_not() {
    let town = TestTown::start();
    assert_eq!(town.get("/v1/eval/1%2B1", "").body, "2");
    for authorization in ["Bearer thorp_wrong", "Bearer ", "Basic YTpi", "thorp_x"] {
        let reply = town
            .ask("GET", "/v1/eval/1%2B1")
            .header("authorization", authorization)
            .send();
        assert_eq!(
            (reply.status, reply.header("www-authenticate")),
            (401, "Bearer"),
            "{authorization}"
        );
    }
}

#[test]
fn a_town_without_anonymous_callers_wants_a_token() {
    let town = TestTown::start_with(|config| config.anonymous = false);
    let reply = town.get("/v1/eval/1", "");
    assert_eq!(
        (reply.status, reply.header("www-authenticate")),
        (401, "Bearer")
    );
    assert_eq!(town.get("/v1/eval/1", town.token()).status, 200);
}
