//! Where the town listens: this machine only, unless vals have a jail.

use crate::failure::{Exit, Failure};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

/// Takes the address.
pub(crate) fn bind(text: &str) -> Result<TcpListener, Failure> {
    let address = address(text)?;
    let listener = TcpListener::bind(address).map_err(|error| taken(address, &error))?;
    listener
        .set_nonblocking(true)
        .map_err(|error| taken(address, &error))?;
    Ok(listener)
}

fn address(text: &str) -> Result<SocketAddr, Failure> {
    let wrong = || {
        Failure::usage(format!("`{text}` is not an address to listen on"))
            .hint("write it like `127.0.0.1:8700`; port 0 takes a free one")
    };
    text.to_socket_addrs()
        .ok()
        .and_then(|mut all| all.next())
        .ok_or_else(wrong)
}

/// What a town without a jail must not do.
pub(crate) fn beyond_loopback(address: SocketAddr) -> Failure {
    Failure::usage(format!(
        "`--listen {address}` would let other machines in, and this machine gives no jail to run vals in"
    ))
    .detail(
        "  a hole in Deno would be a hole in this machine, for everybody who can send a request",
    )
    .hint("listen on `127.0.0.1:8700` and reach it through `ssh -L 8700:127.0.0.1:8700 HOST`")
}

fn taken(address: SocketAddr, error: &std::io::Error) -> Failure {
    let (ip, port) = (address.ip(), address.port());
    match error.kind() {
        ErrorKind::AddrInUse => {
            Failure::new(Exit::Conflict, format!("port {port} of {ip} is in use")).hint(format!(
                "stop what listens there, or take a free port with `--listen {}`",
                SocketAddr::new(ip, 0)
            ))
        }
        ErrorKind::PermissionDenied => {
            Failure::usage(format!("port {port} may only be taken by root")).hint(format!(
                "take a port above 1023, such as `--listen {}`",
                SocketAddr::new(ip, 8700)
            ))
        }
        _ => Failure::usage(format!("cannot listen on {address}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["8700", "127.0.0.1", "", "127.0.0.1:99999"] {
            assert!(
                bind(wrong).unwrap_err().message.contains("not an address"),
                "{wrong}"
            );
        }
        assert!(bind("127.0.0.1:0").is_ok());
    }
}
