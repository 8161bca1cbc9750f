//! Where links go, the clock, and connections.

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

/// Where a link goes to, or comes from.
pub enum Endpoint {
    /// We connect to the switch.
    Dial {
        /// Host and port.
        address: String,
        /// With TLS, or without.
        tls: Option<TlsClient>,
    },
    /// The switch connects to us.
    Listen {
        /// Where.
        listener: TcpListener,
        /// The peers that may connect; all others are turned away.
        allowed: Vec<IpAddr>,
        /// With TLS, or without.
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

/// The time of day when it was made, carried on by a clock that is never set back. Whoever gives deadlines to a
/// link takes them from a copy of its clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    moment: Moment,
    instant: Instant,
}

impl Clock {
    /// A clock that is set by the system's.
    #[must_use]
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { moment: Moment::default().after(since), instant: Instant::now() }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.moment.after(self.instant.elapsed())
    }

    /// When a moment comes. One in the distant future comes in a day at the latest, to be looked at again.
    pub(super) fn instant_of(&self, moment: Moment) -> Instant {
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

/// A stream of bytes both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// A connection, and what was read from it and is no whole message yet.
pub(super) struct Wire {
    pub(super) stream: Pin<Box<dyn Stream>>,
    /// Whether the stream may hold bytes back that it took, as TLS does.
    pub(super) holds_back: bool,
    pub(super) incoming: BytesMut,
}

impl Wire {
    fn new(stream: impl Stream + 'static, holds_back: bool) -> Self {
        Self { stream: Box::pin(stream), holds_back, incoming: BytesMut::new() }
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

/// Takes a connection on.
pub(super) async fn take_on(stream: TcpStream, tls: Option<TlsServer>) -> io::Result<Wire> {
    configure(&stream)?;
    match tls {
        None => Ok(Wire::new(stream, false)),
        Some(tls) => Ok(Wire::new(tls.accept(stream).await?, true)),
    }
}

/// Small messages leave at once, and a peer that is gone without a word is found out also where the network has no
/// echo.
fn configure(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keep_alive)
}
