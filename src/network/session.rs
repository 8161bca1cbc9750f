//! What a network agrees on for the sessions to its switch.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::iso8583::{De, Mti};
use crate::values::{Backoff, NetworkCode, ResponseCode};

/// The rules of the sessions to a switch.
#[derive(Clone, Debug)]
pub struct SessionRules {
    /// Requests of network management, by the version of ISO 8583: 0800 in that of 1987.
    pub request: Mti,
    /// Who signs on when a connection is made.
    pub sign_on: Starter,
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
    /// The same in front of every message.
    #[must_use]
    pub fn all(header: &[u8]) -> Self {
        let header = header.to_vec();
        Self {
            management_request: header.clone(),
            management_answer: header.clone(),
            request: header.clone(),
            answer: header,
        }
    }

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

/// The three networks that ship.
impl SessionRules {
    /// Modelled on Indonesian ATM-network practice.
    #[must_use]
    pub fn nusantara() -> Self {
        let code = NetworkCode::numbered;
        Self {
            request: Mti::NETWORK_REQUEST,
            sign_on: Starter::We,
            management: Management {
                sign_on: code(1),
                sign_off: code(2),
                echo: code(301),
                cut_over: Some(code(201)),
                key_change: Some(code(101)),
            },
            answers: ManagementAnswers {
                done: ResponseCode::numbered(0),
                refused: ResponseCode::numbered(40),
                echoes: vec![De::TRANSMISSION, De::STAN, De::SETTLEMENT_DATE, De::NETWORK_CODE],
            },
            headers: Headers::default(),
            keys: vec![De::STAN, De::TRANSMISSION, De::ACQUIRER, De::TERMINAL],
            timers: SessionTimers::usual(),
            caps: Caps::usual(),
            spread: Spread::LeastLoaded,
        }
    }

    /// Modelled on South-Asian switch papers.
    #[must_use]
    pub fn rendezvous() -> Self {
        let code = NetworkCode::numbered;
        Self {
            management: Management {
                sign_on: code(61),
                sign_off: code(62),
                echo: code(270),
                cut_over: None,
                key_change: Some(code(161)),
            },
            headers: Headers::all(&[0x60, 0x00, 0x01, 0x80, 0x02]),
            ..Self::nusantara()
        }
    }

    /// Modelled on an Indonesian host-to-host link. It overwrites DE7, so answers are matched by the local time.
    #[must_use]
    pub fn holdfast() -> Self {
        let nusantara = Self::nusantara();
        Self {
            management: Management { key_change: None, ..nusantara.management },
            headers: Headers {
                management_request: b"ISO005000010".to_vec(),
                management_answer: b"ISO005000015".to_vec(),
                request: b"ISO015000010".to_vec(),
                answer: b"ISO015000015".to_vec(),
            },
            keys: vec![De::STAN, De::LOCAL_TIME, De::LOCAL_DATE, De::ACQUIRER, De::TERMINAL],
            ..nusantara
        }
    }
}

impl SessionTimers {
    /// What networks agree on unless they say otherwise.
    #[must_use]
    pub const fn usual() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            sign_on: seconds(10),
            echo_idle: seconds(60),
            echo_answer: seconds(10),
            echoes_lost: 2,
            answer: seconds(30),
            stalled: seconds(10),
            drain: seconds(30),
            reconnect: Backoff {
                first: Duration::from_millis(500),
                longest: seconds(30),
                jitter_percent: 20,
            },
        }
    }
}

impl Caps {
    /// What networks agree on unless they say otherwise.
    #[must_use]
    pub const fn usual() -> Self {
        let per_second = NonZeroU32::MIN.saturating_add(999);
        Self { in_flight: 512, waiting: 4096, per_second, burst: per_second }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_what_kind_of_message_it_stands_before() {
        let headers = SessionRules::holdfast().headers;
        for (mti, header) in [
            (800, "ISO005000010"),
            (810, "ISO005000015"),
            (200, "ISO015000010"),
            (201, "ISO015000010"),
            (210, "ISO015000015"),
        ] {
            assert_eq!(headers.of(Mti::new(mti).unwrap()), header.as_bytes(), "{mti}");
        }
    }
}
