//! The results of an operator's order to a link.

use std::time::Duration;

use super::disconnect::{DisconnectReason, with_code};
use crate::codes::link_order_error;
use crate::values::ResponseCode;

/// The result of an order: what was done, or why it was not.
pub type OrderResult = Result<OrderDone, OrderError>;

/// What an order did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderDone {
    /// The order is in force. The phase of the link shows how far it is carried out.
    Accepted,
    /// The switch responded to the echo after this time, in whole milliseconds.
    RoundTrip(Duration),
}

/// Why an order was not carried out, or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The link is not configured.
    #[error("a link of this name is not configured")]
    UnknownLink,
    /// The program is stopping.
    #[error("the program is stopping")]
    Stopping,
    /// A guard holds the sign-on off.
    #[error("a guard holds the sign-on off: release the guard first")]
    Held,
    /// The link is signed on already.
    #[error("the link is signed on already")]
    SignedOn,
    /// The link is connecting or signing on.
    #[error("the link is connecting or signing on: wait for the result")]
    SigningOn,
    /// The link is signed off by hand.
    #[error("the link is signed off by hand")]
    SignedOff,
    /// The link is signing off.
    #[error("the link is signing off: wait for the end of the session")]
    SigningOff,
    /// The link is drained already.
    #[error("the link is drained already")]
    Drained,
    /// The link is not connected.
    #[error("the link is not connected")]
    NotConnected,
    /// Another echo by hand is under way.
    #[error("another echo is under way: wait for its result")]
    EchoUnderWay,
    /// The peer does not read, and the outbox of the link is full.
    #[error("the switch does not read what was written before")]
    OutboxFull,
    /// The switch did not respond to the echo in time.
    #[error("the switch did not respond to the echo in time")]
    EchoTimeout,
    /// The switch responded to the echo with another code than that of success; `None` if the response has no code.
    #[error("the switch refused the echo{}", with_code(*.0))]
    EchoRefused(Option<ResponseCode>),
    /// The connection ended before the response to the echo.
    #[error("the connection ended before the response to the echo: {0}")]
    ConnectionEnded(DisconnectReason),
}

impl OrderError {
    /// Returns the code that is stored and exported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownLink => link_order_error::UNKNOWN_LINK,
            Self::Stopping => link_order_error::STOPPING,
            Self::Held => link_order_error::HELD,
            Self::SignedOn => link_order_error::SIGNED_ON,
            Self::SigningOn => link_order_error::SIGNING_ON,
            Self::SignedOff => link_order_error::SIGNED_OFF,
            Self::SigningOff => link_order_error::SIGNING_OFF,
            Self::Drained => link_order_error::DRAINED,
            Self::NotConnected => link_order_error::NOT_CONNECTED,
            Self::EchoUnderWay => link_order_error::ECHO_UNDER_WAY,
            Self::OutboxFull => link_order_error::OUTBOX_FULL,
            Self::EchoTimeout => link_order_error::ECHO_TIMEOUT,
            Self::EchoRefused(_) => link_order_error::ECHO_REFUSED,
            Self::ConnectionEnded(_) => link_order_error::CONNECTION_ENDED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_code() {
        let errors = [
            OrderError::UnknownLink,
            OrderError::Stopping,
            OrderError::Held,
            OrderError::SignedOn,
            OrderError::SigningOn,
            OrderError::SignedOff,
            OrderError::SigningOff,
            OrderError::Drained,
            OrderError::NotConnected,
            OrderError::EchoUnderWay,
            OrderError::OutboxFull,
            OrderError::EchoTimeout,
            OrderError::EchoRefused(None),
            OrderError::ConnectionEnded(DisconnectReason::ClosedByPeer),
        ];
        assert_eq!(errors.map(OrderError::code), link_order_error::ALL);
    }
}
