//! Making more of a socket than a socket: what options put into the kernel, take from it, or hold there.

use crate::attack::{Attack, Ground, Outcome, any, refused};
use crate::raw::{call, n, room, words};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says(
        "channels.option-program",
        "give a socket a program that the kernel runs (SO_ATTACH_FILTER)",
        |_| {
            // `ret 0`
            let program = words(&[0x0006]);
            let described = words(&[1, program.as_ptr() as u64]);
            set(
                local(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_FILTER,
                &described,
            )
        },
    ),
    Attack::says(
        "channels.option-buffers",
        "let the kernel hold more of what a socket sends",
        |_| {
            any([libc::SO_SNDBUF, libc::SO_RCVBUF]
                .map(|option| set(local(), libc::SOL_SOCKET, option, &number(1 << 20))))
        },
    ),
    Attack::says(
        "channels.option-process",
        "get a hold on the process at a socket's other end (SO_PEERPIDFD)",
        |_| get(local(), libc::SOL_SOCKET, 77),
    ),
    Attack::says(
        "channels.option-credentials",
        "let others' credentials and descriptors of processes come along",
        |_| {
            any([libc::SO_PASSCRED, 76]
                .map(|option| set(local(), libc::SOL_SOCKET, option, &number(1))))
        },
    ),
    Attack::says(
        "network.option-protocol",
        "put another protocol into a TCP socket (TCP_ULP)",
        |ground| set(stream(ground), libc::IPPROTO_TCP, libc::TCP_ULP, b"tls"),
    ),
    Attack::says(
        "network.option-congestion",
        "choose how the kernel deals with congestion",
        |ground| {
            set(
                stream(ground),
                libc::IPPROTO_TCP,
                libc::TCP_CONGESTION,
                b"reno",
            )
        },
    ),
    Attack::says(
        "network.option-zero-copy",
        "let the kernel hold its memory while it sends (SO_ZEROCOPY)",
        |ground| {
            set(
                stream(ground),
                libc::SOL_SOCKET,
                libc::SO_ZEROCOPY,
                &number(1),
            )
        },
    ),
    Attack::says(
        "network.option-spin",
        "let the kernel spin for packets (SO_BUSY_POLL)",
        |ground| {
            set(
                stream(ground),
                libc::SOL_SOCKET,
                libc::SO_BUSY_POLL,
                &number(0),
            )
        },
    ),
    Attack::says(
        "network.option-group",
        "join a group of receivers",
        |ground| {
            let socket = socket(ground, libc::SOCK_DGRAM);
            // 224.0.0.251 at the loopback.
            set(
                socket,
                libc::IPPROTO_IP,
                libc::IP_ADD_MEMBERSHIP,
                &[224, 0, 0, 251, 127, 0, 0, 1],
            )
        },
    ),
    Attack::says(
        "network.option-repair",
        "write a TCP socket's state by hand (TCP_REPAIR)",
        |ground| {
            set(
                stream(ground),
                libc::IPPROTO_TCP,
                libc::TCP_REPAIR,
                &number(1),
            )
        },
    ),
    Attack::says(
        "network.option-tables",
        "read the firewall's tables by a socket",
        |ground| get(stream(ground), libc::IPPROTO_IP, 64),
    ),
];

fn number(value: i32) -> [u8; 4] {
    value.to_ne_bytes()
}

fn local() -> Result<usize, i32> {
    call(
        libc::SYS_socket,
        [n(libc::AF_UNIX), n(libc::SOCK_STREAM), n(0)],
    )
}

fn stream(ground: &Ground) -> Result<usize, i32> {
    socket(ground, libc::SOCK_STREAM)
}

/// Of a network where there may be one.
fn socket(ground: &Ground, kind: i32) -> Result<usize, i32> {
    let family = if ground.has_network() {
        libc::AF_INET
    } else {
        libc::AF_UNIX
    };
    call(libc::SYS_socket, [n(family), n(kind), n(0)])
}

fn set(socket: Result<usize, i32>, level: i32, option: i32, value: &[u8]) -> Outcome {
    let mut value = value.to_vec();
    let length = n(value.len() as i64);
    refused(socket.and_then(|socket| {
        let at = n(socket as i64);
        call(
            libc::SYS_setsockopt,
            [at, n(level), n(option), room(&mut value), length],
        )
    }))
}

fn get(socket: Result<usize, i32>, level: i32, option: i32) -> Outcome {
    let (mut value, mut length) = ([0; 128], number(128));
    refused(socket.and_then(|socket| {
        let at = n(socket as i64);
        call(
            libc::SYS_getsockopt,
            [at, n(level), n(option), room(&mut value), room(&mut length)],
        )
    }))
}
