//! The parts of a profile that reading and encoding of messages use.

use std::time::Duration;

use crate::iso8583::De;
use crate::transfer::{Side, UnknownCause};
use crate::values::{ProcessingCode, ResponseCode};

/// A service that moves money, such as `transfer`, `qris` or `withdrawal`.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    /// The processing codes (DE3). We send the first.
    pub(super) codes: Vec<ProcessingCode>,
    /// What an inbound request does to the account at our bank.
    pub(super) inbound: Side,
}

/// The rules for matching messages.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) trace_time: TraceTime,
    /// The data elements that identify an inbound request.
    pub(super) duplicate_key: Vec<De>,
    /// The data elements that a response must echo.
    pub(super) echoed: Vec<De>,
}

/// How reversals of the switch are understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct InboundReversals {
    /// How long ago an original may have come that is found by its RRN.
    pub(super) original_within: Duration,
    /// How far the transmission time of an original may be from now, if it has not arrived and is barred.
    pub(super) original_may_arrive_within: Duration,
    /// Whether a reversal has the trace numbers of its original.
    pub(super) same_trace: bool,
    /// Whether partial reversals are accepted.
    pub(super) accepts_partial: bool,
    /// Whether an actual amount of zeros means a full reversal.
    pub(super) zero_actual_is_full: bool,
}

/// The date and time of a response that are those of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TraceTime {
    /// DE7.
    Transmission,
    /// DE12 and DE13, where the switch overwrites DE7.
    Local,
}

/// The processing codes (DE3) of inquiries, which move no money.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inquiries {
    pub(super) account: ProcessingCode,
    pub(super) balance: Option<ProcessingCode>,
    pub(super) status: Option<ProcessingCode>,
}

/// The reasons that a reversal gives (DE39), by the cause of the unknown outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReversalReasons {
    pub(super) no_response: ResponseCode,
    pub(super) connection_lost: ResponseCode,
    pub(super) restart: ResponseCode,
    pub(super) unclear_response: ResponseCode,
}

impl ReversalReasons {
    pub(super) const fn code(&self, cause: UnknownCause) -> ResponseCode {
        match cause {
            UnknownCause::Timeout => self.no_response,
            UnknownCause::ConnectionLost => self.connection_lost,
            UnknownCause::Restart => self.restart,
            UnknownCause::ResponseCode(_) => self.unclear_response,
        }
    }
}
