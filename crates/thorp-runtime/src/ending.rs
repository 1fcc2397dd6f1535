//! What a guest's last word, or its silence, means. Pure.

use serde::Deserialize;
use thorp_jail::{Exit, Shortage};

use crate::limits::{ERROR_TEXT_BYTES_MAX, RESULT_BYTES_MAX};
use crate::outcome::{Failure, RunValue};
use crate::text::{Paths, truncate};

const SIGABRT: i32 = 6;
const SIGTRAP: i32 = 5;
const SIGILL: i32 = 4;
const SIGKILL: i32 = 9;

/// Messages of errors that the engine throws when memory is refused to it, or when no process could hold the result.
const MEMORY_MESSAGES: [&str; 6] = [
    "Array buffer allocation failed",
    "ArrayBuffer.prototype.resize: Out of memory",
    "SharedArrayBuffer.prototype.grow: Out of memory",
    "Invalid string length",
    "WebAssembly.Memory(): could not allocate memory",
    "WebAssembly.Memory.grow(): Unable to grow instance memory",
];

/// What a process prints when memory is refused to it.
const MEMORY_WORDS: [&str; 4] = [
    "out of memory",
    "heap limit",
    "memory allocation of",
    "Cannot allocate memory",
];

/// What errors of connections that just ended have in their messages, in lower case: of Deno, Node, and drivers.
const CONNECTION_WORDS: [&str; 14] = [
    "connection",
    "econnreset",
    "econnrefused",
    "econnaborted",
    "epipe",
    "broken pipe",
    "reset by peer",
    "hang up",
    "socket",
    "fetch failed",
    "other side closed",
    "unexpected eof",
    "disconnected",
    "max retries",
];

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Said {
    Thrown {
        name: String,
        message: String,
        stack: Option<String>,
    },
    NotJson {
        path: String,
        reason: String,
    },
    TooLarge,
}

/// The value in a `Value` frame, unless it is not JSON.
pub(crate) fn value(payload: Vec<u8>) -> Option<RunValue> {
    let json = String::from_utf8(payload).ok()?;
    serde_json::from_str::<serde::de::IgnoredAny>(&json).ok()?;
    Some(RunValue {
        json,
        undefined: false,
    })
}

/// The failure in a `Failure` frame, unless it is none.
pub(crate) fn failure(payload: &[u8], paths: &Paths, memory_limit_bytes: u64) -> Option<Failure> {
    let text = |text: String| {
        let mut text = paths.clean(text);
        truncate(&mut text, ERROR_TEXT_BYTES_MAX);
        text
    };
    Some(match serde_json::from_slice(payload).ok()? {
        Said::Thrown { name, message, .. } if is_memory(&name, &message) => Failure::MemoryLimit {
            limit_bytes: memory_limit_bytes,
        },
        Said::Thrown {
            name,
            message,
            stack,
        } => Failure::Thrown {
            name: text(name),
            message: text(message),
            stack: stack.map(text),
        },
        Said::NotJson { path, reason } => Failure::NotJson {
            path: text(path),
            reason: text(reason),
        },
        Said::TooLarge => Failure::ResultTooLarge {
            bytes_max: RESULT_BYTES_MAX,
        },
    })
}

fn is_memory(name: &str, message: &str) -> bool {
    name == "RangeError"
        && MEMORY_MESSAGES
            .iter()
            .any(|known| message.starts_with(known))
}

/// The failure of a run whose raw connection was refused for this reason: if it is what became of that, it says so.
pub(crate) fn refused(failure: Failure, reason: &str) -> Failure {
    match failure {
        Failure::Thrown {
            name,
            message,
            stack,
        } if is_connection(&message) => Failure::Thrown {
            name,
            message: reason.to_owned(),
            stack,
        },
        other => other,
    }
}

/// An error that gathers others has no message.
fn is_connection(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.is_empty() || CONNECTION_WORDS.iter().any(|word| message.contains(word))
}

/// What a run ends with whose process the kernel ended for want of memory.
pub(crate) fn short(shortage: Shortage, memory_limit_bytes: u64) -> Failure {
    match shortage {
        Shortage::Own => Failure::MemoryLimit {
            limit_bytes: memory_limit_bytes,
        },
        Shortage::Together => Failure::WorkerLost {
            reason: "all runs together needed more memory than they may have".to_owned(),
        },
    }
}

/// Why a process ended that did not say how its run did.
pub(crate) fn lost(exit: Option<Exit>, stderr: &str, memory_limit_bytes: u64) -> Failure {
    let lost = |reason: String| Failure::WorkerLost { reason };
    let out_of_memory = MEMORY_WORDS.iter().any(|word| stderr.contains(word));
    match exit {
        Some(Exit::Signal(SIGABRT | SIGTRAP | SIGILL | SIGKILL) | Exit::Code(1))
            if out_of_memory =>
        {
            Failure::MemoryLimit {
                limit_bytes: memory_limit_bytes,
            }
        }
        Some(Exit::Code(1)) if stderr.contains("Top-level await promise never resolved") => {
            lost("the program waits for a promise that nothing can settle any more".to_owned())
        }
        Some(Exit::Code(code)) => lost(format!("the program ended its process with code {code}")),
        Some(Exit::Signal(signal)) => lost(format!("its process was ended by signal {signal}")),
        None => lost("it closed its connection".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, Failure, Paths, failure, lost, value};

    fn check_failure(payload: &str, expected: Option<&str>) {
        let found = failure(payload.as_bytes(), &Paths::new("/m", "/g"), 1 << 20)
            .map(|failure| failure.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn failures_are_read() {
        check_failure(
            r#"{"kind":"thrown","name":"TypeError","message":"no","stack":null}"#,
            Some("TypeError: no"),
        );
        check_failure(
            r#"{"kind":"notJson","path":"$.a","reason":"it is a BigInt"}"#,
            Some("the value at `$.a` is not JSON: it is a BigInt"),
        );
        check_failure(
            r#"{"kind":"tooLarge"}"#,
            Some("the result is larger than 8388608 bytes"),
        );
        check_failure(
            r#"{"kind":"thrown","name":"RangeError","message":"Array buffer allocation failed","stack":null}"#,
            Some("the run needs more than 1 MiB of memory"),
        );
        for payload in [
            "",
            "{}",
            "[]",
            r#"{"kind":"value"}"#,
            r#"{"kind":"thrown","name":1}"#,
        ] {
            check_failure(payload, None);
        }
    }

    #[test]
    fn only_json_is_a_value() {
        assert!(value(b"{\"a\":\"\\ud800\"}".to_vec()).is_some());
        for payload in [&b"{"[..], b"", b"\"\xff\"", b"1 2"] {
            assert_eq!(value(payload.to_vec()), None);
        }
    }

    #[test]
    fn an_end_is_explained() {
        let check = |exit, stderr: &str, expected: &str| {
            assert_eq!(lost(exit, stderr, 1 << 20).to_string(), expected)
        };
        let memory = "the run needs more than 1 MiB of memory";
        check(
            Some(Exit::Signal(5)),
            "# Fatal JavaScript out of memory: x",
            memory,
        );
        check(
            Some(Exit::Signal(6)),
            "memory allocation of 99 bytes failed",
            memory,
        );
        check(
            Some(Exit::Code(7)),
            "",
            "the sandbox was lost: the program ended its process with code 7",
        );
        check(
            Some(Exit::Signal(11)),
            "",
            "the sandbox was lost: its process was ended by signal 11",
        );
        check(None, "", "the sandbox was lost: it closed its connection");
        assert!(matches!(
            lost(Some(Exit::Code(0)), "out of memory", 1),
            Failure::WorkerLost { .. }
        ));
    }
}
