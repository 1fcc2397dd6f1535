//! Pages of other origins, hosts of other names, and headers that every answer has.

use thorp_testkit::TestTown;

#[test]
fn pages_of_other_origins_may_ask_but_not_as_their_visitor() {
    let town = TestTown::start();
    let preflight = town
        .ask("OPTIONS", "/v1/eval")
        .header("origin", "https://else.example")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,if-match",
        )
        .send();
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    for header in ["Authorization", "Content-Type", "If-Match"] {
        assert!(
            preflight
                .header("access-control-allow-headers")
                .contains(header),
            "{header}"
        );
    }
    for (path, status) in [
        ("/v1/eval/1", 401),
        ("/v1/nothing", 404),
        ("/v1/eval/", 400),
        ("/v1/me", 401),
    ] {
        let reply = town
            .ask("GET", path)
            .header("origin", "https://else.example")
            .send();
        assert_eq!(
            (reply.status, reply.header("access-control-allow-origin")),
            (status, "*"),
            "{path}"
        );
        assert!(
            reply
                .header("access-control-expose-headers")
                .contains("X-Thorp-Run")
        );
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    assert_eq!(town.get("/", "").header("access-control-allow-origin"), "");
}

#[test]
fn a_page_of_another_site_evaluates_nothing_without_a_token() {
    let town = TestTown::start();
    let host = town.url().trim_start_matches("http://");
    let ask = |headers: &[(&str, &str)], token: &str| {
        let tries = [
            ("GET", "/v1/eval/1"),
            ("POST", "/v1/eval"),
            ("GET", "/eval/1"),
        ];
        let statuses = tries.map(|(method, path)| {
            let ask = town.ask(method, path).token(token).body("1");
            let ask = headers
                .iter()
                .fold(ask, |ask, (name, value)| ask.header(name, value));
            ask.send().status
        });
        assert!(statuses.iter().all(|status| *status == statuses[0]));
        statuses[0]
    };
    let own = format!("http://{host}");
    for headers in [
        [("origin", "https://else.example")].as_slice(),
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:1")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own)],
    ] {
        assert_eq!(ask(headers, ""), 401, "{headers:?}");
        assert_eq!(ask(headers, town.token()), 200, "{headers:?}");
    }
    for headers in [
        [("origin", own.as_str())].as_slice(),
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin"), ("origin", &own)],
    ] {
        assert_eq!(ask(headers, ""), 200, "{headers:?}");
    }
}

#[test]
fn answers_are_not_kept_and_not_guessed_at() {
    let town = TestTown::start();
    for path in [
        "/",
        "/v1/eval/1",
        "/v1/nothing",
        "/healthz",
        "/openapi.json",
    ] {
        let reply = town.get(path, "");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
    }
}

#[test]
fn unknown_hosts_are_misdirected() {
    let town = TestTown::start();
    let status = |host: &str| {
        town.ask("GET", "/v1/eval/1")
            .header("host", host)
            .send()
            .status
    };
    assert_eq!(status("localhost"), 200);
    assert_eq!(status("127.0.0.1:9"), 200);
    assert_eq!(status("[::1]:80"), 200);
    assert_eq!(status("192.0.2.7"), 421);
    let reply = town
        .ask("GET", "/v1/eval/1")
        .header("host", "evil.example")
        .send();
    insta::assert_snapshot!(town.shown(&reply), @r#"
    421 {
      "error": {
        "code": "MISDIRECTED",
        "hint": "if it should be, start the town with `--public-url http://evil.example`",
        "message": "`evil.example` is not a host of this town"
      }
    }
    "#);
}
