//! What changes or reads the whole machine. The arguments are such that nothing happens where it is allowed.

use crate::attack::Attack;
use crate::raw::{b, call, n, room, t, words};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::refused("machine.reboot", "reboot", |_| {
        // A wrong magic number.
        call(libc::SYS_reboot, [n(0), n(0), n(0), n(0)])
    }),
    Attack::refused("machine.kexec", "load another kernel", |_| {
        call(
            libc::SYS_kexec_load,
            [n(0), n(1_i64 << 40), n(0), n(0xffff)],
        )
    }),
    Attack::refused(
        "machine.kexec-file",
        "load another kernel from a file",
        |_| {
            call(
                libc::SYS_kexec_file_load,
                [n(-1), n(-1), n(0), n(0), n(0xffff)],
            )
        },
    ),
    Attack::refused("machine.module", "load a module of the kernel", |_| {
        call(libc::SYS_init_module, [n(0), n(0), t(c"")])
    }),
    Attack::refused(
        "machine.module-file",
        "load a module of the kernel from a file",
        |_| call(libc::SYS_finit_module, [n(-1), t(c""), n(0)]),
    ),
    Attack::refused(
        "machine.module-removal",
        "remove a module of the kernel",
        |_| allowed(call(libc::SYS_delete_module, [t(c"thorp-none"), n(0)])),
    ),
    #[cfg(target_arch = "x86_64")]
    Attack::refused("machine.ports", "reach the machine's ports (iopl)", |_| {
        call(libc::SYS_iopl, [n(3)])
    }),
    #[cfg(target_arch = "x86_64")]
    Attack::refused(
        "machine.port",
        "reach one of the machine's ports (ioperm)",
        |_| call(libc::SYS_ioperm, [n(0x80), n(1), n(1)]),
    ),
    Attack::refused("machine.swap-on", "swap to a file", |_| {
        allowed(call(libc::SYS_swapon, [t(c"/thorp-none"), n(0)]))
    }),
    Attack::refused("machine.swap-off", "stop swapping to a file", |_| {
        allowed(call(libc::SYS_swapoff, [t(c"/thorp-none")]))
    }),
    Attack::refused(
        "machine.accounting",
        "have processes recorded in a file",
        |_| allowed(call(libc::SYS_acct, [t(c"/thorp-none")])),
    ),
    Attack::refused("machine.quota", "set quotas of disks", |_| {
        call(
            libc::SYS_quotactl,
            [n(0x80_0002_i64 << 8), t(c"/"), n(0), n(0)],
        )
    }),
    Attack::refused("machine.log", "read the kernel's log", |_| {
        // SYSLOG_ACTION_READ_ALL
        let mut text = [0; 64];
        call(libc::SYS_syslog, [n(3), room(&mut text), n(64)])
    }),
    Attack::refused("machine.host-name", "change the host's name", |_| {
        // Longer than any.
        call(libc::SYS_sethostname, [t(c"x"), n(1000)])
    }),
    Attack::refused("machine.domain-name", "change the host's domain", |_| {
        call(libc::SYS_setdomainname, [t(c"x"), n(1000)])
    }),
    Attack::refused("machine.time-zone", "set the time (settimeofday)", |_| {
        // A time zone 10 000 minutes away.
        call(libc::SYS_settimeofday, [n(0), b(&words(&[10_000]))])
    }),
    Attack::refused("machine.clock", "set the clock (clock_settime)", |_| {
        let mut now = [0; 16];
        call(libc::SYS_clock_gettime, [n(0), room(&mut now)])?;
        call(libc::SYS_clock_settime, [n(0), b(&now)])
    }),
    Attack::refused("machine.clock-tick", "adjust the clock (adjtimex)", |_| {
        // ADJ_TICK, to nothing.
        let mut change = [0; 256];
        change[..4].copy_from_slice(&0x4000_u32.to_ne_bytes());
        call(libc::SYS_adjtimex, [room(&mut change)])
    }),
    Attack::refused(
        "machine.clock-adjust",
        "adjust the clock (clock_adjtime)",
        |_| {
            let mut change = [0; 256];
            change[..4].copy_from_slice(&0x4000_u32.to_ne_bytes());
            call(libc::SYS_clock_adjtime, [n(0), room(&mut change)])
        },
    ),
    Attack::refused("machine.terminal", "hang up the terminal (vhangup)", |_| {
        call(libc::SYS_vhangup, [])
    }),
    Attack::refused(
        "machine.performance",
        "count what the processor does (perf_event_open)",
        |_| {
            // PERF_TYPE_SOFTWARE, of this process.
            let mut event = [0; 128];
            event[..8].copy_from_slice(&[1_u32, 128].map(u32::to_ne_bytes).concat());
            call(
                libc::SYS_perf_event_open,
                [b(&event), n(0), n(-1), n(-1), n(0)],
            )
        },
    ),
    Attack::refused(
        "machine.performance-all",
        "count what everybody does",
        |_| {
            let mut event = [0; 128];
            event[..8].copy_from_slice(&[1_u32, 128].map(u32::to_ne_bytes).concat());
            call(
                libc::SYS_perf_event_open,
                [b(&event), n(-1), n(0), n(-1), n(0)],
            )
        },
    ),
    Attack::refused(
        "machine.bpf",
        "load a program into the kernel (bpf)",
        |_| {
            // BPF_MAP_CREATE of an array with one entry of four bytes.
            let map = [2_u32, 4, 4, 1, 0, 0].map(u32::to_ne_bytes).concat();
            let mut attributes = [0; 128];
            attributes[..map.len()].copy_from_slice(&map);
            call(libc::SYS_bpf, [n(0), b(&attributes), n(128)])
        },
    ),
    Attack::refused(
        "machine.watch-all",
        "watch everybody's files (fanotify)",
        |_| call(libc::SYS_fanotify_init, [n(0), n(0)]),
    ),
    Attack::refused("machine.watch", "watch files (inotify)", |_| {
        call(libc::SYS_inotify_init1, [n(0)])
    }),
];

/// Whoever is told that a file is not there has passed the check of rights.
fn allowed(result: Result<usize, i32>) -> Result<usize, i32> {
    match result {
        Err(libc::ENOENT) => Err(libc::EINVAL),
        result => result,
    }
}
