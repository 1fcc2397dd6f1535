//! Where the registries are: whom Deno asks for a package.
//!
//! It is found by asking Deno, with the town's settings and no text of a user. So the usual registries are known, too, and
//! they are reached where they are in this network: a mirror often has their name and an address that is not public.

use crate::limits::REGISTRY_QUESTION_BYTES_MAX;
use std::io;
use thorp_runtime::gateway::policy::Rule;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// One import for each registry. Nobody has to have these packages.
pub(super) const IMPORTS: [&str; 2] = ["npm:a", "jsr:@a/a"];

const NO_SUCH_PACKAGE: &[u8] =
    b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Answers that there is no such package, and notes who was asked. Ends only with an error.
pub(super) async fn note(listener: &UnixListener, found: &mut Vec<Rule>) -> io::Error {
    loop {
        let asked = match listener.accept().await {
            Ok((stream, _)) => question(stream).await,
            Err(error) => return error,
        };
        match asked {
            Ok(head) => found.extend(asked_host(&head).filter(|rule| !found.contains(rule))),
            Err(error) => return error,
        }
    }
}

/// The head of a request, which has its answer.
async fn question(mut stream: UnixStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(HEAD_END) && head.len() < REGISTRY_QUESTION_BYTES_MAX {
        if stream.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    stream.write_all(NO_SUCH_PACKAGE).await?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn asked_host(head: &str) -> Option<Rule> {
    rule(head.split(' ').nth(1)?)
}

/// The rule that means host and port of an address.
fn rule(address: &str) -> Option<Rule> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let has_port = host.rsplit(']').next()?.contains(':');
    let text = match scheme {
        _ if has_port => host.to_owned(),
        "https" => format!("{host}:443"),
        "http" => format!("{host}:80"),
        _ => return None,
    };
    text.parse().ok()
}

/// An address without the name and password in it, which Deno sends to nobody.
pub(super) fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host_start = rest[..host_end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[host_start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_meant_by_host_and_port() {
        for (head, expected) in [
            ("GET https://npm.example/a HTTP/1.1", "npm.example:443"),
            ("GET http://npm.example/x/@a%2fb HTTP/1.1", "npm.example:80"),
            ("GET http://127.0.0.1:4873/a HTTP/1.1", "127.0.0.1:4873"),
            ("GET https://[fd00::1]/a HTTP/1.1", "[fd00::1]:443"),
            ("GET https://[fd00::1]:8443 HTTP/1.1", "[fd00::1]:8443"),
        ] {
            assert_eq!(asked_host(head), expected.parse().ok(), "{head}");
        }
        for nothing in ["", "GET", "GET /a HTTP/1.1", "GET ftp://npm.example/a"] {
            assert_eq!(asked_host(nothing), None, "{nothing}");
        }
    }

    #[tokio::test]
    async fn a_question_without_an_end_is_cut() {
        let (mut asking, answering) = UnixStream::pair().unwrap();
        let endless = tokio::spawn(async move {
            let mut written = 0;
            while let Ok(bytes) = asking.write(&[b'x'; 1024]).await {
                written += bytes;
            }
            written
        });
        let head = question(answering).await.unwrap();
        // What was read at once may be a little more.
        let most = REGISTRY_QUESTION_BYTES_MAX..2 * REGISTRY_QUESTION_BYTES_MAX;
        assert!(most.contains(&head.len()), "{}", head.len());
        assert!(endless.await.unwrap() >= head.len());
    }

    #[test]
    fn names_and_passwords_are_left_out() {
        for (address, expected) in [
            ("https://npm.example/x@y", "https://npm.example/x@y"),
            ("https://a:b@npm.example/x@y", "https://npm.example/x@y"),
            ("https://a@b@npm.example", "https://npm.example"),
            ("npm.example", "npm.example"),
        ] {
            assert_eq!(without_user(address), expected);
        }
    }
}
