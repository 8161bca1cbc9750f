//! What a network agrees on for the sessions to its switch.

mod reader;

use std::num::NonZeroU32;
use std::time::Duration;

use crate::iso8583::{De, Mti};
pub(super) use reader::{Around, read};

use crate::values::{Backoff, NetworkCode, ResponseCode};

/// The rules of the sessions to a switch.
#[derive(Clone, Debug)]
pub struct SessionRules {
    /// Requests of network management, by the version of ISO 8583: 0800 in that of 1987.
    pub request: Mti,
    /// Who signs on when a connection is made.
    pub sign_on: Starter,
    /// What our requests of network management have besides DE7, 11 and 70, in ascending order: who asks.
    pub identity: Vec<(De, String)>,
    /// What a request of network management asks for (DE70).
    pub management: Management,
    /// How requests of network management are answered.
    pub answers: ManagementAnswers,
    /// What stands in front of our messages.
    pub headers: Headers,
    /// The data elements that an answer has the same as its request. With the class of the MTI they tell every
    /// request under way from all others.
    pub keys: Vec<De>,
    /// How long things may take.
    pub timers: SessionTimers,
    /// How much may be under way.
    pub caps: Caps,
    /// How requests are spread over the links that are up.
    pub spread: Spread,
}

/// Who begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Starter {
    /// This side.
    We,
    /// The other side.
    They,
}

/// How requests are spread over the links that are up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spread {
    /// Active/active: to the one with the least under way.
    LeastLoaded,
    /// Active/standby: to the first in order, however much it has under way; the next only while that is down.
    FirstUp,
}

/// The codes of DE70. Where a network has no such request there is none.
#[derive(Clone, Copy, Debug)]
pub struct Management {
    /// The session begins.
    pub sign_on: NetworkCode,
    /// The session ends.
    pub sign_off: NetworkCode,
    /// Is the other side alive?
    pub echo: NetworkCode,
    /// The business date moves to DE15.
    pub cut_over: Option<NetworkCode>,
    /// The other side has a new key for us.
    pub key_change: Option<NetworkCode>,
}

/// How requests of network management are answered.
#[derive(Clone, Debug)]
pub struct ManagementAnswers {
    /// Done; the only code that accepts a sign-on.
    pub done: ResponseCode,
    /// The request is one that we don't know.
    pub refused: ResponseCode,
    /// The data elements that the answer has from the request, in ascending order.
    pub echoes: Vec<De>,
}

/// What stands between the length and our messages, as bytes; empty where the network has no header.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// Of requests of network management.
    pub management_request: Vec<u8>,
    /// Of answers of network management.
    pub management_answer: Vec<u8>,
    /// Of all other requests.
    pub request: Vec<u8>,
    /// Of all other answers.
    pub answer: Vec<u8>,
}

impl Headers {
    /// What stands in front of messages of this type.
    #[must_use]
    pub fn of(&self, mti: Mti) -> &[u8] {
        match (mti.is_management(), mti.is_request()) {
            (true, true) => &self.management_request,
            (true, false) => &self.management_answer,
            (false, true) => &self.request,
            (false, false) => &self.answer,
        }
    }
}

/// How long things may take.
#[derive(Clone, Debug)]
pub struct SessionTimers {
    /// To connect, with the handshake of TLS.
    pub connect: Duration,
    /// From the connection until the sign-on is answered. Also until our sign-off is.
    pub sign_on: Duration,
    /// Without anything heard, until the other side is asked for an echo.
    pub echo_idle: Duration,
    /// Until an echo counts as lost.
    pub echo_answer: Duration,
    /// Echoes lost one after the other at which the line counts as dead.
    pub echoes_lost: u8,
    /// From the writing of a request until nobody waits for its answer any more.
    pub answer: Duration,
    /// That the other side may leave bytes unread before the line is cut.
    pub stalled: Duration,
    /// That a link which is signed off waits for the answers under way.
    pub drain: Duration,
    /// Until a connection that failed or broke is tried again.
    pub reconnect: Backoff,
}

/// How much may be under way.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Requests of one link that are written and not answered.
    pub in_flight: usize,
    /// Requests that wait for their turn; one more is refused.
    pub waiting: usize,
    /// Requests a second, over all links.
    pub per_second: NonZeroU32,
    /// Requests that may be sent at once after a pause.
    pub burst: NonZeroU32,
}
