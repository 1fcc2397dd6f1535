//! Parts of the kernel that a program of the jail has no use for, and where most of the kernel's own holes were found.

use crate::attack::{Attack, refused, text};
use crate::raw::{b, call, n, room, t, words};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::refused(
        "calls.ring",
        "make a ring of requests (io_uring_setup)",
        |_| {
            let mut parameters = [0; 120];
            call(libc::SYS_io_uring_setup, [n(1), room(&mut parameters)])
        },
    ),
    Attack::refused("calls.ring-enter", "io_uring_enter", |_| {
        call(
            libc::SYS_io_uring_enter,
            [n(0), n(0), n(0), n(0), n(0), n(0)],
        )
    }),
    Attack::refused("calls.ring-register", "io_uring_register", |_| {
        call(libc::SYS_io_uring_register, [n(0), n(0), n(0), n(0)])
    }),
    Attack::refused("calls.faults", "handle page faults (userfaultfd)", |_| {
        // UFFD_USER_MODE_ONLY
        call(libc::SYS_userfaultfd, [n(1)])
    }),
    Attack::refused("calls.key", "add a key", |_| {
        // KEY_SPEC_PROCESS_KEYRING
        call(
            libc::SYS_add_key,
            [t(c"user"), t(c"thorp"), b(b"x"), n(1), n(-2)],
        )
    }),
    Attack::refused("calls.keys", "read the keyrings of its user", |_| {
        // KEYCTL_GET_KEYRING_ID of KEY_SPEC_USER_KEYRING
        call(libc::SYS_keyctl, [n(0), n(-4), n(0)])
    }),
    Attack::says("calls.key-request", "request a key", |_| {
        match call(
            libc::SYS_request_key,
            [t(c"user"), t(c"thorp-none"), n(0), n(-2)],
        ) {
            // ENOKEY: it was looked for.
            Err(error) if error != libc::EPERM && error != libc::ENOSYS => {
                crate::attack::Outcome::Escaped(format!("looked for: {}", text(error)))
            }
            result => refused(result),
        }
    }),
    Attack::refused(
        "calls.memory-file",
        "make a file in memory (memfd_create)",
        |_| call(libc::SYS_memfd_create, [t(c"x"), n(0)]),
    ),
    Attack::refused(
        "calls.secret-memory",
        "make secret memory (memfd_secret)",
        |_| call(libc::SYS_memfd_secret, [n(0)]),
    ),
    Attack::refused("calls.splice", "splice", |_| {
        call(libc::SYS_splice, [n(0), n(0), n(1), n(0), n(0), n(0)])
    }),
    Attack::refused("calls.vmsplice", "vmsplice", |_| {
        call(libc::SYS_vmsplice, [n(1), n(0), n(0), n(0)])
    }),
    Attack::refused("calls.tee", "tee", |_| {
        call(libc::SYS_tee, [n(0), n(1), n(0), n(0)])
    }),
    Attack::refused("calls.copy", "copy_file_range", |_| {
        call(
            libc::SYS_copy_file_range,
            [n(0), n(0), n(1), n(0), n(0), n(0)],
        )
    }),
    Attack::refused(
        "calls.personality",
        "become another kind of program (personality)",
        |_| {
            // READ_IMPLIES_EXEC
            call(libc::SYS_personality, [n(0x040_0000)])
        },
    ),
    #[cfg(target_arch = "x86_64")]
    Attack::refused("calls.segments", "change its segments (modify_ldt)", |_| {
        let mut found = [0; 64];
        call(libc::SYS_modify_ldt, [n(0), room(&mut found), n(64)])
    }),
    #[cfg(target_arch = "x86_64")]
    Attack::refused(
        "calls.file-systems",
        "ask which file systems there are (sysfs)",
        |_| call(libc::SYS_sysfs, [n(3)]),
    ),
    #[cfg(target_arch = "x86_64")]
    Attack::refused(
        "calls.cookie",
        "find a path by a cookie (lookup_dcookie)",
        |_| {
            let mut found = [0; 64];
            call(libc::SYS_lookup_dcookie, [n(1), room(&mut found), n(64)])
        },
    ),
    #[cfg(target_arch = "x86_64")]
    Attack::refused(
        "calls.library",
        "load a library by the kernel (uselib)",
        |_| call(libc::SYS_uselib, [t(c"/lib/none")]),
    ),
    Attack::refused(
        "calls.filter",
        "install a filter of calls (seccomp)",
        |_| {
            // SECCOMP_GET_ACTION_AVAIL of SECCOMP_RET_ALLOW
            call(
                libc::SYS_seccomp,
                [n(2), n(0), b(&0x7fff_0000_u32.to_ne_bytes())],
            )
        },
    ),
    Attack::refused("calls.landlock", "make rules of Landlock", |_| {
        call(
            libc::SYS_landlock_create_ruleset,
            [b(&words(&[1])), n(8), n(0)],
        )
    }),
    Attack::refused(
        "calls.pages",
        "move pages between nodes (move_pages)",
        |_| call(libc::SYS_move_pages, [n(0), n(0), n(0), n(0), n(0), n(0)]),
    ),
    Attack::refused(
        "calls.advise",
        "advise on another's memory (process_madvise)",
        |_| call(libc::SYS_process_madvise, [n(0), n(0), n(0), n(0), n(0)]),
    ),
    Attack::refused("calls.remap", "remap_file_pages", |_| {
        call(libc::SYS_remap_file_pages, [n(0), n(0), n(0), n(0), n(0)])
    }),
    Attack::refused(
        "calls.policy",
        "choose where its memory lies (set_mempolicy)",
        |_| call(libc::SYS_set_mempolicy, [n(0), n(0), n(0)]),
    ),
    Attack::refused(
        "calls.timer",
        "make timers that send signals (timer_create)",
        |_| {
            let mut timer = [0; 8];
            call(libc::SYS_timer_create, [n(1), n(0), room(&mut timer)])
        },
    ),
    Attack::refused("calls.aio", "make a queue of requests (io_setup)", |_| {
        let mut context = [0; 8];
        call(libc::SYS_io_setup, [n(1), room(&mut context)])
    }),
    #[cfg(target_arch = "x86_64")]
    Attack::refused("calls.x32", "make a call of the x32 interface", |_| {
        call(0x4000_0000 | libc::SYS_getpid, [])
    }),
    #[cfg(target_arch = "x86_64")]
    Attack::refused(
        "calls.i386",
        "make a call of 32-bit programs (int 0x80)",
        |_| crate::raw::int80_getpid(),
    ),
    Attack::refused("calls.unknown", "make calls that nobody knows yet", |_| {
        for number in 463..1100 {
            match call(number, [n(-1), n(-1), n(-1)]) {
                Err(libc::EPERM | libc::ENOSYS) => {}
                Err(error) => return Err(error),
                Ok(_) => return Ok(number as usize),
            }
        }
        Err(libc::EPERM)
    }),
];
