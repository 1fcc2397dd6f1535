//! Changing what is only to be read, and making files where none may be made.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::attack::{Attack, Outcome, any, failed};
use crate::raw::{b, c, call, n, t};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says(
        "writes.own-make",
        "make files, folders, links, sockets in its own folder",
        |ground| make(ground.path("own")),
    ),
    Attack::says(
        "writes.own-change",
        "write and truncate its own code",
        |ground| change(&ground.join("own", "code")),
    ),
    Attack::says(
        "writes.own-remove",
        "remove and rename its own code",
        |ground| remove(&ground.join("own", "code")),
    ),
    Attack::says(
        "writes.own-rights",
        "change mode, owner and times of its own code",
        |ground| rights(&ground.join("own", "code")),
    ),
    Attack::says(
        "writes.own-attributes",
        "set an extended attribute of its own code",
        |ground| {
            let path = c(ground.join("own", "code"));
            crate::attack::refused(call(
                libc::SYS_setxattr,
                [t(&path), t(c"user.thorp"), b(b"x"), n(1), n(0)],
            ))
        },
    ),
    Attack::says(
        "writes.own-socket",
        "remove a socket of its own folder and bind it again",
        |ground| {
            let path = ground.join("own", "socket");
            any([
                failed(fs::remove_file(&path), |()| "removed".to_owned()),
                bind(&path),
            ])
        },
    ),
    Attack::says(
        "writes.shared-make",
        "make files in a folder that all read",
        |ground| make(ground.path("deps")),
    ),
    Attack::says(
        "writes.shared-change",
        "write and truncate a file that all read",
        |ground| change(&ground.join("deps", "library")),
    ),
    Attack::says(
        "writes.shared-open",
        "write a file that all read, whose mode lets everybody",
        |ground| change(&ground.join("deps", "open")),
    ),
    Attack::says(
        "writes.shared-remove",
        "remove and rename a file that all read",
        |ground| remove(&ground.join("deps", "library")),
    ),
    Attack::says(
        "writes.shared-rights",
        "change mode, owner and times of a file that all read",
        |ground| rights(&ground.join("deps", "library")),
    ),
    Attack::refused(
        "writes.shared-hard-link",
        "write a file that all read by a hard link to it",
        |ground| {
            let (from, to) = (
                c(ground.join("deps", "library")),
                c(ground.join("scratch", "hard")),
            );
            call(
                libc::SYS_linkat,
                [n(libc::AT_FDCWD), t(&from), n(libc::AT_FDCWD), t(&to), n(0)],
            )
        },
    ),
    Attack::says(
        "writes.program",
        "write to the program that it runs",
        |ground| {
            any([
                write(ground.path("program")),
                write(Path::new("/proc/self/exe")),
            ])
        },
    ),
    Attack::says(
        "writes.program-remove",
        "replace the program that it runs",
        |ground| {
            let folder = ground.path("program").parent().unwrap_or(Path::new("/"));
            any([make(folder), rights(ground.path("program"))])
        },
    ),
    Attack::says("writes.linker", "write to the dynamic linker", |ground| {
        write(ground.path("linker"))
    }),
    Attack::says(
        "writes.host",
        "make files in a folder of the host that all may write",
        |ground| make(&ground.join("outside", "open")),
    ),
    Attack::says(
        "writes.host-temporary",
        "make files in the host's temporary folders",
        |_| any(["/tmp", "/var/tmp", "/dev/shm", "/run"].map(|folder| make(Path::new(folder)))),
    ),
    Attack::says(
        "writes.neighbour",
        "make and change files of a neighbour",
        |ground| {
            let folder = ground.path("neighbour-folder");
            any([
                make(folder),
                change(&folder.join("code")),
                change(&folder.join("open")),
            ])
        },
    ),
    Attack::says(
        "writes.covered",
        "make files where the zygote keeps its folders",
        |_| any(["/.private", "/.empty", "/proc/self"].map(|folder| make(Path::new(folder)))),
    ),
    Attack::says(
        "writes.root",
        "make files in the root, and take the root's link away",
        |_| {
            any([
                make(Path::new("/")),
                failed(fs::rename("/proc/self/exe", "/proc/self/old"), |()| {
                    "renamed".to_owned()
                }),
            ])
        },
    ),
    Attack::says("writes.proc", "open what /proc lets one write", |_| {
        let files = [
            "self/oom_score_adj",
            "self/uid_map",
            "self/mem",
            "self/autogroup",
        ];
        let settings = [
            "sys/kernel/core_pattern",
            "sys/kernel/hostname",
            "sysrq-trigger",
        ];
        any(files
            .into_iter()
            .chain(settings)
            .map(|name| write(&Path::new("/proc").join(name))))
    }),
    Attack::says(
        "writes.sys",
        "make a control group, or enter another",
        |_| {
            let folders = ["", "unified", "memory", "pids", "cpu"];
            any(folders.map(|folder| {
                let folder = Path::new("/sys/fs/cgroup").join(folder);
                let path = folder.join("thorp-attack");
                let made = fs::create_dir(&path);
                let _ = fs::remove_dir(&path);
                let entered = fs::write(folder.join("cgroup.procs"), "0");
                failed(made.or(entered), |()| folder.display().to_string())
            }))
        },
    ),
    Attack::refused(
        "writes.device",
        "make a device file in its scratch folder",
        |ground| {
            let path = c(ground.join("scratch", "zero"));
            let kind = libc::S_IFCHR | 0o666;
            call(
                libc::SYS_mknodat,
                [n(libc::AT_FDCWD), t(&path), n(kind), n(0x105)],
            )
        },
    ),
    Attack::refused(
        "writes.pipe",
        "make a named pipe in its scratch folder",
        |ground| {
            let path = c(ground.join("scratch", "pipe"));
            let kind = libc::S_IFIFO | 0o666;
            call(
                libc::SYS_mknodat,
                [n(libc::AT_FDCWD), t(&path), n(kind), n(0)],
            )
        },
    ),
];

fn open_to_write(path: &Path) -> std::io::Result<fs::File> {
    OpenOptions::new().write(true).open(path)
}

/// Opens for writing, and writes nothing.
fn write(path: &Path) -> Outcome {
    failed(open_to_write(path), |_| {
        format!("{} is open for writing", path.display())
    })
}

fn change(path: &Path) -> Outcome {
    let truncated = open_to_write(path).and_then(|file| file.set_len(1));
    any([
        write(path),
        failed(truncated, |()| "truncated".to_owned()),
        crate::attack::refused(call(libc::SYS_truncate, [t(&c(path)), n(1)])),
    ])
}

/// What it makes it takes away again.
fn make(folder: &Path) -> Outcome {
    let path = folder.join("thorp-attack");
    let tell = |what: &str| format!("made a {what} in {}", folder.display());
    let file = failed(fs::write(&path, "x"), |()| tell("file"));
    let _ = fs::remove_file(&path);
    let link = failed(symlink("x", &path), |()| tell("link"));
    let _ = fs::remove_file(&path);
    let socket = bind(&path);
    let _ = fs::remove_file(&path);
    let directory = failed(fs::create_dir(&path), |()| tell("folder"));
    let _ = fs::remove_dir(&path);
    any([file, link, socket, directory])
}

fn bind(path: &Path) -> Outcome {
    failed(UnixListener::bind(path), |_| "bound a socket".to_owned())
}

/// What it takes away it puts back.
fn remove(path: &Path) -> Outcome {
    let other = path.with_extension("moved");
    let renamed = fs::rename(path, &other);
    if renamed.is_ok() {
        let _ = fs::rename(&other, path);
    }
    let content = fs::read(path);
    let removed = fs::remove_file(path);
    if let (Ok(()), Ok(content)) = (&removed, content) {
        let _ = fs::write(path, content);
    }
    any([
        failed(renamed, |()| "renamed".to_owned()),
        failed(removed, |()| "removed".to_owned()),
    ])
}

fn rights(path: &Path) -> Outcome {
    let mode = fs::metadata(path).map_or(0o644, |found| found.permissions().mode());
    let times =
        fs::File::open(path).and_then(|file| file.set_modified(file.metadata()?.modified()?));
    let changed = fs::set_permissions(path, Permissions::from_mode(mode));
    any([
        failed(changed, |()| "its mode is changed".to_owned()),
        failed(times, |()| "its times are changed".to_owned()),
        failed(chown(path, None, None).and_then(|()| own(path)), |()| {
            "it has another owner".to_owned()
        }),
    ])
}

fn own(path: &Path) -> std::io::Result<()> {
    let (user, group) = (
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    );
    chown(path, Some(user), Some(group))
}
