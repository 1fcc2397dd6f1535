use std::str::FromStr;

use libc::{c_long, sock_filter};
use syscalls::{aarch64, x86_64};

use super::{ARCHITECTURE, NUMBER_AT, Sockets, architecture, assemble, calls, program};

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

/// What the kernel would find, for the instructions that a filter has.
fn run(program: &[sock_filter], data: &[u8; 64]) -> u32 {
    let (mut at, mut value) = (0, 0_u32);
    loop {
        let step = program[at];
        at += 1;
        let jump = |condition: bool| usize::from(if condition { step.jt } else { step.jf });
        match u32::from(step.code) {
            0x20 => {
                let offset = step.k as usize;
                value = u32::from_le_bytes(data[offset..offset + 4].try_into().unwrap());
            }
            0x06 => return step.k,
            0x05 => at += step.k as usize,
            0x15 => at += jump(value == step.k),
            0x35 => at += jump(value >= step.k),
            0x54 => value &= step.k,
            0x45 => at += jump(value & step.k != 0),
            code => panic!("an unknown instruction {code:#x}"),
        }
    }
}

fn asked(architecture: u32, number: u32, arguments: &[u64]) -> [u8; 64] {
    let mut data = [0; 64];
    data[NUMBER_AT as usize..4].copy_from_slice(&number.to_le_bytes());
    data[4..8].copy_from_slice(&architecture.to_le_bytes());
    for (index, argument) in arguments.iter().enumerate() {
        data[16 + index * 8..24 + index * 8].copy_from_slice(&argument.to_le_bytes());
    }
    data
}

fn check(call: c_long, arguments: &[u64], expected: Result<(), i32>) {
    check_with(Sockets::Local, call, arguments, expected);
}

fn check_with(sockets: Sockets, call: c_long, arguments: &[u64], expected: Result<(), i32>) {
    let found = run(
        &program(sockets),
        &asked(ARCHITECTURE, call as u32, arguments),
    );
    let expected = match expected {
        Ok(()) => ALLOW,
        Err(error) => libc::SECCOMP_RET_ERRNO | error as u32,
    };
    assert_eq!(found, expected, "call {call} with {arguments:x?}");
}

#[test]
fn what_a_program_needs_is_allowed() {
    for call in [
        libc::SYS_read,
        libc::SYS_mmap,
        libc::SYS_futex,
        libc::SYS_execve,
        libc::SYS_statx,
    ] {
        check(call, &[], Ok(()));
    }
}

#[test]
fn what_it_does_not_need_is_refused() {
    for call in [
        libc::SYS_ptrace,
        libc::SYS_mount,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_bpf,
        libc::SYS_io_uring_setup,
        libc::SYS_kill,
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_execveat,
        libc::SYS_keyctl,
        libc::SYS_userfaultfd,
        libc::SYS_perf_event_open,
        libc::SYS_memfd_create,
        libc::SYS_pidfd_open,
        libc::SYS_process_vm_readv,
        libc::SYS_open_by_handle_at,
        libc::SYS_setuid,
        libc::SYS_seccomp,
        libc::SYS_setrlimit,
        9_999,
        0x3fff_ffff,
    ] {
        check(call, &[], Err(libc::EPERM));
    }
}

#[test]
fn processes_are_refused_and_threads_are_not() {
    let thread = (libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_THREAD) as u64;
    check(libc::SYS_clone, &[thread], Ok(()));
    check(libc::SYS_clone, &[libc::SIGCHLD as u64], Err(libc::EPERM));
    let hidden = thread | libc::CLONE_NEWUSER as u64;
    check(libc::SYS_clone, &[hidden], Err(libc::EPERM));
    check(libc::SYS_clone3, &[], Err(libc::ENOSYS));
}

#[test]
fn arguments_decide() {
    check(libc::SYS_socket, &[libc::AF_UNIX as u64], Ok(()));
    for family in [
        libc::AF_INET,
        libc::AF_INET6,
        libc::AF_NETLINK,
        libc::AF_PACKET,
        libc::AF_VSOCK,
        libc::AF_ALG,
    ] {
        check(libc::SYS_socket, &[family as u64], Err(libc::EPERM));
    }
    check(libc::SYS_prlimit64, &[0, 7, 0, 1], Ok(()));
    check(libc::SYS_prlimit64, &[0, 7, 8], Err(libc::EPERM));
    check(libc::SYS_prlimit64, &[0, 7, 1 << 40], Err(libc::EPERM));
    check(libc::SYS_ioctl, &[0, libc::TIOCSTI], Err(libc::EPERM));
    check(libc::SYS_ioctl, &[0, libc::FIONREAD], Ok(()));
    check(
        libc::SYS_prctl,
        &[libc::PR_SET_SECCOMP as u64],
        Err(libc::EPERM),
    );
}

#[test]
fn sockets_have_few_settings() {
    let set = |level: i32, option: i32, expected| {
        let arguments = [3, level as u64, option as u64];
        check(libc::SYS_setsockopt, &arguments, expected);
    };
    let get = |level: i32, option: i32, expected| {
        let arguments = [3, level as u64, option as u64];
        check(libc::SYS_getsockopt, &arguments, expected);
    };
    set(libc::SOL_SOCKET, libc::SO_LINGER, Ok(()));
    set(libc::IPPROTO_TCP, libc::TCP_NODELAY, Ok(()));
    set(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, Ok(()));
    get(libc::SOL_SOCKET, libc::SO_ERROR, Ok(()));
    let refused = Err(libc::EPERM);
    set(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, refused);
    set(libc::SOL_SOCKET, libc::SO_SNDBUF, refused);
    set(libc::IPPROTO_TCP, libc::TCP_ULP, refused);
    // The number of an option of another level.
    set(libc::IPPROTO_IP, libc::SO_LINGER, refused);
    set(libc::IPPROTO_UDP, libc::SO_REUSEADDR, refused);
    get(libc::SOL_SOCKET, 77, refused);
}

#[test]
fn memory_is_of_kinds_that_limits_count() {
    let map = |flags: i32, expected| check(libc::SYS_mmap, &[0, 4096, 3, flags as u64], expected);
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    map(private | libc::MAP_NORESERVE | libc::MAP_STACK, Ok(()));
    map(libc::MAP_SHARED, Ok(()));
    map(libc::MAP_SHARED | libc::MAP_ANONYMOUS, Err(libc::EPERM));
    map(
        libc::MAP_SHARED_VALIDATE | libc::MAP_ANONYMOUS,
        Err(libc::EPERM),
    );
    map(private | libc::MAP_GROWSDOWN, Err(libc::EPERM));
    map(private | libc::MAP_HUGETLB, Err(libc::EPERM));
}

#[test]
fn every_number_is_decided() {
    let program = program(Sockets::Local);
    let allowed = (0..2_000)
        .filter(|number| run(&program, &asked(ARCHITECTURE, *number, &[])) == ALLOW)
        .count();
    assert!((100..200).contains(&allowed), "{allowed} calls are allowed");
}

#[test]
fn another_architecture_is_the_end() {
    let i386 = 0x4000_0003;
    let found = run(&program(Sockets::Local), &asked(i386, 11, &[]));
    assert_eq!(found, libc::SECCOMP_RET_KILL_PROCESS);
    // The x32 ABI has the same architecture, and numbers with a bit of their own.
    let x32 = 0x4000_0000 | libc::SYS_read as u32;
    let found = run(&program(Sockets::Local), &asked(ARCHITECTURE, x32, &[]));
    assert_eq!(found, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
}

#[test]
fn outward_sockets_are_of_tcp_and_udp_and_do_not_listen() {
    const FLAGS: u64 = 0o2_004_000;
    let check = |call, arguments: &[u64], expected| {
        check_with(Sockets::Outward, call, arguments, expected);
    };
    for socket in [
        [1, 1, 0],
        [1, 5, 0],
        [2, 1, 0],
        [2, 1 | FLAGS, 6],
        [10, 1, 6],
        [2, 2, 0],
        [10, 2 | FLAGS, 17],
    ] {
        check(libc::SYS_socket, &socket, Ok(()));
    }
    // Raw, sequenced, MPTCP, SCTP, ICMP, netlink, packets, the host's machine.
    for socket in [
        [2, 3, 0],
        [10, 3, 58],
        [2, 5, 132],
        [2, 1, 262],
        [2, 1, 132],
        [2, 2, 1],
        [10, 2, 58],
        [16, 3, 0],
        [17, 3, 768],
        [40, 1, 0],
        [43, 1, 0],
    ] {
        check(libc::SYS_socket, &socket, Err(libc::EPERM));
    }
    for call in [
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
    ] {
        check(call, &[], Err(libc::EPERM));
    }
    check(libc::SYS_connect, &[], Ok(()));
}

/// The number that a second source has for a call.
fn number<T: FromStr>(call: &str, id: impl Fn(T) -> i32) -> Option<u32> {
    let name = call.trim_start_matches("SYS_");
    u32::try_from(id(name.parse().ok()?)).ok()
}

fn on_x86_64(call: &str) -> Option<u32> {
    number(call, |call: x86_64::Sysno| call.id())
}

fn on_aarch64(call: &str) -> Option<u32> {
    // The kernel calls it so where there was none before; libc calls it everywhere as x86-64 does.
    let call = match call {
        "SYS_newfstatat" => "SYS_fstatat",
        other => other,
    };
    number(call, |call: aarch64::Sysno| call.id())
}

#[test]
fn two_sources_agree_on_the_numbers_of_calls() {
    let second = if cfg!(target_arch = "aarch64") {
        on_aarch64
    } else {
        on_x86_64
    };
    for sockets in [Sockets::Local, Sockets::Outward] {
        for ((call, number), _) in calls::rules(sockets) {
            assert_eq!(second(call).map(c_long::from), Some(number), "{call}");
        }
    }
}

/// Tried on whatever runs the tests: the calls that the list has everywhere are there, those that only x86-64 has are not,
/// and the filter that comes of it decides the same.
#[test]
fn the_filter_of_aarch64_is_the_same_by_its_own_numbers() {
    const OLD: usize = 22;
    let rules = calls::rules(Sockets::Outward);
    let (there, missing): (Vec<_>, Vec<_>) = rules
        .into_iter()
        .map(|((call, _), rule)| (call, on_aarch64(call), rule))
        .partition(|(_, number, _)| number.is_some());
    let missing: Vec<&str> = missing.into_iter().map(|(call, ..)| call).collect();
    let expected = if cfg!(target_arch = "x86_64") { OLD } else { 0 };
    assert_eq!(missing.len(), expected, "{missing:?}");
    let architecture = architecture(libc::EM_AARCH64);
    let numbered = there
        .iter()
        .filter_map(|(_, number, rule)| Some(((*number)?, *rule)));
    let program = assemble(architecture, numbered.collect());
    let check = |call: &str, arguments: &[u64], expected: Result<(), i32>| {
        let number = on_aarch64(call).unwrap();
        let expected =
            expected.map_or_else(|error| libc::SECCOMP_RET_ERRNO | error as u32, |()| ALLOW);
        let found = run(&program, &asked(architecture, number, arguments));
        assert_eq!(found, expected, "{call}");
    };
    for call in ["read", "openat", "futex", "execve", "rseq", "exit_group"] {
        check(call, &[], Ok(()));
    }
    let refused = Err(libc::EPERM);
    for call in [
        "ptrace",
        "mount",
        "unshare",
        "setns",
        "bpf",
        "keyctl",
        "io_uring_setup",
        "kill",
        "bind",
    ] {
        check(call, &[], refused);
    }
    check("clone", &[libc::CLONE_THREAD as u64], Ok(()));
    check("clone", &[libc::SIGCHLD as u64], refused);
    check("clone3", &[], Err(libc::ENOSYS));
    check("socket", &[libc::AF_NETLINK as u64, 3, 0], refused);
    let other = run(
        &program,
        &asked(super::architecture(libc::EM_X86_64), 0, &[]),
    );
    assert_eq!(other, libc::SECCOMP_RET_KILL_PROCESS);
}
