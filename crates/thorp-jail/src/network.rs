//! A network of a process's own, in which every address leads to the host.
//!
//! The process, still with all rights in its new and empty network, makes every address local to it, listens at the wanted
//! ports, and sends the listeners to the host. Whatever it connects to later, the host accepts, and learns from the
//! accepted socket which address was meant. Datagrams reach nothing but the name server, which is the host too.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

use crate::limits::{
    PORTS_MAX, READ_MEMORY_BYTES_MAX, RECEIVE_BYTES_MAX, SEND_MEMORY_BYTES_MAX,
    WAITING_CONNECTIONS_MAX,
};
use crate::message;

/// Where a program without `/etc/resolv.conf` asks for names.
const NAME_SERVER: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 53);

/// The only interface of a new network.
const LOOPBACK: u32 = 1;
/// As on a real network: what a process may have on the way grows with it, and IPv6 needs 1280.
const PACKET_BYTES: u32 = 1500;

/// What takes the connections of a process.
#[derive(Debug)]
pub struct Network {
    /// One for each of [`crate::Jail::ports`]; an accepted connection's own address is the one that was meant.
    pub listeners: Vec<TcpListener>,
    /// Where the process asks for names.
    pub names: UdpSocket,
}

impl Network {
    pub(crate) fn receive(socket: &OwnedFd) -> Option<Self> {
        let ((), descriptors) = message::receive(socket.as_fd()).ok()??;
        let mut descriptors = descriptors.into_iter();
        Some(Self {
            names: descriptors.next()?.into(),
            listeners: descriptors.map(TcpListener::from).collect(),
        })
    }
}

/// Sets this process's network up and sends it to the host. Where a step fails, there is none: the program is confined as
/// well, and the host sees that nothing came.
pub(crate) fn open(ports: &[u16], host: BorrowedFd<'_>, proc: BorrowedFd<'_>) {
    bound_buffers(proc);
    if let Ok(sockets) = listen(ports) {
        let descriptors: Vec<BorrowedFd<'_>> = sockets.iter().map(AsFd::as_fd).collect();
        let _ = message::send(host, &(), &descriptors);
    }
}

/// What the kernel holds of connections of this network: where no control group counts it, nothing else bounds it, and all
/// processes of the machine have a share in how much it may be. `proc` is that of the host, and shows each process the
/// settings of its own network; where they cannot be written, the system's stay.
fn bound_buffers(proc: BorrowedFd<'_>) {
    for (name, most) in [
        ("sys/net/ipv4/tcp_wmem", SEND_MEMORY_BYTES_MAX),
        ("sys/net/ipv4/tcp_rmem", READ_MEMORY_BYTES_MAX),
    ] {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        if let Ok(file) = rustix::fs::openat(proc, name, flags, Mode::empty()) {
            // The least, the first and the most.
            let text = format!("4096 {most} {most}");
            let _ = rustix::io::write(&file, text.as_bytes());
        }
    }
}

fn listen(ports: &[u16]) -> Result<Vec<OwnedFd>, Errno> {
    let netlink = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    ask(&netlink, &link_up())?;
    ask(&netlink, &all_local(AddressFamily::INET))?;
    let has_v6 = ask(&netlink, &all_local(AddressFamily::INET6)).is_ok();
    let names = socket(AddressFamily::INET, SocketType::DGRAM)?;
    rustix::net::bind(&names, &SocketAddr::from(NAME_SERVER))?;
    let mut sockets = vec![names];
    for port in ports.iter().take(PORTS_MAX) {
        sockets.push(listener(*port, has_v6)?);
    }
    Ok(sockets)
}

fn socket(family: AddressFamily, kind: SocketType) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(family, kind, flags, None)
}

/// At every address of both kinds.
fn listener(port: u16, has_v6: bool) -> Result<OwnedFd, Errno> {
    let (family, any) = if has_v6 {
        (
            AddressFamily::INET6,
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
        )
    } else {
        (
            AddressFamily::INET,
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
        )
    };
    let socket = socket(family, SocketType::STREAM)?;
    // Before it listens: accepted connections take it over.
    sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BYTES_MAX)?;
    rustix::net::bind(&socket, &any)?;
    rustix::net::listen(&socket, WAITING_CONNECTIONS_MAX)?;
    Ok(socket)
}

const ACKNOWLEDGE: u16 = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
const CREATE: u16 = libc::NLM_F_CREATE as u16;
const HEADER_BYTES: usize = 16;

/// `RTM_NEWLINK`: the interface is up.
fn link_up() -> Vec<u8> {
    let up = libc::IFF_UP.cast_unsigned();
    let mut body = vec![0; 4];
    for word in [LOOPBACK, up, up] {
        body.extend(word.to_ne_bytes());
    }
    body.extend(attribute(libc::IFLA_MTU, PACKET_BYTES));
    message_of(libc::RTM_NEWLINK, 0, &body)
}

/// `RTM_NEWROUTE`: every address of the family is this machine's.
fn all_local(family: AddressFamily) -> Vec<u8> {
    let mut body = vec![
        family.as_raw().to_ne_bytes()[0],
        0,
        0,
        0,
        libc::RT_TABLE_LOCAL,
        libc::RTPROT_STATIC,
        libc::RT_SCOPE_HOST,
        libc::RTN_LOCAL,
    ];
    body.extend([0; 4]);
    body.extend(attribute(libc::RTA_OIF, LOOPBACK));
    message_of(libc::RTM_NEWROUTE, CREATE, &body)
}

fn attribute(name: u16, value: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..2].copy_from_slice(&8_u16.to_ne_bytes());
    bytes[2..4].copy_from_slice(&name.to_ne_bytes());
    bytes[4..].copy_from_slice(&value.to_ne_bytes());
    bytes
}

/// `nlmsghdr` and what follows it.
fn message_of(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = (HEADER_BYTES + body.len()) as u32;
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((ACKNOWLEDGE | flags).to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend(body);
    bytes
}

/// The kernel has answered when the request has been sent.
fn ask(netlink: &OwnedFd, request: &[u8]) -> Result<(), Errno> {
    let kernel = SocketAddrNetlink::new(0, 0);
    rustix::net::sendto(netlink, request, SendFlags::empty(), &kernel)?;
    let mut answer = [0; 512];
    let (length, _) = rustix::net::recv(netlink, &mut answer, RecvFlags::DONTWAIT)?;
    let code = answer[..length]
        .get(HEADER_BYTES..HEADER_BYTES + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .map(i32::from_ne_bytes);
    match code {
        Some(0) => Ok(()),
        Some(code) => Err(Errno::from_raw_os_error(-code)),
        None => Err(Errno::BADMSG),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};
    use std::os::fd::OwnedFd;

    use rustix::io::Errno;
    use rustix::net::{AddressFamily, SendFlags, SocketType, sockopt};

    use super::{listener, socket};
    use crate::limits::{RECEIVE_BYTES_MAX, WAITING_CONNECTIONS_MAX};

    /// How many connections wait at a port, as the kernel says.
    fn waiting(port: u16) -> usize {
        let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        let port = format!(":{port:04X}");
        let mut lines = table.lines().map(|line| line.split_whitespace());
        let queues = lines.find_map(|mut words| {
            let is_listener = words.nth(1)?.ends_with(&port) && words.nth(1)? == "0A";
            is_listener.then(|| words.next().unwrap().to_owned())
        });
        let queues = queues.expect("somebody listens");
        usize::from_str_radix(queues.split_once(':').unwrap().1, 16).unwrap()
    }

    #[test]
    fn what_waits_for_the_host_is_bounded() {
        let listener = TcpListener::from(listener(0, false).unwrap());
        let port = listener.local_addr().unwrap().port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let most = usize::try_from(WAITING_CONNECTIONS_MAX).unwrap();
        let connect = |_| {
            let guest = socket(AddressFamily::INET, SocketType::STREAM).unwrap();
            assert_eq!(
                rustix::net::connect(&guest, &address),
                Err(Errno::INPROGRESS)
            );
            guest
        };
        let guests: Vec<OwnedFd> = (0..most + 40).map(connect).collect();
        // The kernel takes one more than it is told.
        assert_eq!(waiting(port), most + 1);
        let (taken, _) = listener.accept().unwrap();
        assert_eq!(waiting(port), most);
        // And counts twice the bytes, for what it keeps beside them.
        let room = sockopt::socket_recv_buffer_size(&taken).unwrap();
        assert_eq!(room, 2 * RECEIVE_BYTES_MAX);
        let part = [0; 4096];
        let mut sent = 0;
        while let Ok(bytes) = rustix::net::send(&guests[0], &part, SendFlags::NOSIGNAL) {
            sent += bytes;
        }
        let unread = usize::try_from(rustix::io::ioctl_fionread(&taken).unwrap()).unwrap();
        assert!(
            sent > 0 && (1..=room).contains(&unread),
            "{unread} of {sent}"
        );
    }
}
