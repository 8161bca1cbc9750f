//! Endpoints of links, the clock, and connections.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use super::group::Role;
use crate::tls::{TlsClient, TlsServer};
use crate::values::Moment;

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

impl Endpoint {
    pub(super) const fn role(&self) -> Role {
        match self {
            Self::Dial { .. } => Role::Dial,
            Self::Listen { .. } => Role::Listen,
        }
    }
}

/// A clock that starts at the system time and never runs backwards. Deadlines for a link must come from a copy of its
/// clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    moment: Moment,
    instant: Instant,
}

impl Clock {
    /// Creates a clock set to the system time.
    #[must_use]
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { moment: Moment::default().after(since), instant: Instant::now() }
    }

    /// Returns the current moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.moment.after(self.instant.elapsed())
    }

    /// Returns the instant of a moment, at most one day ahead; the caller then looks again.
    #[must_use]
    pub fn instant_of(&self, moment: Moment) -> Instant {
        const DAY: Duration = Duration::from_hours(24);
        let passed = self.instant.elapsed();
        self.instant + moment.since(self.moment).min(passed + DAY)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
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
}

impl Wire {
    fn new(stream: impl Stream + 'static, is_buffered: bool) -> Self {
        Self { stream: Box::pin(stream), is_buffered, incoming: BytesMut::new() }
    }
}

/// Connects to a switch.
pub(super) async fn dial(address: String, tls: Option<TlsClient>) -> io::Result<Wire> {
    let stream = TcpStream::connect(address).await?;
    configure(&stream)?;
    match tls {
        None => Ok(Wire::new(stream, false)),
        Some(tls) => Ok(Wire::new(tls.connect(stream).await?, true)),
    }
}

/// Accepts a connection of the switch.
pub(super) async fn accept(stream: TcpStream, tls: Option<TlsServer>) -> io::Result<Wire> {
    configure(&stream)?;
    match tls {
        None => Ok(Wire::new(stream, false)),
        Some(tls) => Ok(Wire::new(tls.accept(stream).await?, true)),
    }
}

/// Disables Nagle's algorithm, so that small messages leave at once, and enables TCP keep-alive, which detects a dead peer
/// on networks without an echo message.
fn configure(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keep_alive)
}
