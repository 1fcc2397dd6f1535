//! What a host has that an attacker could want: files, folders, servers.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

/// Somebody listens, so that a connection shows what could be reached.
pub struct Servers {
    pub port: u16,
    _streams: Vec<UnixListener>,
    _datagram: UnixDatagram,
}

/// Each file's content names the file.
pub const FILES: &[(&str, &str)] = &[
    ("outside/secret", "the host's secret"),
    ("deps/library", "what all read"),
    ("deps/open", "what all read, writable"),
    ("own/1/code", "own code"),
    ("own/2/code", "a neighbour's code"),
    ("own/2/open", "a neighbour's code, writable"),
];

/// Makes all files.
pub fn furnish(at: &Path, attacker: &Path) {
    for folder in ["outside/open", "deps", "cache/gen", "own/1/src", "own/2"] {
        fs::create_dir_all(at.join(folder)).unwrap();
    }
    for (path, content) in FILES {
        fs::write(at.join(path), content).unwrap();
        mode(
            &at.join(path),
            if path.ends_with("/open") {
                0o666
            } else {
                0o644
            },
        );
    }
    for folder in [
        "outside",
        "outside/open",
        "deps",
        "cache",
        "cache/gen",
        "own",
        "own/1",
        "own/1/src",
        "own/2",
    ] {
        mode(
            &at.join(folder),
            if folder.ends_with("/open") {
                0o777
            } else {
                0o755
            },
        );
    }
    for tool in ["deps/tool", "own/1/tool"] {
        fs::copy(attacker, at.join(tool)).unwrap();
        mode(&at.join(tool), 0o755);
    }
    let links = [
        ("own/1/link-out", at.join("outside/secret")),
        ("own/1/link-neighbour", at.join("own/2/code")),
        ("own/1/link-private", "/.private/2/code".into()),
        ("own/1/link-proc", "/proc/self/environ".into()),
        ("outside/link", "secret".into()),
    ];
    for (link, target) in links {
        symlink(target, at.join(link)).unwrap();
    }
}

/// Listens.
pub fn serve(at: &Path) -> Servers {
    let named = |path: &str, bits| {
        let listener = UnixListener::bind(at.join(path)).unwrap();
        mode(&at.join(path), bits);
        listener
    };
    let abstract_at = |name: String| SocketAddr::from_abstract_name(name).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    answer(move || tcp.accept().map(|(stream, _)| stream));
    for (path, bits) in [("outside/group.sock", 0o660), ("outside/open.sock", 0o666)] {
        let listener = named(path, bits);
        answer(move || listener.accept().map(|(stream, _)| stream));
    }
    let datagram = format!("{}-datagram", abstract_name(at));
    Servers {
        port,
        _streams: vec![
            named("own/1/socket", 0o666),
            named("own/2/socket", 0o600),
            UnixListener::bind_addr(&abstract_at(abstract_name(at))).unwrap(),
        ],
        _datagram: UnixDatagram::bind_addr(&abstract_at(datagram)).unwrap(),
    }
}

/// Answers HTTP, so that whoever gets through need not wait to find out.
fn answer<Stream>(accept: impl Fn() -> io::Result<Stream> + Send + 'static)
where
    Stream: Read + Write + Send + 'static,
{
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    thread::spawn(move || {
        while let Ok(mut stream) = accept() {
            // The attacker may be gone before it has an answer.
            thread::spawn(move || {
                stream
                    .read(&mut [0; 1024])
                    .and_then(|_| stream.write_all(ANSWER))
            });
        }
    });
}

/// The abstract socket's name, which nobody else has.
pub fn abstract_name(at: &Path) -> String {
    format!("thorp{}", at.display())
}

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, Permissions::from_mode(bits)).unwrap();
}

/// What is known of every file.
pub type Tree = BTreeMap<PathBuf, [i64; 6]>;

/// All files of a folder.
pub fn tree(folder: &Path) -> Tree {
    let mut found = Tree::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let about = entry.metadata().unwrap();
        let facts = [
            i64::from(about.mode()),
            i64::from(about.uid()),
            about.size().cast_signed(),
            about.mtime(),
            about.mtime_nsec(),
            about.ino().cast_signed(),
        ];
        found.insert(entry.path(), facts);
        if about.is_dir() {
            found.extend(tree(&entry.path()));
        }
    }
    found
}

/// The host's name.
pub fn name() -> String {
    let about = rustix::system::uname();
    about.nodename().to_string_lossy().into_owned()
}

/// Lets all users read the files of a folder.
pub fn readable_by_all(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            let bits = entry.metadata().unwrap().mode() | 0o444;
            mode(&entry.path(), bits);
        }
    }
}

/// A folder that every user may enter.
pub fn folder_for_all() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    mode(folder.path(), 0o755);
    folder
}

/// A program where every user may execute it: itself, if it is, or else a copy.
pub fn for_all(program: &Path, folder: &Path) -> PathBuf {
    let open = program.ancestors().all(|path| {
        fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o005 == 0o005)
    });
    if open {
        program.to_owned()
    } else {
        copy(program, folder)
    }
}

/// A program in this folder.
pub fn copy(program: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join(program.file_name().unwrap());
    if fs::hard_link(program, &copy).is_err() {
        fs::copy(program, &copy).unwrap();
    }
    mode(&copy, 0o755);
    copy
}
