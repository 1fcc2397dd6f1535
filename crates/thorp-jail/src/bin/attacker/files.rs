//! Reading what is not the process's own.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::attack::{Attack, Ground, Outcome, any, failed, refused, text};
use crate::raw::{b, c, call, n, room, t, words};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says("files.passwd", "read /etc/passwd", |_| read("/etc/passwd")),
    Attack::says("files.shadow", "read /etc/shadow", |_| read("/etc/shadow")),
    Attack::says(
        "files.host-folder",
        "read a file of the host that all may read",
        |ground| read(ground.join("outside", "secret")),
    ),
    Attack::says("files.host-folders", "list the host's folders", |_| {
        any(["/etc", "/boot", "/var", "/run"].map(list))
    }),
    Attack::says("files.root", "list the root", |_| root()),
    Attack::says("files.proc-self", "read /proc/self", |_| {
        any([
            "environ",
            "maps",
            "mem",
            "mountinfo",
            "cmdline",
            "status",
            "root/etc/passwd",
        ]
        .map(|name| read(format!("/proc/self/{name}"))))
    }),
    Attack::says(
        "files.proc-self-fd",
        "list and open /proc/self/fd and /dev/fd",
        |_| {
            any([
                list("/proc/self/fd"),
                read("/proc/self/fd/0"),
                read("/dev/fd/0"),
                read("/proc/thread-self/fd/0"),
            ])
        },
    ),
    Attack::says("files.proc-one", "read /proc/1", |_| {
        any([
            "environ",
            "maps",
            "mem",
            "cmdline",
            "status",
            "root/etc/passwd",
        ]
        .map(|name| read(format!("/proc/1/{name}"))))
    }),
    Attack::says("files.proc-host", "read the host's /proc/<pid>", |ground| {
        proc_of(ground, "host")
    }),
    Attack::says(
        "files.proc-neighbour",
        "read a neighbour's /proc/<pid>",
        |ground| proc_of(ground, "neighbour"),
    ),
    Attack::says(
        "files.proc-kernel",
        "read what /proc tells about the machine",
        |_| {
            any([
                "kcore",
                "kallsyms",
                "cmdline",
                "version",
                "net/tcp",
                "sys/kernel/osrelease",
            ]
            .map(|name| read(format!("/proc/{name}"))))
        },
    ),
    Attack::says("files.sys", "list and read /sys", |_| {
        any([
            list("/sys"),
            list("/sys/class/net"),
            read("/sys/kernel/notes"),
            list("/sys/fs/cgroup"),
        ])
    }),
    Attack::says("files.dev", "list /dev and open its files", |_| {
        let files = [
            "mem", "kmsg", "vda", "sda", "kvm", "tty", "ptmx", "fuse", "zero", "shm",
        ];
        any(files
            .map(|name| open(format!("/dev/{name}")))
            .into_iter()
            .chain([list("/dev")]))
    }),
    Attack::says("files.dots", "leave its own folder by `..`", |ground| {
        let up = "../".repeat(20);
        any([
            read(format!("{up}etc/passwd")),
            read(ground.join("own", &format!("{up}etc/passwd"))),
            read(ground.join("own", &format!("src/..//./{up}etc/passwd"))),
            read(ground.join("own", &format!("../{}/code", ground.word("neighbour-name")))),
        ])
    }),
    Attack::says(
        "files.upwards",
        "leave its own folder by descriptors of parents",
        |_| upwards(),
    ),
    Attack::says(
        "files.link-out",
        "read through a link in its own folder to the host",
        |ground| read(ground.join("own", "link-out")),
    ),
    Attack::says(
        "files.link-neighbour",
        "read through a link in its own folder to a neighbour's",
        |ground| {
            any([
                read(ground.join("own", "link-neighbour")),
                read(ground.join("own", "link-private")),
            ])
        },
    ),
    Attack::says(
        "files.link-proc",
        "read through a link in its own folder to /proc",
        |ground| read(ground.join("own", "link-proc")),
    ),
    Attack::says(
        "files.link-made",
        "make a link to the host and read through it",
        |ground| {
            let link = ground.join("scratch", "link");
            match symlink(ground.join("outside", "secret"), &link) {
                Ok(()) => read(link),
                Err(error) => Outcome::Contained(error.to_string()),
            }
        },
    ),
    Attack::refused(
        "files.hard-link",
        "take a file of the host into its own by a hard link",
        |ground| {
            let (from, to) = (
                c(ground.join("outside", "secret")),
                c(ground.join("scratch", "hard")),
            );
            call(
                libc::SYS_linkat,
                [n(libc::AT_FDCWD), t(&from), n(libc::AT_FDCWD), t(&to), n(0)],
            )
        },
    ),
    Attack::says("files.neighbour", "read a neighbour's folder", |ground| {
        any([
            read(ground.join("neighbour-folder", "code")),
            list(ground.path("neighbour-folder")),
        ])
    }),
    Attack::says(
        "files.neighbour-covered",
        "read a neighbour's folder where the zygote has it",
        |ground| {
            let folder = Path::new("/.private").join(ground.word("neighbour-name"));
            any([
                read(folder.join("code")),
                list(&folder),
                listed("/.private", ground.word("neighbour-name")),
            ])
        },
    ),
    Attack::says(
        "files.private-above",
        "list the folder that all own folders are in",
        |ground| {
            any([
                list(ground.join("neighbour-folder", "..")),
                listed(ground.join("own", ".."), ground.word("neighbour-name")),
            ])
        },
    ),
    Attack::refused(
        "files.openat2",
        "open a file of the host by `openat2`",
        |ground| {
            let (path, how) = (c(ground.join("outside", "secret")), words(&[0, 0, 0]));
            call(
                libc::SYS_openat2,
                [n(libc::AT_FDCWD), t(&path), b(&how), n(24)],
            )
        },
    ),
    Attack::says(
        "files.handle",
        "open a file of the host by its handle",
        handle,
    ),
    Attack::says(
        "files.metadata",
        "learn size and times of a file of the host",
        |ground| {
            failed(fs::metadata(ground.join("outside", "secret")), |found| {
                format!("{} bytes", found.len())
            })
        },
    ),
    Attack::says(
        "files.link-target",
        "learn where a link of the host leads",
        |ground| {
            failed(fs::read_link(ground.join("outside", "link")), |target| {
                target.display().to_string()
            })
        },
    ),
];

/// Reads a file as far as needed.
pub(crate) fn read(path: impl AsRef<Path>) -> Outcome {
    let mut bytes = [0; 64];
    let result = File::open(path).and_then(|mut file| file.read(&mut bytes));
    failed(result, |length| {
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    })
}

/// Opens a file for reading.
pub(crate) fn open(path: impl AsRef<Path>) -> Outcome {
    failed(File::open(path.as_ref()), |_| {
        path.as_ref().display().to_string()
    })
}

/// Lists a folder.
fn list(path: impl AsRef<Path>) -> Outcome {
    failed(fs::read_dir(&path), |entries| {
        format!("{} entries of {}", entries.count(), path.as_ref().display())
    })
}

/// Contained if the folder does not show this name.
fn listed(path: impl AsRef<Path>, name: &str) -> Outcome {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => return Outcome::Contained(error.to_string()),
    };
    if entries.flatten().any(|entry| entry.file_name() == name) {
        Outcome::Escaped(format!("`{name}` is listed"))
    } else {
        Outcome::Contained("it is not listed".to_owned())
    }
}

/// Folders of the host that no jail has.
fn root() -> Outcome {
    any(["boot", "home", "root", "var"].map(|name| any([listed("/", name), listed("/..", name)])))
}

fn proc_of(ground: &Ground, who: &str) -> Outcome {
    let folder = Path::new("/proc").join(ground.word(who));
    let files = [
        "environ",
        "maps",
        "mem",
        "cmdline",
        "status",
        "stat",
        "root/etc/passwd",
        "fd/0",
    ];
    any(files
        .map(|name| read(folder.join(name)))
        .into_iter()
        .chain([list(folder.join("cwd"))]))
}

fn upwards() -> Outcome {
    let flags = libc::O_PATH | libc::O_DIRECTORY;
    let mut folder = i64::from(libc::AT_FDCWD);
    for _ in 0..20 {
        match call(libc::SYS_openat, [n(folder), t(c".."), n(flags)]) {
            Ok(descriptor) => folder = descriptor as i64,
            Err(error) => return Outcome::Contained(text(error)),
        }
    }
    let moved = call(libc::SYS_fchdir, [n(folder)]);
    let found = call(
        libc::SYS_openat,
        [n(folder), t(c"etc/passwd"), n(libc::O_RDONLY)],
    );
    match (found, moved) {
        (Ok(_), _) => Outcome::Escaped("opened etc/passwd above".to_owned()),
        (Err(_), Ok(_)) => read("etc/passwd"),
        (Err(error), Err(_)) => Outcome::Contained(text(error)),
    }
}

/// The root of a file system has a handle that is the same everywhere; another's is found from a file that is seen.
fn handle(ground: &Ground) -> Outcome {
    let seen = c(ground.path("deps"));
    let mut handle = [0_u8; 136];
    handle[..4].copy_from_slice(&128_u32.to_ne_bytes());
    let mut mount = [0_u8; 8];
    // If this is refused, what is asked for next is refused all the same, or looked into.
    let _ = call(
        libc::SYS_name_to_handle_at,
        [
            n(libc::AT_FDCWD),
            t(&seen),
            room(&mut handle),
            room(&mut mount),
            n(0),
        ],
    );
    let folder = call(
        libc::SYS_openat,
        [n(libc::AT_FDCWD), t(&seen), n(libc::O_RDONLY)],
    );
    let opened = call(
        libc::SYS_open_by_handle_at,
        [n(folder.unwrap_or(0) as i64), b(&handle), n(libc::O_RDONLY)],
    );
    refused(opened)
}
