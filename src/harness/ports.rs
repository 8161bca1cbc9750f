//! Ports of a run. Each stays free for the processes of the run, also while one of them is down, and no other run takes it.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixListener};

use socket2::{Domain, Socket, Type};

/// Attempts to find a free port.
const ATTEMPTS: usize = 16;

/// A loopback port, reserved while this value lives.
pub struct ReservedPort {
    /// The address with the port.
    pub address: SocketAddr,
    /// Keeps the system from giving the port to another program. It does not listen, so a process of the run can.
    _bound: Socket,
    /// Keeps the port from other runs, whose sockets look like those of our processes.
    _lock: UnixListener,
}

impl ReservedPort {
    /// Reserves the usual port, or any other if that is in use.
    ///
    /// # Errors
    /// If the system has no free port.
    pub fn new(usual: u16) -> io::Result<Self> {
        let mut reserved = Self::reserve(usual);
        for _ in 0..ATTEMPTS {
            match reserved {
                Err(error) if error.kind() == ErrorKind::AddrInUse => reserved = Self::reserve(0),
                reserved => return reserved,
            }
        }
        reserved
    }

    fn reserve(port: u16) -> io::Result<Self> {
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // As for every server: connections of an earlier run that are not quite closed do not block the port.
        bound.set_reuse_address(true)?;
        bound.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        let address = bound.local_addr()?.as_socket();
        let address = address.ok_or_else(|| io::Error::from(ErrorKind::AddrNotAvailable))?;
        let name = UnixAddress::from_abstract_name(format!("titian port {}", address.port()))?;
        Ok(Self { address, _bound: bound, _lock: UnixListener::bind_addr(&name)? })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_reserved_port_is_free_for_listeners_and_not_for_another_run() {
        let first = ReservedPort::new(0).unwrap();
        let second = ReservedPort::new(first.address.port()).unwrap();
        assert_ne!(second.address, first.address);
        // Twice, as a process that is killed and started again.
        for _ in 0..2 {
            let listener = TcpListener::bind(first.address).unwrap();
            assert_ne!(ReservedPort::new(first.address.port()).unwrap().address, first.address);
            drop(listener);
        }
    }
}
