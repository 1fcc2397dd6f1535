//! Getting rights, priority or room that the process was not given.

use crate::attack::{Attack, Outcome, refused};
use crate::raw::{b, call, n, room, words};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says("rights.root", "be root", |_| is_root()),
    Attack::says(
        "rights.capabilities",
        "have capabilities, or be able to get some",
        |_| capabilities(),
    ),
    Attack::refused("rights.setuid", "become root by setuid", |_| {
        call(libc::SYS_setuid, [n(0)])
    }),
    Attack::refused("rights.setreuid", "become root by setreuid", |_| {
        call(libc::SYS_setreuid, [n(0), n(0)])
    }),
    Attack::refused("rights.setresuid", "become root by setresuid", |_| {
        call(libc::SYS_setresuid, [n(0), n(0), n(0)])
    }),
    Attack::refused("rights.setgid", "join root's group by setgid", |_| {
        call(libc::SYS_setgid, [n(0)])
    }),
    Attack::refused("rights.setresgid", "join root's group by setresgid", |_| {
        call(libc::SYS_setresgid, [n(0), n(0), n(0)])
    }),
    Attack::refused("rights.setgroups", "join groups", |_| {
        call(libc::SYS_setgroups, [n(1), b(&[0; 4])])
    }),
    Attack::says("rights.setfsuid", "read files as root by setfsuid", |_| {
        // It tells the old number whether or not it did as told.
        let _ = call(libc::SYS_setfsuid, [n(0)]);
        match call(libc::SYS_setfsuid, [n(0)]) {
            Ok(0) => Outcome::Escaped("files are read as root".to_owned()),
            Ok(user) => Outcome::Contained(format!("files are read as {user}")),
            Err(error) => refused(Err(error)),
        }
    }),
    Attack::refused("rights.capset", "get capabilities by capset", |_| {
        call(libc::SYS_capset, [b(&capability_header()), b(&[0xff; 24])])
    }),
    Attack::refused(
        "rights.keep-capabilities",
        "keep capabilities (PR_SET_KEEPCAPS)",
        |_| prctl(libc::PR_SET_KEEPCAPS, 1),
    ),
    Attack::refused(
        "rights.ambient",
        "make capabilities ambient (PR_CAP_AMBIENT)",
        |_| prctl(libc::PR_CAP_AMBIENT, 2),
    ),
    Attack::refused(
        "rights.bounding",
        "change the bounding set (PR_CAPBSET_DROP)",
        |_| prctl(libc::PR_CAPBSET_DROP, 0),
    ),
    Attack::refused(
        "rights.secure-bits",
        "change what root means (PR_SET_SECUREBITS)",
        |_| prctl(libc::PR_SET_SECUREBITS, 0),
    ),
    Attack::says(
        "rights.new-privileges",
        "allow new privileges again",
        |_| {
            match prctl(libc::PR_SET_NO_NEW_PRIVS, 0) {
                // The kernel knows no way back.
                Err(libc::EINVAL) => Outcome::Contained("there is no way back".to_owned()),
                result => refused(result),
            }
        },
    ),
    Attack::refused(
        "rights.dumpable",
        "let others trace it (PR_SET_DUMPABLE)",
        |_| prctl(libc::PR_SET_DUMPABLE, 1),
    ),
    Attack::refused(
        "rights.tracer",
        "let anybody trace it (PR_SET_PTRACER)",
        |_| prctl(libc::PR_SET_PTRACER, -1),
    ),
    Attack::refused(
        "rights.outlive",
        "outlive its host (PR_SET_PDEATHSIG)",
        |_| prctl(libc::PR_SET_PDEATHSIG, 0),
    ),
    Attack::refused(
        "rights.subreaper",
        "adopt orphans (PR_SET_CHILD_SUBREAPER)",
        |_| prctl(libc::PR_SET_CHILD_SUBREAPER, 1),
    ),
    Attack::refused(
        "rights.memory-map",
        "say where its parts lie (PR_SET_MM)",
        |_| prctl(libc::PR_SET_MM, 1),
    ),
    Attack::refused(
        "rights.filter",
        "install a filter by prctl (PR_SET_SECCOMP)",
        |_| prctl(libc::PR_SET_SECCOMP, 2),
    ),
    Attack::refused(
        "rights.speculation",
        "turn mitigations off (PR_SET_SPECULATION_CTRL)",
        |_| prctl(libc::PR_SET_SPECULATION_CTRL, 0),
    ),
    Attack::refused(
        "rights.dispatch",
        "catch its own calls (PR_SET_SYSCALL_USER_DISPATCH)",
        |_| {
            // PR_SET_SYSCALL_USER_DISPATCH, which the crate `libc` does not have.
            prctl(59, 0)
        },
    ),
    Attack::refused(
        "rights.clock",
        "choose how its clock reads (PR_SET_TSC)",
        |_| prctl(libc::PR_SET_TSC, 1),
    ),
    Attack::refused(
        "rights.core-scheduling",
        "share a core's threads (PR_SCHED_CORE)",
        |_| prctl(libc::PR_SCHED_CORE, 1),
    ),
    Attack::refused(
        "rights.limit-files",
        "raise its limit of descriptors",
        |_| raise(i64::from(libc::RLIMIT_NOFILE)),
    ),
    Attack::refused("rights.limit-data", "raise its limit of memory", |_| {
        raise(i64::from(libc::RLIMIT_DATA))
    }),
    Attack::refused("rights.limit-core", "write core dumps", |_| {
        raise(i64::from(libc::RLIMIT_CORE))
    }),
    Attack::refused("rights.limit-old", "raise a limit by setrlimit", |_| {
        let most = words(&[u64::MAX, u64::MAX]);
        call(
            libc::SYS_setrlimit,
            [n(i64::from(libc::RLIMIT_NOFILE)), b(&most)],
        )
    }),
    Attack::refused("rights.real-time", "be scheduled before everybody", |_| {
        let param = words(&[1]);
        call(
            libc::SYS_sched_setscheduler,
            [n(0), n(libc::SCHED_FIFO), b(&param)],
        )
    }),
    Attack::refused(
        "rights.scheduling",
        "be scheduled before everybody, by sched_setattr",
        |_| {
            let mut attributes = [0; 48];
            attributes[..4].copy_from_slice(&48_u32.to_ne_bytes());
            attributes[4..8].copy_from_slice(&1_u32.to_ne_bytes());
            attributes[20..24].copy_from_slice(&1_u32.to_ne_bytes());
            call(libc::SYS_sched_setattr, [n(0), b(&attributes), n(0)])
        },
    ),
    Attack::refused("rights.priority", "raise its priority", |_| {
        call(libc::SYS_setpriority, [n(0), n(0), n(-20)])
    }),
    Attack::refused(
        "rights.disk-priority",
        "raise its priority at the disk",
        |_| call(libc::SYS_ioprio_set, [n(1), n(0), n(1 << 13)]),
    ),
    Attack::refused(
        "rights.lock-memory",
        "keep memory from being swapped",
        |_| call(libc::SYS_mlockall, [n(libc::MCL_FUTURE)]),
    ),
];

fn prctl(what: i32, value: i64) -> Result<usize, i32> {
    call(libc::SYS_prctl, [n(what), n(value), n(0), n(0), n(0)])
}

/// Somebody with no rights may lower a limit, so that this must be more than it has.
fn raise(resource: i64) -> Result<usize, i32> {
    let most = words(&[1 << 40, 1 << 40]);
    call(libc::SYS_prlimit64, [n(0), n(resource), b(&most), n(0)])
}

fn is_root() -> Outcome {
    let ids = [
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    ];
    if ids.contains(&0) {
        Outcome::Escaped(format!("its user and group are {ids:?}"))
    } else {
        Outcome::Contained(format!("its user and group are {ids:?}"))
    }
}

fn capabilities() -> Outcome {
    let mut found = [0; 24];
    match call(
        libc::SYS_capget,
        [b(&capability_header()), room(&mut found)],
    ) {
        Ok(_) if found.iter().any(|byte| *byte != 0) => {
            Outcome::Escaped(format!("it has {found:?}"))
        }
        Ok(_) => Outcome::Contained("it has none".to_owned()),
        Err(error) => Outcome::Contained(crate::attack::text(error)),
    }
}

/// The third version of the kernel's layout, and this process.
fn capability_header() -> Vec<u8> {
    [0x2008_0522_u32, 0].map(u32::to_ne_bytes).concat()
}
