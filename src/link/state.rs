//! What an operator sees of a link.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::message_counts::MessageCount;
use super::response_times::ResponseTimes;
use super::{DisconnectReason, LinkId};
use crate::codes::{link_phase, link_role, link_wish};
use crate::values::Moment;

/// The states of all links of a network, in the order of the links.
pub type LinkStates = Arc<[LinkState]>;

/// The state of a link, as plain data.
#[derive(Clone, Debug)]
pub struct LinkState {
    /// The link.
    pub link: LinkId,
    /// The side that connects.
    pub role: Role,
    /// The configured address: where the link connects to, or where it listens.
    pub address: Arc<str>,
    /// The address of the peer, while the link is connected.
    pub peer: Option<SocketAddr>,
    /// The phase.
    pub phase: LinkPhase,
    /// The moment since which the link is in its phase, on the same connection.
    pub since: Moment,
    /// What the operators want of the link.
    pub wish: LinkWish,
    /// Whether a guard holds the sign-on off.
    pub is_held: bool,
    /// The moment of the next attempt to connect, if the link waits for it.
    pub next_attempt: Option<Moment>,
    /// Why the last connection ended that did not end by our own sign-off.
    pub last_error: Option<LinkError>,
    /// Requests that wait for their responses.
    pub in_flight: usize,
    /// The last echo that the switch responded to, by hand or automatic.
    pub last_echo: Option<EchoTime>,
    /// The response times of the last minutes, from when the link takes a request until its response is read. `None` without
    /// a response.
    pub response_times: Option<ResponseTimes>,
    /// Messages by type since the start, in order of the type.
    pub messages: Vec<MessageCount>,
}

/// The side that opens the connection of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// We connect to the switch.
    Dial,
    /// The switch connects to us.
    Listen,
}

/// The phase of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkPhase {
    /// The link waits for its next attempt, or for the switch to connect.
    NotConnected,
    /// The connection is being established.
    Connecting,
    /// Connected; the sign-on is not complete.
    SigningOn,
    /// Signed on; the link carries requests.
    SignedOn,
    /// Signed on, without new requests; responses in flight can arrive.
    Draining,
    /// Signed on, without new requests, and nothing is in flight.
    Drained,
    /// One side signs off. Responses in flight can arrive within the network's time.
    SigningOff,
    /// Signed off by hand. The link stays off until it is signed on by hand.
    SignedOff,
    /// Not connected, because a guard holds the sign-on off.
    Held,
}

/// What the operators want of a link. It stays in force over reconnects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkWish {
    /// Signed on, with requests.
    SignedOn,
    /// Signed on, without new requests.
    Drained,
    /// Signed off.
    SignedOff,
}

/// Why a connection ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// The moment of the end.
    pub at: Moment,
    /// The reason, with the response code of a refused sign-on.
    pub reason: DisconnectReason,
}

/// The round trip of an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoTime {
    /// The moment of the response.
    pub at: Moment,
    /// The time from the request to the response, in whole milliseconds.
    pub round_trip: Duration,
}

impl Role {
    /// Returns the code that is exported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dial => link_role::CONNECT,
            Self::Listen => link_role::LISTEN,
        }
    }
}

impl LinkPhase {
    /// All phases.
    pub const ALL: [Self; 9] = [
        Self::NotConnected,
        Self::Connecting,
        Self::SigningOn,
        Self::SignedOn,
        Self::Draining,
        Self::Drained,
        Self::SigningOff,
        Self::SignedOff,
        Self::Held,
    ];

    /// Returns the code that is exported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotConnected => link_phase::NOT_CONNECTED,
            Self::Connecting => link_phase::CONNECTING,
            Self::SigningOn => link_phase::SIGNING_ON,
            Self::SignedOn => link_phase::SIGNED_ON,
            Self::Draining => link_phase::DRAINING,
            Self::Drained => link_phase::DRAINED,
            Self::SigningOff => link_phase::SIGNING_OFF,
            Self::SignedOff => link_phase::SIGNED_OFF,
            Self::Held => link_phase::HELD,
        }
    }
}

impl LinkWish {
    /// Returns the code that is exported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignedOn => link_wish::SIGNED_ON,
            Self::Drained => link_wish::DRAINED,
            Self::SignedOff => link_wish::SIGNED_OFF,
        }
    }
}
