//! What happens on the wire, without a client library between.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};
use thorp_testkit::TestTown;

fn connect(town: &TestTown) -> TcpStream {
    let stream = TcpStream::connect(town.url().trim_start_matches("http://")).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream
}

/// Everything up to `end`.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(end.as_bytes()) && stream.read(&mut byte).unwrap() == 1 {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// The status line that a request gets.
fn status(town: &TestTown, request: &str) -> String {
    let mut stream = connect(town);
    stream.write_all(request.as_bytes()).unwrap();
    read_until(&mut stream, "\r\n").trim_end().to_owned()
}

#[test]
fn one_connection_takes_many_requests() {
    let town = TestTown::start();
    let mut stream = connect(&town);
    for _ in 0..3 {
        stream
            .write_all(b"GET /v1/eval/1%2B1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let head = read_until(&mut stream, "\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert_eq!(read_until(&mut stream, "2"), "2");
    }
}

#[test]
fn heads_are_bounded_and_hosts_are_needed() {
    let town = TestTown::start();
    assert_eq!(
        status(&town, "GET / HTTP/1.1\r\n\r\n"),
        "HTTP/1.1 400 Bad Request"
    );
    assert_eq!(
        status(
            &town,
            "GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n"
        ),
        "HTTP/1.1 400 Bad Request"
    );
    assert_eq!(
        status(
            &town,
            "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ),
        "HTTP/1.1 421 Misdirected Request"
    );
    assert_eq!(status(&town, "GET / HTTP/1.0\r\n\r\n"), "HTTP/1.0 200 OK");
    let many = "a: b\r\n".repeat(200);
    let refused = "HTTP/1.1 431 Request Header Fields Too Large";
    assert_eq!(
        status(
            &town,
            &format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")
        ),
        refused
    );
    let long = "x".repeat(100_000);
    assert_eq!(
        status(
            &town,
            &format!("GET / HTTP/1.1\r\nHost: localhost\r\na: {long}")
        ),
        refused
    );
}

#[test]
fn large_bodies_are_refused_before_they_are_sent() {
    let town = TestTown::start();
    let mut stream = connect(&town);
    let head = "POST /v1/eval HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    assert!(read_until(&mut stream, "\r\n").starts_with("HTTP/1.1 413 "));
}

#[test]
fn a_request_that_was_taken_is_answered_before_the_end() {
    let town = TestTown::start();
    let mut stream = connect(&town);
    let head = "POST /v1/eval HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    assert!(read_until(&mut stream, "\r\n\r\n").starts_with("HTTP/1.1 100 "));
    let address = town.url().trim_start_matches("http://").to_owned();
    let ending = thread::spawn(move || drop(town));
    let begun = Instant::now();
    while TcpStream::connect(&address).is_ok() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the town goes on taking connections"
        );
        thread::yield_now();
    }
    stream.write_all(b"1 + 1").unwrap();
    let head = read_until(&mut stream, "\r\n\r\n");
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n")
            && head.to_lowercase().contains("connection: close"),
        "{head}"
    );
    assert_eq!(read_until(&mut stream, "2"), "2");
    ending.join().unwrap();
}
