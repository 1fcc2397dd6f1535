//! What is open when the program starts, and what may be done with it.

use crate::attack::{Attack, Outcome, any, refused, text};
use crate::raw::{b, call, n, room};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says(
        "descriptors.inherited",
        "find an open descriptor from 3 to 1024",
        |_| {
            any((3..=1024).map(|number| {
                match call(libc::SYS_fcntl, [n(number), n(libc::F_GETFD), n(0)]) {
                    Ok(_) => Outcome::Escaped(format!("{number} is open")),
                    Err(error) => Outcome::Contained(text(error)),
                }
            }))
        },
    ),
    Attack::says("descriptors.input", "read from the standard input", |_| {
        let mut bytes = [0; 16];
        match call(libc::SYS_read, [n(0), room(&mut bytes), n(16)]) {
            Ok(0) => Outcome::Contained("there is nothing to read".to_owned()),
            result => refused(result),
        }
    }),
    Attack::says(
        "descriptors.output",
        "read from the standard output and error",
        |_| {
            any([1, 2].map(|number| {
                let mut bytes = [0; 16];
                match call(libc::SYS_read, [n(number), room(&mut bytes), n(0)]) {
                    Err(libc::EBADF) => Outcome::Contained("it is only written".to_owned()),
                    result => refused(result),
                }
            }))
        },
    ),
    Attack::says(
        "descriptors.kinds",
        "find anything but a null device and pipes as standard streams",
        |_| any([0, 1, 2].map(kind)),
    ),
    Attack::says(
        "descriptors.reopen",
        "open its standard output again, to read it",
        |_| any(["/proc/self/fd/1", "/dev/fd/1", "/dev/stdout"].map(crate::files::open)),
    ),
    Attack::refused(
        "descriptors.type-ahead",
        "type into a terminal (TIOCSTI)",
        |_| call(libc::SYS_ioctl, [n(0), n(0x5412), b(b"x")]),
    ),
    Attack::refused(
        "descriptors.console",
        "paste into the console (TIOCLINUX)",
        |_| call(libc::SYS_ioctl, [n(0), n(0x541c), b(&[3])]),
    ),
    Attack::refused(
        "descriptors.terminal",
        "take a terminal as its own (TIOCSCTTY)",
        |_| call(libc::SYS_ioctl, [n(0), n(0x540e), n(0)]),
    ),
    Attack::refused(
        "descriptors.terminal-modes",
        "change a terminal's modes (TCSETS)",
        |_| call(libc::SYS_ioctl, [n(0), n(0x5402), b(&[0; 64])]),
    ),
    Attack::refused(
        "descriptors.flags",
        "change a file's flags (FS_IOC_SETFLAGS)",
        |_| call(libc::SYS_ioctl, [n(0), n(0x4008_6602_i64), b(&[0; 8])]),
    ),
    Attack::refused(
        "descriptors.clone",
        "share a file's blocks (FICLONE)",
        |_| call(libc::SYS_ioctl, [n(1), n(0x4004_9409_i64), n(0)]),
    ),
    Attack::refused(
        "descriptors.freeze",
        "freeze a file system (FIFREEZE)",
        |_| call(libc::SYS_ioctl, [n(0), n(0xc004_5877_i64), n(0)]),
    ),
    Attack::refused(
        "descriptors.high-half",
        "hide a command's meaning in the unused half",
        |_| call(libc::SYS_ioctl, [n(0), n(0x1_0000_5412_i64), b(b"x")]),
    ),
    Attack::refused(
        "descriptors.owner",
        "have signals sent to others (F_SETOWN)",
        |ground| {
            call(
                libc::SYS_fcntl,
                [n(1), n(libc::F_SETOWN), n(ground.number("host"))],
            )
        },
    ),
    Attack::refused(
        "descriptors.owner-group",
        "have signals sent to others (F_SETOWN_EX)",
        |_| call(libc::SYS_fcntl, [n(1), n(15), b(&[0; 8])]),
    ),
    Attack::refused("descriptors.signal", "choose the signal (F_SETSIG)", |_| {
        call(libc::SYS_fcntl, [n(1), n(10), n(libc::SIGKILL)])
    }),
    Attack::refused(
        "descriptors.notify",
        "be told what changes in a folder (F_NOTIFY)",
        |_| call(libc::SYS_fcntl, [n(0), n(libc::F_NOTIFY), n(1)]),
    ),
    Attack::refused(
        "descriptors.lease",
        "make others wait for a file (F_SETLEASE)",
        |_| {
            call(
                libc::SYS_fcntl,
                [n(0), n(libc::F_SETLEASE), n(libc::F_RDLCK)],
            )
        },
    ),
    Attack::refused(
        "descriptors.pipe-size",
        "make a pipe larger (F_SETPIPE_SZ)",
        |_| call(libc::SYS_fcntl, [n(1), n(libc::F_SETPIPE_SZ), n(1 << 20)]),
    ),
    Attack::refused("descriptors.seals", "seal a file (F_ADD_SEALS)", |_| {
        call(libc::SYS_fcntl, [n(1), n(libc::F_ADD_SEALS), n(1)])
    }),
];

/// The type's bits of a file's mode.
fn kind(number: i64) -> Outcome {
    let mut found = [0; 144];
    let expected = if number == 0 {
        libc::S_IFCHR
    } else {
        libc::S_IFIFO
    };
    match call(libc::SYS_fstat, [n(number), room(&mut found)]) {
        Ok(_) if mode(&found) & libc::S_IFMT == expected => {
            Outcome::Contained("they are what was given".to_owned())
        }
        Ok(_) => Outcome::Escaped(format!("{number} has mode {:o}", mode(&found))),
        Err(error) => Outcome::Escaped(format!("{number}: {}", text(error))),
    }
}

/// Where the kernel puts it, on this architecture.
fn mode(stat: &[u8; 144]) -> u32 {
    let at = if cfg!(target_arch = "x86_64") { 24 } else { 16 };
    u32::from_ne_bytes([stat[at], stat[at + 1], stat[at + 2], stat[at + 3]])
}
