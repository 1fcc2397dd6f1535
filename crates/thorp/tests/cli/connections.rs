//! How many connections a town takes.

use super::support::{PATIENCE, Town};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// `thorp_server::limits::CONNECTIONS_MAX`
const CONNECTIONS_MAX: usize = 1024;

/// Each connection is a file of the test, too.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum.or(Some(65_536));
    setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
}

#[test]
fn further_connections_wait_until_others_end() {
    raise_open_files();
    let town = Town::start();
    let address = town.url().trim_start_matches("http://").to_owned();
    let connect = || TcpStream::connect(&address).unwrap();
    let mut held: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|_| connect()).collect();
    let ask = |stream: &mut TcpStream| stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut late = connect();
    ask(&mut late);
    late.set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let waits = late.read(&mut [0; 64]).unwrap_err().kind();
    assert!(
        matches!(waits, ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{waits}"
    );
    // Of those that it has taken, the last is answered.
    let mut last = held.pop().unwrap();
    ask(&mut last);
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    drop(last);
    late.set_read_timeout(Some(PATIENCE)).unwrap();
    answer.clear();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
}
