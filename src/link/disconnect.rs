//! The reasons why a connection ended.

use std::io;

use crate::iso8583::FrameFault;

/// The reason why a connection ended or was not established.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectReason {
    /// The peer did not accept the connection, or the TLS handshake failed.
    #[error("connection failed: {0}")]
    ConnectFailed(io::ErrorKind),
    /// The connection was not established in time.
    #[error("connection timed out")]
    ConnectTimeout,
    /// The sign-on was not completed in time.
    #[error("sign-on timed out")]
    SignOnTimeout,
    /// The switch refused our sign-on.
    #[error("sign-on refused")]
    SignOnRefused,
    /// Too many connections waited for a sign-on; this was the oldest.
    #[error("too many connections wait for a sign-on; the oldest was closed")]
    TooManyConnections,
    /// The peer signed on with a newer connection.
    #[error("replaced by a newer connection")]
    Replaced,
    /// The peer closed the connection.
    #[error("closed by the peer")]
    ClosedByPeer,
    /// The connection broke.
    #[error("connection lost: {0}")]
    ConnectionLost(io::ErrorKind),
    /// The received bytes are not a valid frame.
    #[error("framing error: {0}")]
    FramingError(FrameFault),
    /// Before the sign-on the peer sent a frame that cannot be decoded.
    #[error("the peer sent an invalid message before the sign-on")]
    InvalidMessage,
    /// The peer did not answer the configured number of echo requests.
    #[error("echo requests not answered")]
    EchoTimeout,
    /// The peer does not read what we write.
    #[error("the peer does not read")]
    WriteTimeout,
    /// A network management message does not fit the spec or the framing.
    #[error("a network management message does not fit the spec or the framing")]
    NotEncodable,
    /// One side signed off.
    #[error("signed off")]
    SignedOff,
}
