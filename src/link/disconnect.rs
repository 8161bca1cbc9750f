//! The reasons why a connection ended.

use std::io;

use crate::codes::disconnect_reason;
use crate::iso8583::FrameFault;
use crate::values::ResponseCode;

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
    /// The switch refused our sign-on with this response code (DE39); `None` if the response has no code.
    #[error("sign-on refused{}", with_code(*.0))]
    SignOnRefused(Option<ResponseCode>),
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
    /// Our side signed off.
    #[error("signed off")]
    SignedOff,
    /// The switch signed off.
    #[error("signed off by the switch")]
    SignedOffBySwitch,
}

impl DisconnectReason {
    /// Returns the code that is exported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConnectFailed(_) => disconnect_reason::CONNECT_FAILED,
            Self::ConnectTimeout => disconnect_reason::CONNECT_TIMEOUT,
            Self::SignOnTimeout => disconnect_reason::SIGN_ON_TIMEOUT,
            Self::SignOnRefused(_) => disconnect_reason::SIGN_ON_REFUSED,
            Self::TooManyConnections => disconnect_reason::TOO_MANY_CONNECTIONS,
            Self::Replaced => disconnect_reason::REPLACED,
            Self::ClosedByPeer => disconnect_reason::CLOSED_BY_PEER,
            Self::ConnectionLost(_) => disconnect_reason::CONNECTION_LOST,
            Self::FramingError(_) => disconnect_reason::FRAMING_ERROR,
            Self::InvalidMessage => disconnect_reason::INVALID_MESSAGE,
            Self::EchoTimeout => disconnect_reason::ECHO_TIMEOUT,
            Self::WriteTimeout => disconnect_reason::WRITE_TIMEOUT,
            Self::NotEncodable => disconnect_reason::NOT_ENCODABLE,
            Self::SignedOff => disconnect_reason::SIGNED_OFF,
            Self::SignedOffBySwitch => disconnect_reason::SIGNED_OFF_BY_SWITCH,
        }
    }
}

/// Returns the end of a sentence about a refusal, with its response code.
pub(super) fn with_code(code: Option<ResponseCode>) -> String {
    code.map_or_else(
        || ": the response has no code".to_owned(),
        |code| format!(" with code {code}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_code() {
        let reasons = [
            DisconnectReason::ConnectFailed(io::ErrorKind::ConnectionRefused),
            DisconnectReason::ConnectTimeout,
            DisconnectReason::SignOnTimeout,
            DisconnectReason::SignOnRefused(None),
            DisconnectReason::TooManyConnections,
            DisconnectReason::Replaced,
            DisconnectReason::ClosedByPeer,
            DisconnectReason::ConnectionLost(io::ErrorKind::ConnectionReset),
            DisconnectReason::FramingError(FrameFault::ZeroLength),
            DisconnectReason::InvalidMessage,
            DisconnectReason::EchoTimeout,
            DisconnectReason::WriteTimeout,
            DisconnectReason::NotEncodable,
            DisconnectReason::SignedOff,
            DisconnectReason::SignedOffBySwitch,
        ];
        assert_eq!(reasons.map(DisconnectReason::code), disconnect_reason::ALL);
    }
}
