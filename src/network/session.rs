//! The session rules of a network: sign-on, network management, headers, timers and limits.

mod reader;

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::BytesMut;

use super::leniency::Leniency;
use crate::iso8583::{De, EncodeError, Message, Mti};
pub(super) use reader::{ProfileContext, read};

use crate::values::{Backoff, NetworkCode, ResponseCode};

/// The rules of the sessions to a switch.
#[derive(Clone, Debug)]
pub struct SessionRules {
    /// The MTI of network management requests: 0800 in ISO 8583:1987.
    pub request: Mti,
    /// The side that signs on after the connection is made.
    pub sign_on: SignOnBy,
    /// Data elements that identify our bank in network management requests, in ascending order. DE7, DE11 and DE70 are
    /// always present.
    pub identity: Vec<(De, String)>,
    /// The network management information codes (DE70).
    pub management: Management,
    /// How network management requests are answered.
    pub responses: ManagementResponses,
    /// The headers of our messages.
    pub headers: Headers,
    /// The data elements that are equal in a request and its response. With the MTI class they identify each request in
    /// flight.
    pub response_key: Vec<De>,
    /// Which faults of a received message are tolerated.
    pub lenient: Leniency,
    /// The timers.
    pub timers: SessionTimers,
    /// The limits on traffic.
    pub limits: SessionLimits,
    /// How a link is selected for a request.
    pub link_selection: LinkSelection,
}

impl SessionRules {
    /// Writes the response to a network management request of the switch.
    ///
    /// # Errors
    /// If the spec has no response to this message, such as an advice (0820), or an echoed element does not fit it.
    pub fn write_response(
        &self,
        message: &Message<'_>,
        is_done: bool,
        buffer: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let responses = &self.responses;
        let code = if is_done { responses.done } else { responses.refused };
        let added = [(De::RESPONSE_CODE, code.as_str())];
        message.spec().respond(message, &responses.echoes, &added, buffer)
    }
}

/// The side that signs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignOnBy {
    /// Our bank signs on.
    Bank,
    /// The switch signs on.
    Switch,
}

/// How a link is selected for a request among the links that are up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkSelection {
    /// Active/active: the link with the fewest requests in flight.
    LeastLoaded,
    /// Active/standby: the first link in the configured order, whatever its load; the next one only while it is down.
    FirstUp,
}

/// The network management information codes (DE70). `None`: the network does not have the message.
#[derive(Clone, Copy, Debug)]
pub struct Management {
    /// Sign-on.
    pub sign_on: NetworkCode,
    /// Sign-off.
    pub sign_off: NetworkCode,
    /// Echo test.
    pub echo: NetworkCode,
    /// Cut-over: the business date moves to DE15.
    pub cut_over: Option<NetworkCode>,
    /// Key change: the switch sends a new key.
    pub key_change: Option<NetworkCode>,
}

/// How network management requests are answered.
#[derive(Clone, Debug)]
pub struct ManagementResponses {
    /// The response code for success. Only this code accepts a sign-on.
    pub done: ResponseCode,
    /// The response code for a request that is not supported or not accepted.
    pub refused: ResponseCode,
    /// The data elements that a response echoes from its request, in ascending order.
    pub echoes: Vec<De>,
}

/// The header bytes between the length and our messages; empty where the network has no header.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// Network management requests.
    pub management_request: Vec<u8>,
    /// Network management responses.
    pub management_response: Vec<u8>,
    /// All other requests.
    pub request: Vec<u8>,
    /// All other responses.
    pub response: Vec<u8>,
}

impl Headers {
    /// Returns the header for messages of an MTI.
    #[must_use]
    pub fn of(&self, mti: Mti) -> &[u8] {
        match (mti.is_management(), mti.is_request()) {
            (true, true) => &self.management_request,
            (true, false) => &self.management_response,
            (false, true) => &self.request,
            (false, false) => &self.response,
        }
    }
}

/// The timers of a session.
#[derive(Clone, Debug)]
pub struct SessionTimers {
    /// The time to connect, including the TLS handshake.
    pub connect: Duration,
    /// The time from the connection to the sign-on response; also the time to wait for a sign-off response.
    pub sign_on: Duration,
    /// The idle time after which an echo request is sent.
    pub echo_idle: Duration,
    /// The time after which an echo request counts as lost.
    pub echo_response: Duration,
    /// The number of lost echoes in a row after which the connection is closed.
    pub lost_echo_limit: u8,
    /// The time from writing a request until its response is late.
    pub response: Duration,
    /// The time for which the peer may leave bytes unread before the connection is closed.
    pub write: Duration,
    /// The time for which a sign-off waits for responses in flight.
    pub drain: Duration,
    /// The delays before a failed or broken connection is tried again.
    pub reconnect: Backoff,
}

/// The limits on traffic.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Requests per link that are written and not answered.
    pub in_flight: usize,
    /// Requests that wait for a link; more are refused.
    pub queued: usize,
    /// Requests per second over all links.
    pub per_second: NonZeroU32,
    /// Requests that may be sent at once after a pause.
    pub burst: NonZeroU32,
}
