//! The rules that decisions use: those of the network, which its profile gives, and those of core, which the settings give.

use std::time::Duration;

use super::core_reply::Refusal;
use crate::values::{Backoff, ResponseCode};

/// The rules of a network that decide what happens to a transfer.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The class of each response code to a request. A code that is not listed is [`ResponseClass::Unknown`].
    pub classes: ResponseClasses,
    /// The class of each response code to a reversal.
    pub reversal_classes: ReversalClasses,
    /// The longest time to wait for a response.
    pub response_timeout: Duration,
    /// The time after which an account inquiry without response is sent again. It ends after [`Self::response_timeout`].
    pub inquiry_response: Duration,
    /// The most attempts of an account inquiry.
    pub inquiry_tries: u16,
    /// What happens when the outcome is unknown.
    pub after_unknown: AfterUnknown,
    /// The response codes of inbound messages, and the time limit of a response.
    pub inbound: InboundCodes,
    /// What the response codes of the switch that decline mean.
    pub declines: DeclineMeanings,
}

impl Rules {
    /// Returns the rules for a reversal that has begun. If the profile no longer has reversals, the reversal is still
    /// repeated, at a long interval: a reversal that has begun is never dropped.
    #[must_use]
    pub const fn reversal(&self) -> &ReversalRules {
        match &self.after_unknown {
            AfterUnknown::Reverse(rules) => rules,
            AfterUnknown::Hold(_) => &ReversalRules::CAUTIOUS,
        }
    }

    /// Returns the rules for status inquiries that have begun. If the profile now has reversals, the inquiries go on at a long
    /// interval: a transfer with an unknown outcome is never dropped.
    #[must_use]
    pub fn status_inquiries(&self) -> &InquiryRules {
        match &self.after_unknown {
            AfterUnknown::Hold(rules) => rules,
            AfterUnknown::Reverse(_) => &CAUTIOUS_INQUIRIES,
        }
    }
}

/// How commands to core are repeated.
#[derive(Clone, Debug)]
pub struct CoreRules {
    /// The intervals between repeats of a command.
    pub repeats: Backoff,
    /// The most requests of a posting. After that its outcome counts as unknown, and it is cancelled.
    pub posting_tries: u16,
    /// The number of unconfirmed cancels after which the transfer becomes an exception. The cancel is still repeated, at
    /// [`Self::cancel_interval`].
    pub cancel_tries: u16,
    /// The interval between repeats of a cancel after [`Self::cancel_tries`] attempts.
    pub cancel_interval: Duration,
}

/// The meaning of a response code for a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseClass {
    /// The transfer succeeded.
    Approved,
    /// The transfer failed, and cannot succeed later.
    Declined,
    /// The outcome is unknown.
    Unknown,
    /// An inquiry may be repeated. For a transfer, the outcome is unknown.
    Retry,
}

/// Response codes and their classes.
#[derive(Clone, Debug, Default)]
pub struct ResponseClasses(Vec<(ResponseCode, ResponseClass)>);

impl ResponseClasses {
    /// The table of these codes.
    #[must_use]
    pub fn new(listed: Vec<(ResponseCode, ResponseClass)>) -> Self {
        Self(listed)
    }

    /// Returns the class of a code: [`ResponseClass::Unknown`] unless it is listed.
    #[must_use]
    pub fn of(&self, code: ResponseCode) -> ResponseClass {
        self.0
            .iter()
            .find(|(listed, _)| *listed == code)
            .map_or(ResponseClass::Unknown, |(_, class)| *class)
    }
}

/// The meaning of a response code to a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReversalClass {
    /// The switch has reversed the transfer, now or earlier.
    Done,
    /// The switch does not have the original, or does not have it yet.
    NotFound,
    /// Any other code: the reversal is repeated.
    Retry,
}

/// The codes that confirm a reversal, and those that say that its original is not found.
#[derive(Clone, Debug, Default)]
pub struct ReversalClasses {
    /// The codes that confirm the reversal.
    pub done: Vec<ResponseCode>,
    /// The codes that say "original not found".
    pub not_found: Vec<ResponseCode>,
}

impl ReversalClasses {
    /// Returns the class of a code.
    #[must_use]
    pub fn of(&self, code: ResponseCode) -> ReversalClass {
        if self.done.contains(&code) {
            ReversalClass::Done
        } else if self.not_found.contains(&code) {
            ReversalClass::NotFound
        } else {
            ReversalClass::Retry
        }
    }
}

/// What happens when the outcome of a transfer is unknown.
#[derive(Clone, Debug)]
pub enum AfterUnknown {
    /// The reversal is repeated until the switch confirms it.
    Reverse(ReversalRules),
    /// The network has no reversals: status inquiries are sent until one of them, the settlement file or a manual resolution decides.
    Hold(InquiryRules),
}

/// How a network reverses transfers.
#[derive(Clone, Debug)]
pub struct ReversalRules {
    /// Whether the reversal and its repeats carry the STAN and RRN of the original.
    pub same_trace: bool,
    /// The intervals between repeats.
    pub repeats: Backoff,
    /// The number of "not found" responses after which the transfer becomes an exception. "Not found" is not an outcome.
    pub not_found_limit: u16,
    /// The time without confirmation after which the transfer becomes an exception.
    pub exception_after: Duration,
    /// The interval between repeats of an exception.
    pub exception_interval: Duration,
}

impl ReversalRules {
    const CAUTIOUS: Self = Self {
        same_trace: false,
        repeats: Backoff {
            first: Duration::from_mins(5),
            longest: Duration::from_hours(1),
            jitter_percent: 20,
        },
        not_found_limit: 1,
        exception_after: Duration::ZERO,
        exception_interval: Duration::from_hours(1),
    };
}

/// How status inquiries are sent and understood.
#[derive(Clone, Debug)]
pub struct InquiryRules {
    /// The number of inquiries without an outcome after which the transfer becomes an exception. The inquiries go on, at
    /// [`Self::exception_repeats`].
    pub tries: u16,
    /// The interval between inquiries up to [`Self::tries`].
    pub interval: Duration,
    /// The intervals between inquiries of an exception.
    pub exception_repeats: Backoff,
    /// The class of each response code to a status inquiry. A code about the inquiry itself, such as a format error, is
    /// not listed, because it says nothing about the transfer.
    pub classes: ResponseClasses,
}

static CAUTIOUS_INQUIRIES: InquiryRules = InquiryRules {
    tries: 0,
    interval: Duration::from_hours(1),
    exception_repeats: Backoff {
        first: Duration::from_hours(1),
        longest: Duration::from_hours(24),
        jitter_percent: 20,
    },
    classes: ResponseClasses(Vec::new()),
};

/// The response codes of inbound messages.
#[derive(Clone, Debug)]
pub struct InboundCodes {
    /// The posting is made, or the reversal is accepted.
    pub approved: ResponseCode,
    /// The outcome of the posting is unknown, and its cancel is in progress.
    pub outcome_unknown: ResponseCode,
    /// A request that arrives, for the first time or again, after its reversal.
    pub request_after_reversal: ResponseCode,
    /// A reversal whose original has not arrived and is barred.
    pub reversal_without_original: ResponseCode,
    /// A reversal of a transfer that is reversed already.
    pub already_reversed: ResponseCode,
    /// A status inquiry about a request whose posting is in progress, or a partial reversal of it: nothing is decided yet.
    pub in_progress: ResponseCode,
    /// A status inquiry about a request that is reversed, or whose reversal is in progress.
    pub reversed: ResponseCode,
    /// A status inquiry about a request that has not arrived, or a reversal without a certain original.
    pub not_found: ResponseCode,
    /// A message whose amount or account differs from the recorded transfer.
    pub mismatched: ResponseCode,
    /// A request of a service, bank or direction that is closed.
    pub closed: ResponseCode,
    /// The response codes of core's refusals.
    pub refusals: Vec<(Refusal, ResponseCode)>,
    /// The response code of any refusal that is not listed.
    pub refused_other: ResponseCode,
    /// How long the switch waits for a response. A later response is not sent.
    pub respond_within: Duration,
}

impl InboundCodes {
    /// Returns the response code of a refusal.
    #[must_use]
    pub fn refusal_code(&self, refusal: Refusal) -> ResponseCode {
        if refusal == Refusal::ServiceClosed {
            return self.closed;
        }
        let listed = self.refusals.iter().find(|(listed, _)| *listed == refusal);
        listed.map_or(self.refused_other, |(_, code)| *code)
    }
}

/// What the response codes of the switch that decline mean.
#[derive(Clone, Debug, Default)]
pub struct DeclineMeanings(Vec<(ResponseCode, Refusal)>);

impl DeclineMeanings {
    /// The table of these codes.
    #[must_use]
    pub const fn new(listed: Vec<(ResponseCode, Refusal)>) -> Self {
        Self(listed)
    }

    /// Returns what a code means: [`Refusal::Other`] unless it is listed.
    #[must_use]
    pub fn of(&self, code: ResponseCode) -> Refusal {
        let listed = self.0.iter().find(|(listed, _)| *listed == code);
        listed.map_or(Refusal::Other, |(_, refusal)| *refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    #[test]
    fn unlisted_response_code_is_unknown() {
        let code = |text: &[u8]| ResponseCode::from_ascii(text).unwrap();
        let classes = ResponseClasses::new(vec![(code(b"00"), ResponseClass::Approved)]);
        assert_eq!(classes.of(code(b"00")), ResponseClass::Approved);
        assert_eq!(classes.of(code(b"ZZ")), ResponseClass::Unknown);
    }
}
