//! Making processes, and touching those of others: the host, a neighbour, whoever there is.

use crate::attack::{Attack, Ground, Outcome, refused};
use crate::raw::{b, call, fork, fork3, n, room, words};

pub(crate) const ATTACKS: &[Attack] = &[
    #[cfg(target_arch = "x86_64")]
    Attack::refused("processes.fork", "fork", |_| crate::raw::old_fork()),
    #[cfg(target_arch = "x86_64")]
    Attack::refused("processes.vfork", "vfork", |_| crate::raw::vfork()),
    Attack::refused("processes.clone", "clone, without sharing anything", |_| {
        fork(0)
    }),
    Attack::refused(
        "processes.clone-sibling",
        "clone, as a child of its parent",
        |_| fork(libc::CLONE_PARENT),
    ),
    Attack::refused("processes.clone3", "clone3", |_| fork3(0)),
    Attack::refused(
        "processes.trace-me",
        "have itself traced by its parent",
        |_| {
            call(
                libc::SYS_ptrace,
                [n(libc::PTRACE_TRACEME), n(0), n(0), n(0)],
            )
        },
    ),
    Attack::refused("processes.trace-host", "trace the host", |ground| {
        seize(ground, "host")
    }),
    Attack::refused("processes.trace-neighbour", "trace a neighbour", |ground| {
        seize(ground, "neighbour")
    }),
    Attack::refused(
        "processes.read-memory-host",
        "read the host's memory",
        |ground| memory(ground, "host", libc::SYS_process_vm_readv),
    ),
    Attack::refused(
        "processes.write-memory-host",
        "write the host's memory",
        |ground| memory(ground, "host", libc::SYS_process_vm_writev),
    ),
    Attack::refused(
        "processes.read-memory-neighbour",
        "read a neighbour's memory",
        |ground| memory(ground, "neighbour", libc::SYS_process_vm_readv),
    ),
    Attack::refused(
        "processes.write-memory-neighbour",
        "write a neighbour's memory",
        |ground| memory(ground, "neighbour", libc::SYS_process_vm_writev),
    ),
    Attack::refused(
        "processes.handle-host",
        "open a handle on the host (pidfd_open)",
        |ground| call(libc::SYS_pidfd_open, [n(ground.number("host")), n(0)]),
    ),
    Attack::refused(
        "processes.handle-neighbour",
        "open a handle on a neighbour",
        |ground| call(libc::SYS_pidfd_open, [n(ground.number("neighbour")), n(0)]),
    ),
    Attack::refused(
        "processes.steal-descriptor",
        "take a descriptor of the host (pidfd_getfd)",
        |ground| {
            let handle = call(libc::SYS_pidfd_open, [n(ground.number("host")), n(0)]).unwrap_or(0);
            match call(libc::SYS_pidfd_getfd, [n(handle as i64), n(0), n(0)]) {
                // It has no handle to try it with.
                Err(libc::EBADF) => Err(libc::ESRCH),
                result => result,
            }
        },
    ),
    Attack::refused(
        "processes.signal-host",
        "send the host a signal",
        |ground| call(libc::SYS_kill, [n(ground.number("host")), n(0)]),
    ),
    Attack::refused(
        "processes.signal-neighbour",
        "send a neighbour a signal",
        |ground| call(libc::SYS_kill, [n(ground.number("neighbour")), n(0)]),
    ),
    Attack::says(
        "processes.signal-parent",
        "send its parent a signal",
        |_| parent(),
    ),
    Attack::refused(
        "processes.signal-everybody",
        "send everybody a signal (kill -1)",
        |_| call(libc::SYS_kill, [n(-1), n(0)]),
    ),
    Attack::says(
        "processes.signal-each",
        "send processes 1 to 100 a signal, one by one",
        |_| each(|pid| call(libc::SYS_kill, [n(pid), n(0)])),
    ),
    Attack::says("processes.thread-signal-each", "the same by tgkill", |_| {
        each(|pid| call(libc::SYS_tgkill, [n(pid), n(pid), n(0)]))
    }),
    Attack::refused(
        "processes.thread-signal-host",
        "send the host a signal by tgkill",
        |ground| {
            let pid = ground.number("host");
            call(libc::SYS_tgkill, [n(pid), n(pid), n(0)])
        },
    ),
    Attack::refused(
        "processes.thread-signal-neighbour",
        "send a neighbour a signal by tgkill",
        |ground| {
            let pid = ground.number("neighbour");
            call(libc::SYS_tgkill, [n(pid), n(pid), n(0)])
        },
    ),
    Attack::refused(
        "processes.old-thread-signal-host",
        "send the host a signal by tkill",
        |ground| call(libc::SYS_tkill, [n(ground.number("host")), n(0)]),
    ),
    Attack::refused(
        "processes.queue-signal-host",
        "send the host a signal with data",
        |ground| {
            let mut information = [0; 128];
            // SI_QUEUE
            information[8..12].copy_from_slice(&(-1_i32).to_ne_bytes());
            call(
                libc::SYS_rt_sigqueueinfo,
                [n(ground.number("host")), n(0), b(&information)],
            )
        },
    ),
    Attack::refused(
        "processes.compare",
        "compare descriptors with the host's (kcmp)",
        |ground| {
            let own = i64::from(std::process::id());
            call(
                libc::SYS_kcmp,
                [n(own), n(ground.number("host")), n(0), n(0), n(0)],
            )
        },
    ),
    Attack::refused(
        "processes.limit-neighbour",
        "set a neighbour's limits",
        |ground| limit(ground, "neighbour"),
    ),
    Attack::refused(
        "processes.limits-of-host",
        "read the host's limits",
        |ground| {
            let mut old = [0; 16];
            let (pid, resource) = (n(ground.number("host")), n(i64::from(libc::RLIMIT_NOFILE)));
            call(libc::SYS_prlimit64, [pid, resource, n(0), room(&mut old)])
        },
    ),
    Attack::refused(
        "processes.pin-neighbour",
        "choose a neighbour's processors",
        |ground| {
            call(
                libc::SYS_sched_setaffinity,
                [n(ground.number("neighbour")), n(8), b(&words(&[1]))],
            )
        },
    ),
    Attack::refused(
        "processes.schedule-neighbour",
        "choose a neighbour's scheduling",
        |ground| {
            let pid = n(ground.number("neighbour"));
            call(
                libc::SYS_sched_setscheduler,
                [pid, n(libc::SCHED_OTHER), b(&words(&[0]))],
            )
        },
    ),
    Attack::refused(
        "processes.nice-neighbour",
        "choose a neighbour's priority",
        |ground| {
            call(
                libc::SYS_setpriority,
                [n(0), n(ground.number("neighbour")), n(0)],
            )
        },
    ),
    Attack::refused(
        "processes.group",
        "join the host's process group",
        |ground| call(libc::SYS_setpgid, [n(0), n(ground.number("host"))]),
    ),
    Attack::refused(
        "processes.locks-of-host",
        "learn an address of the host's memory",
        |ground| {
            let (mut head, mut length) = ([0; 8], [0; 8]);
            let pid = n(ground.number("host"));
            call(
                libc::SYS_get_robust_list,
                [pid, room(&mut head), room(&mut length)],
            )
        },
    ),
];

fn seize(ground: &Ground, who: &str) -> Result<usize, i32> {
    let pid = n(ground.number(who));
    call(
        libc::SYS_ptrace,
        [n(i64::from(libc::PTRACE_SEIZE)), pid, n(0), n(0)],
    )
}

/// At an address where nothing is: the rights are looked at first.
fn memory(ground: &Ground, who: &str, number: libc::c_long) -> Result<usize, i32> {
    let mut bytes = [0_u8; 8];
    let here = words(&[bytes.as_mut_ptr() as u64, 8]);
    let there = words(&[16, 8]);
    call(
        number,
        [n(ground.number(who)), b(&here), n(1), b(&there), n(1), n(0)],
    )
}

fn parent() -> Outcome {
    match call(libc::SYS_getppid, []) {
        // A parent outside of the pid namespace has no number.
        Ok(0) => Outcome::Contained("it has no parent here".to_owned()),
        Ok(pid) => refused(call(libc::SYS_kill, [n(pid as i64), n(0)])),
        Err(error) => refused(Err(error)),
    }
}

fn each(signal: fn(i64) -> Result<usize, i32>) -> Outcome {
    let own = i64::from(std::process::id());
    let mut last = Outcome::Contained("nobody is there".to_owned());
    for pid in (1..=100).filter(|pid| *pid != own) {
        last = refused(signal(pid));
        if matches!(last, Outcome::Escaped(_)) {
            break;
        }
    }
    last
}

/// To what they are.
fn limit(ground: &Ground, who: &str) -> Result<usize, i32> {
    let pid = ground.number(who);
    let none = words(&[0, 0]);
    call(
        libc::SYS_prlimit64,
        [n(pid), n(i64::from(libc::RLIMIT_CORE)), b(&none), n(0)],
    )
}
