//! Using more than was given.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::attack::{Attack, Ground, Outcome, refused, text};
use crate::raw::{call, fill_memory, ignore, n, room};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says(
        "resources.memory",
        "fill more memory than its limit",
        |ground| filled(ground, libc::MAP_PRIVATE),
    ),
    Attack::says(
        "resources.shared-memory",
        "fill more memory than its limit, as shared memory",
        |ground| filled(ground, libc::MAP_SHARED),
    ),
    Attack::says(
        "resources.stack-memory",
        "fill more memory than its limit, as a growing stack",
        |ground| filled(ground, libc::MAP_PRIVATE | libc::MAP_GROWSDOWN),
    ),
    Attack::says(
        "resources.allocation",
        "fill more memory than its limit, by its allocator",
        |ground| allocated(ground.number("data-bytes")),
    ),
    Attack::says(
        "resources.file",
        "write a larger file than its limit",
        |ground| {
            ignore(libc::SIGXFSZ);
            let most = ground.number("file-bytes").cast_unsigned();
            written(ground, 1, most + (1 << 20), most)
        },
    ),
    Attack::says(
        "resources.scratch",
        "write more than its scratch folder holds",
        |ground| {
            let file = ground.number("file-bytes").cast_unsigned();
            let most = ground.number("scratch-bytes").cast_unsigned();
            written(ground, most / file + 2, file, most)
        },
    ),
    Attack::says(
        "resources.files",
        "make more files than its scratch folder holds",
        files,
    ),
    Attack::says(
        "resources.descriptors",
        "open more descriptors than its limit",
        |ground| descriptors(ground.number("open-files")),
    ),
    Attack::says(
        "resources.threads",
        "make more threads than any program needs",
        |ground| threads(ground.number("threads")),
    ),
    Attack::says(
        "resources.socket-memory",
        "let the kernel hold much that nobody takes, by connections that it leaves",
        unread,
    ),
    Attack::says(
        "resources.signals",
        "queue more signals than its user may",
        |_| match call(libc::SYS_rt_tgsigqueueinfo, [n(0), n(0), n(0), n(0)]) {
            Err(libc::EFAULT | libc::EINVAL) => Outcome::Escaped("it may queue them".to_owned()),
            result => refused(result),
        },
    ),
];

fn filled(ground: &Ground, flags: i32) -> Outcome {
    let bytes = usize::try_from(ground.number("data-bytes")).unwrap_or(usize::MAX);
    match fill_memory(bytes + (8 << 20), flags) {
        Ok(bytes) => Outcome::Escaped(format!("filled {bytes} bytes")),
        Err(error) => Outcome::Contained(text(error)),
    }
}

fn allocated(most: i64) -> Outcome {
    const STEP: usize = 1 << 20;
    let mut held: Vec<Vec<u8>> = Vec::new();
    let most = usize::try_from(most).unwrap_or(usize::MAX) / STEP;
    while held.len() <= most {
        let mut more = Vec::new();
        if more.try_reserve_exact(STEP).is_err() {
            return Outcome::Contained(format!("no more than {} MiB", held.len()));
        }
        more.resize(STEP, 1);
        held.push(more);
    }
    Outcome::Escaped(format!("filled {} MiB", held.len()))
}

/// Writes so many files of so many bytes, and escapes with more than `most` bytes in all.
fn written(ground: &Ground, count: u64, bytes: u64, most: u64) -> Outcome {
    let chunk = vec![1_u8; 1 << 20];
    let mut all = 0;
    for number in 0..count {
        let path = ground.join("scratch", &format!("file-{number}"));
        let mut file = match File::create(path) {
            Ok(file) => file,
            Err(error) => return Outcome::Contained(error.to_string()),
        };
        let mut left = bytes;
        while left > 0 {
            match file.write(&chunk) {
                Ok(length) => {
                    left = left.saturating_sub(length as u64);
                    all += length as u64;
                }
                Err(error) if all <= most => return Outcome::Contained(error.to_string()),
                Err(error) => return Outcome::Escaped(format!("{error} after {all} bytes")),
            }
        }
    }
    if all <= most {
        Outcome::Contained(format!("{all} bytes"))
    } else {
        Outcome::Escaped(format!("wrote {all} bytes"))
    }
}

fn files(ground: &Ground) -> Outcome {
    let most = ground.number("scratch-files");
    for number in 0..=most {
        let path = ground.join("scratch", &format!("{number}"));
        if let Err(error) = fs::create_dir(path) {
            return Outcome::Contained(error.to_string());
        }
    }
    Outcome::Escaped(format!("made {most} files"))
}

fn descriptors(most: i64) -> Outcome {
    for _ in 0..=most {
        let mut found = [0; 8];
        if let Err(error) = call(libc::SYS_pipe2, [room(&mut found), n(0)]) {
            return Outcome::Contained(text(error));
        }
    }
    Outcome::Escaped(format!("opened {} descriptors", 2 * most))
}

/// What the kernel may hold of a connection, both ends together.
const HELD_BYTES: usize = 96 << 10;
/// No more are tried, wherever they lead.
const CONNECTIONS: usize = 300;

/// Connects to where the host takes connections and reads nothing, sends what it can, and leaves.
fn unread(ground: &Ground) -> Outcome {
    if !ground.has_network() {
        return refused(call(
            libc::SYS_socket,
            [n(libc::AF_INET), n(libc::SOCK_STREAM), n(0)],
        ));
    }
    let (mut connections, mut sent) = (0, 0);
    for port in [5432, 6379] {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while connections < CONNECTIONS
            && let Ok(mut stream) = TcpStream::connect_timeout(&address, CONNECT_WAIT)
            && stream.set_nonblocking(true).is_ok()
        {
            connections += 1;
            while let Ok(bytes) = stream.write(&[1; 4096]) {
                sent += bytes;
            }
        }
    }
    let found = format!("{} KiB in {connections} connections", sent >> 10);
    if connections > 0 && sent <= connections * HELD_BYTES {
        Outcome::Contained(found)
    } else {
        Outcome::Escaped(found)
    }
}

const CONNECT_WAIT: Duration = Duration::from_millis(200);

const STACK_BYTES: usize = 16 << 10;

fn threads(most: i64) -> Outcome {
    for number in 0..most {
        let thread = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(thread::park);
        match thread {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Outcome::Contained(format!("no more than {number}"));
            }
            Err(error) => return Outcome::Contained(error.to_string()),
        }
    }
    Outcome::Escaped(format!("made {most} threads"))
}
