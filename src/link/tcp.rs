//! Endpoints of links, and connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use super::state::Role;
use crate::tls::{TlsClient, TlsServer};

/// The endpoint of a link.
pub enum Endpoint {
    /// We connect to the switch.
    Dial {
        /// Host and port.
        address: String,
        /// The TLS configuration; `None` for plain TCP.
        tls: Option<TlsClient>,
    },
    /// The switch connects to us.
    Listen {
        /// The listening socket.
        listener: TcpListener,
        /// The addresses that may connect; all others are refused.
        allowed: Vec<IpAddr>,
        /// The TLS configuration; `None` for plain TCP.
        tls: Option<TlsServer>,
    },
}

/// The TLS configuration of a link; `None` for plain TCP.
pub enum LinkTls {
    /// Of a link on which we connect.
    Dial(Option<TlsClient>),
    /// Of a link on which the switch connects.
    Listen(Option<TlsServer>),
}

impl Endpoint {
    /// Replaces the TLS configuration for new connections. That of the other side changes nothing.
    pub(super) fn set_tls(&mut self, new: LinkTls) {
        match (self, new) {
            (Self::Dial { tls, .. }, LinkTls::Dial(new)) => *tls = new,
            (Self::Listen { tls, .. }, LinkTls::Listen(new)) => *tls = new,
            (Self::Dial { .. }, LinkTls::Listen(_)) | (Self::Listen { .. }, LinkTls::Dial(_)) => {}
        }
    }

    pub(super) const fn role(&self) -> Role {
        match self {
            Self::Dial { .. } => Role::Dial,
            Self::Listen { .. } => Role::Listen,
        }
    }

    /// Returns the configured address: where the link connects to, or where it listens.
    pub(super) fn address(&self) -> Arc<str> {
        match self {
            Self::Dial { address, .. } => address.as_str().into(),
            Self::Listen { listener, .. } => {
                listener.local_addr().map(|address| address.to_string()).unwrap_or_default().into()
            }
        }
    }
}

/// A bidirectional byte stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// An established connection, with received bytes that are not a complete message yet.
pub(super) struct Wire {
    pub(super) stream: Pin<Box<dyn Stream>>,
    /// Whether the stream can buffer accepted bytes, as TLS does.
    pub(super) is_buffered: bool,
    pub(super) incoming: BytesMut,
    /// The address of the peer, if the system knows it.
    pub(super) peer: Option<SocketAddr>,
}

impl Wire {
    fn new(stream: impl Stream + 'static, peer: Option<SocketAddr>, is_buffered: bool) -> Self {
        Self { stream: Box::pin(stream), is_buffered, incoming: BytesMut::new(), peer }
    }
}

/// Connects to a switch.
pub(super) async fn dial(address: String, tls: Option<TlsClient>) -> io::Result<Wire> {
    let stream = TcpStream::connect(address).await?;
    let peer = configure(&stream)?;
    match tls {
        None => Ok(Wire::new(stream, peer, false)),
        Some(tls) => Ok(Wire::new(tls.connect(stream).await?, peer, true)),
    }
}

/// Accepts a connection of the switch.
pub(super) async fn accept(stream: TcpStream, tls: Option<TlsServer>) -> io::Result<Wire> {
    let peer = configure(&stream)?;
    match tls {
        None => Ok(Wire::new(stream, peer, false)),
        Some(tls) => Ok(Wire::new(tls.accept(stream).await?, peer, true)),
    }
}

/// Disables Nagle's algorithm, so that small messages leave at once, and enables TCP keep-alive, which detects a dead peer
/// on networks without an echo message. Returns the address of the peer.
fn configure(stream: &TcpStream) -> io::Result<Option<SocketAddr>> {
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keep_alive)?;
    Ok(stream.peer_addr().ok())
}
