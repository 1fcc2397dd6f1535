//! Reaching others without a network: sockets of the machine, queues, shared memory.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

use crate::attack::{Attack, Outcome, any, failed};
use crate::raw::{call, n, room, t};

pub(crate) const ATTACKS: &[Attack] = &[
    Attack::says(
        "channels.docker-socket",
        "connect to a socket file of the host's group",
        |ground| connect(ground.join("outside", "group.sock")),
    ),
    Attack::says(
        "channels.open-socket",
        "connect to a socket file that everybody may use",
        |ground| connect(ground.join("outside", "open.sock")),
    ),
    Attack::says(
        "channels.neighbour-socket",
        "connect to a neighbour's socket file",
        |ground| connect(ground.join("neighbour-folder", "socket")),
    ),
    Attack::says(
        "channels.proc-socket",
        "connect to a socket through the host's root in /proc",
        |ground| {
            let path = ground.join("outside", "open.sock");
            connect(format!(
                "/proc/{}/root{}",
                ground.word("host"),
                path.display()
            ))
        },
    ),
    Attack::says(
        "channels.abstract",
        "connect to an abstract socket of the host",
        |ground| {
            let found = SocketAddr::from_abstract_name(ground.word("abstract"))
                .and_then(|address| UnixStream::connect_addr(&address));
            failed(found, |_| "connected".to_owned())
        },
    ),
    Attack::says(
        "channels.abstract-datagram",
        "send to an abstract socket of the host",
        |ground| {
            let found =
                SocketAddr::from_abstract_name(format!("{}-datagram", ground.word("abstract")))
                    .and_then(|address| UnixDatagram::unbound()?.send_to_addr(b"x", &address));
            failed(found, |_| "sent".to_owned())
        },
    ),
    Attack::says(
        "channels.abstract-taken",
        "take an abstract name that the host wants",
        |ground| {
            // In its own network namespace it may: nobody of the host looks there.
            let name = format!("{}-wanted", ground.word("abstract"));
            let bound = SocketAddr::from_abstract_name(&name)
                .and_then(|address| UnixListener::bind_addr(&address));
            match bound {
                Ok(_) if host_sees(&name, ground.word("host")) => {
                    Outcome::Escaped("the host would connect to it".to_owned())
                }
                Ok(_) => Outcome::Contained("it is a name of its own".to_owned()),
                Err(error) => Outcome::Contained(error.to_string()),
            }
        },
    ),
    Attack::says("channels.log", "write to the system's log", |_| {
        any([
            "/dev/log",
            "/run/systemd/journal/socket",
            "/run/systemd/journal/stdout",
        ]
        .map(|path| {
            let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to(b"x", path));
            failed(sent, |_| path.to_owned())
        }))
    }),
    Attack::says(
        "channels.services",
        "connect to services of the system",
        |_| {
            any([
                "/run/dbus/system_bus_socket",
                "/run/docker.sock",
                "/run/nscd/socket",
            ]
            .map(connect))
        },
    ),
    Attack::says(
        "channels.credentials",
        "claim to be root over a socket",
        |_| forged(),
    ),
    Attack::refused(
        "channels.queue",
        "open a queue of messages (mq_open)",
        |_| {
            let flags = libc::O_CREAT | libc::O_RDWR;
            let opened = call(
                libc::SYS_mq_open,
                [t(c"thorp-attack"), n(flags), n(0o600), n(0)],
            );
            let _ = call(libc::SYS_mq_unlink, [t(c"thorp-attack")]);
            opened
        },
    ),
    Attack::refused(
        "channels.shared-memory",
        "make shared memory (shmget)",
        |_| {
            let made = call(libc::SYS_shmget, [n(0), n(4096), n(0o600)])?;
            call(libc::SYS_shmctl, [n(made as i64), n(libc::IPC_RMID), n(0)])?;
            Ok(made)
        },
    ),
    Attack::refused("channels.semaphores", "make semaphores (semget)", |_| {
        let made = call(libc::SYS_semget, [n(0), n(1), n(0o600)])?;
        call(
            libc::SYS_semctl,
            [n(made as i64), n(0), n(libc::IPC_RMID), n(0)],
        )?;
        Ok(made)
    }),
    Attack::refused(
        "channels.messages",
        "make a queue of messages (msgget)",
        |_| {
            let made = call(libc::SYS_msgget, [n(0), n(0o600)])?;
            call(libc::SYS_msgctl, [n(made as i64), n(libc::IPC_RMID), n(0)])?;
            Ok(made)
        },
    ),
    Attack::refused(
        "channels.shared-memory-list",
        "learn what memory others share",
        |_| {
            // SHM_INFO
            let mut found = [0; 128];
            call(libc::SYS_shmctl, [n(0), n(14), room(&mut found)])
        },
    ),
];

fn connect(path: impl AsRef<std::path::Path>) -> Outcome {
    failed(UnixStream::connect(&path), |_| {
        format!("connected to {}", path.as_ref().display())
    })
}

/// Whether this process and the host have one network namespace.
fn host_sees(name: &str, host: &str) -> bool {
    let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net"));
    match (of("self"), of(host)) {
        (Ok(own), Ok(theirs)) => own == theirs,
        // Without namespaces, processes of the host have numbers here.
        _ => !name.is_empty() && call(libc::SYS_getppid, []) != Ok(0),
    }
}

fn forged() -> Outcome {
    let result = UnixStream::pair().and_then(|(socket, _other)| send_credentials(&socket));
    failed(result, |()| "root's credentials were sent".to_owned())
}

/// A message with `SCM_CREDENTIALS` that say process 1, user 0, group 0.
fn send_credentials(socket: &UnixStream) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let text = *b"x";
    let part = crate::raw::words(&[text.as_ptr() as u64, 1]);
    let mut control = crate::raw::words(&[28]);
    for word in [libc::SOL_SOCKET, libc::SCM_CREDENTIALS, 1, 0, 0, 0] {
        control.extend(word.to_ne_bytes());
    }
    let message = crate::raw::words(&[
        0,
        0,
        part.as_ptr() as u64,
        1,
        control.as_ptr() as u64,
        control.len() as u64,
        0,
    ]);
    call(
        libc::SYS_sendmsg,
        [
            n(socket.as_raw_fd()),
            crate::raw::b(&message),
            n(libc::MSG_NOSIGNAL),
        ],
    )
    .map(drop)
    .map_err(io::Error::from_raw_os_error)
}
