//! Reaching a network, and making sockets that reach into the kernel.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::attack::{Attack, Ground, How, Outcome, any, failed, refused, text};
use crate::raw::{call, n, room};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says(
        "network.loopback",
        "connect to a server of the host on 127.0.0.1",
        |ground| connect(&format!("127.0.0.1:{}", ground.word("port"))),
    ),
    Attack::says(
        "network.loopback-names",
        "connect to it by other names of this machine",
        |ground| {
            let port = ground.word("port");
            any([
                "0.0.0.0",
                "127.1.2.3",
                "[::ffff:127.0.0.1]",
                "[::1]",
                "[::]",
            ]
            .map(|host| connect(&format!("{host}:{port}"))))
        },
    ),
    Attack::says(
        "network.metadata",
        "connect to the metadata service of a cloud",
        |_| any(["169.254.169.254:80", "[fd00:ec2::254]:80"].map(connect)),
    ),
    Attack::says("network.private", "connect to private networks", |_| {
        any(["10.0.0.1:80", "172.17.0.1:80", "192.168.0.1:80"].map(connect))
    }),
    Attack::says("network.listen", "listen on TCP", |_| {
        any(["127.0.0.1:0", "0.0.0.0:0", "[::]:0"]
            .map(|address| failed(TcpListener::bind(address), |_| address.to_owned())))
    }),
    Attack::says(
        "network.datagram",
        "send to a server of the host by UDP",
        |ground| {
            let sent = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
                socket.send_to(b"x", format!("127.0.0.1:{}", ground.word("port")))
            });
            failed(sent, |_| "sent".to_owned())
        },
    ),
    Attack::says(
        "network.stream",
        "a socket for TCP; in a network of its own, one that listens",
        |ground| listening(ground, libc::AF_INET),
    ),
    Attack::says("network.stream-6", "the same over IPv6", |ground| {
        listening(ground, libc::AF_INET6)
    }),
    Attack::says(
        "network.udp",
        "a socket for UDP; in a network of its own, one with a port",
        |ground| {
            if ground.has_network() {
                any(["127.0.0.1:53", "0.0.0.0:0"]
                    .map(|address| failed(UdpSocket::bind(address), |_| address.to_owned())))
            } else {
                made(libc::AF_INET, libc::SOCK_DGRAM)
            }
        },
    ),
    Attack::says(
        "network.foreign-address",
        "send from an address of its choice, past routes, or marked for the firewall",
        |_| {
            let options = [
                (libc::IPPROTO_IP, libc::IP_TRANSPARENT),
                (libc::SOL_SOCKET, libc::SO_MARK),
                (libc::SOL_SOCKET, libc::SO_RCVBUFFORCE),
            ];
            any(options.map(|(level, option)| set(level, option)))
        },
    ),
    socket(
        "network.mptcp",
        "a socket for MPTCP",
        libc::AF_INET,
        libc::SOCK_STREAM,
        262,
    ),
    socket(
        "network.sctp",
        "a socket for SCTP",
        libc::AF_INET,
        libc::SOCK_STREAM,
        132,
    ),
    socket(
        "network.ping",
        "a socket for pings",
        libc::AF_INET,
        libc::SOCK_DGRAM,
        1,
    ),
    socket(
        "network.raw",
        "a raw socket",
        libc::AF_INET,
        libc::SOCK_RAW,
        1,
    ),
    socket(
        "network.raw-6",
        "a raw socket for IPv6",
        libc::AF_INET6,
        libc::SOCK_RAW,
        58,
    ),
    socket(
        "network.packet",
        "a socket for packets",
        libc::AF_PACKET,
        libc::SOCK_RAW,
        768,
    ),
    socket(
        "network.routes",
        "a socket to the kernel's routes",
        libc::AF_NETLINK,
        libc::SOCK_RAW,
        0,
    ),
    socket(
        "network.firewall",
        "a socket to the firewall",
        libc::AF_NETLINK,
        libc::SOCK_RAW,
        12,
    ),
    socket(
        "network.audit",
        "a socket to the audit log",
        libc::AF_NETLINK,
        libc::SOCK_RAW,
        9,
    ),
    socket(
        "network.vsock",
        "a socket to the hypervisor",
        libc::AF_VSOCK,
        libc::SOCK_STREAM,
        0,
    ),
    socket(
        "network.crypto",
        "a socket to the kernel's ciphers",
        libc::AF_ALG,
        libc::SOCK_SEQPACKET,
        0,
    ),
    socket(
        "network.bluetooth",
        "a socket for Bluetooth",
        libc::AF_BLUETOOTH,
        libc::SOCK_RAW,
        1,
    ),
    socket(
        "network.express",
        "a socket for XDP",
        libc::AF_XDP,
        libc::SOCK_RAW,
        0,
    ),
    socket(
        "network.key",
        "a socket to the keys of IPsec",
        libc::AF_KEY,
        libc::SOCK_RAW,
        2,
    ),
    Attack::says("network.rare", "a socket of any other family", |_| {
        any((0..=50)
            .filter(|family| ![libc::AF_UNIX, libc::AF_INET, libc::AF_INET6].contains(family))
            .map(|family| {
                any([
                    libc::SOCK_STREAM,
                    libc::SOCK_DGRAM,
                    libc::SOCK_RAW,
                    libc::SOCK_SEQPACKET,
                ]
                .map(|kind| {
                    match call(libc::SYS_socket, [n(family), n(kind), n(0)]) {
                        Ok(_) => Outcome::Escaped(format!("a socket of family {family}")),
                        Err(error) => Outcome::Contained(text(error)),
                    }
                }))
            }))
    }),
    Attack::refused("network.pair", "a pair of sockets for TCP", |_| {
        let mut found = [0; 8];
        call(
            libc::SYS_socketpair,
            [
                n(libc::AF_INET),
                n(libc::SOCK_STREAM),
                n(0),
                room(&mut found),
            ],
        )
    }),
    Attack::says(
        "network.interfaces",
        "learn of the host's network interfaces",
        |_| interfaces(),
    ),
];

const WAIT: Duration = Duration::from_millis(300);

const fn socket(
    name: &'static str,
    tries: &'static str,
    family: i32,
    kind: i32,
    protocol: i32,
) -> Attack {
    Attack {
        name,
        tries,
        how: How::Socket(family, kind, protocol),
    }
}

fn connect(address: &str) -> Outcome {
    let Ok(address) = address.parse::<SocketAddr>() else {
        return Outcome::Contained("it is no address".to_owned());
    };
    failed(TcpStream::connect_timeout(&address, WAIT), |_| {
        format!("connected to {address}")
    })
}

fn made(family: i32, kind: i32) -> Outcome {
    refused(call(libc::SYS_socket, [n(family), n(kind), n(0)]))
}

/// Without a port: Landlock refuses only to take one.
fn listening(ground: &Ground, family: i32) -> Outcome {
    if !ground.has_network() {
        return made(family, libc::SOCK_STREAM);
    }
    match call(libc::SYS_socket, [n(family), n(libc::SOCK_STREAM), n(0)]) {
        Ok(socket) => refused(call(libc::SYS_listen, [n(socket as i64), n(1)])),
        Err(error) => Outcome::Escaped(format!("no socket at all: {}", text(error))),
    }
}

fn set(level: i32, option: i32) -> Outcome {
    let socket = call(
        libc::SYS_socket,
        [n(libc::AF_INET), n(libc::SOCK_STREAM), n(0)],
    );
    let Ok(socket) = socket else {
        return refused(socket);
    };
    let mut value = 1_i32.to_ne_bytes();
    refused(call(
        libc::SYS_setsockopt,
        [
            n(socket as i64),
            n(level),
            n(option),
            room(&mut value),
            n(4),
        ],
    ))
}

/// By a socket of the kind that may be made.
fn interfaces() -> Outcome {
    let socket = call(
        libc::SYS_socket,
        [n(libc::AF_UNIX), n(libc::SOCK_STREAM), n(0)],
    );
    match socket {
        Ok(socket) => {
            // SIOCGIFNAME of the first, which is the loopback everywhere, and of the second.
            let mut request = [0; 40];
            request[16] = 2;
            refused(call(
                libc::SYS_ioctl,
                [n(socket as i64), n(0x8910), room(&mut request)],
            ))
        }
        Err(error) => refused(Err(error)),
    }
}
