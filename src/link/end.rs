//! Why a connection ended.

use std::io;

use crate::iso8583::FrameFault;

/// Why a connection ended, or did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// Nothing took the connection, or the handshake of TLS failed.
    #[error("the connection could not be made: {0}")]
    NotConnected(io::ErrorKind),
    /// It was not made in time.
    #[error("the connection was not made in time")]
    ConnectTimeout,
    /// Nobody signed on in time, or our sign-on was not answered.
    #[error("no sign-on was completed in time")]
    SignOnTimeout,
    /// The switch refused our sign-on.
    #[error("the switch refused the sign-on")]
    SignOnRefused,
    /// More connections than may be waited on for a sign-on; this was the oldest.
    #[error("too many connections wait for a sign-on, and this is the oldest")]
    Crowded,
    /// The other side signed on with another connection.
    #[error("the peer signed on with a newer connection")]
    Replaced,
    /// The other side closed it.
    #[error("the peer closed the connection")]
    Closed,
    /// It broke.
    #[error("the connection broke: {0}")]
    Failed(io::ErrorKind),
    /// What came is no frame.
    #[error("the peer broke the framing: {0}")]
    Framing(FrameFault),
    /// Before the sign-on something came that is no message.
    #[error("the peer sent what is no message before any sign-on")]
    Garbage,
    /// Nothing was heard through all echoes.
    #[error("the peer answers no echo")]
    EchoLost,
    /// The other side does not read what we write.
    #[error("the peer does not read")]
    Stalled,
    /// The spec or the headers of the network don't admit what the session has to say.
    #[error("network management can't be written by the spec and headers of the network")]
    Unsendable,
    /// Either side signed off.
    #[error("signed off")]
    SignedOff,
}
