//! What a network decides for the machines: filled from its profile, read by them, never the other way.

use std::time::Duration;

use super::input::Refusal;
use crate::values::{Backoff, ResponseCode};

/// The rules of a network, as far as they decide the life of a transfer.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What each response code says of a transfer. A code that is not listed is [`Class::Unknown`].
    pub classes: Classes,
    /// What each response code says in answer to a reversal.
    pub reversal_classes: ReversalClasses,
    /// How long an answer is waited for.
    pub response_timeout: Duration,
    /// How often a question without money is asked.
    pub inquiry_tries: u16,
    /// What is done when the outcome is unknown.
    pub after_unknown: AfterUnknown,
    /// How core banking is asked.
    pub core: Backoff,
    /// When a cancel that core does not confirm was asked so often, a person has a look; it is asked for still, slowly.
    pub cancel_tries: u16,
    /// At which distance, from then on.
    pub cancel_repeats: Duration,
    /// How often a posting is asked for before it counts as doubtful and is cancelled.
    pub posting_tries: u16,
    /// What an inbound request is answered, and when.
    pub inbound: InboundCodes,
}

impl Rules {
    /// How a reversal that has begun is pursued. A network whose rules were changed since, and know no
    /// reversal any more, has it repeated slowly: what has begun is never dropped.
    #[must_use]
    pub const fn reversal(&self) -> &ReversalRules {
        match &self.after_unknown {
            AfterUnknown::Reverse(rules) => rules,
            AfterUnknown::Hold(_) => &ReversalRules::CAUTIOUS,
        }
    }
}

/// What a response code says of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Done.
    Approved,
    /// Not done, and it won't be.
    Declined,
    /// Nobody can say.
    Unknown,
    /// Not done; an inquiry may be asked again. Of a transfer nobody can say.
    Retry,
}

/// Response codes and their classes.
#[derive(Clone, Debug, Default)]
pub struct Classes(Vec<(ResponseCode, Class)>);

impl Classes {
    /// The table of the codes listed.
    #[must_use]
    pub fn new(listed: Vec<(ResponseCode, Class)>) -> Self {
        Self(listed)
    }

    /// The class of a code; unknown unless listed.
    #[must_use]
    pub fn of(&self, code: ResponseCode) -> Class {
        self.0
            .iter()
            .find(|(listed, _)| *listed == code)
            .map_or(Class::Unknown, |(_, class)| *class)
    }
}

/// What a response code says in answer to a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReversalClass {
    /// The switch has undone the transfer, or had before.
    Done,
    /// The switch does not know the original, or not yet.
    NotFound,
    /// Anything else: ask again.
    Again,
}

/// The codes that end a reversal, and those that don't know its original. Any other: ask again.
#[derive(Clone, Debug, Default)]
pub struct ReversalClasses {
    /// Codes that say: done.
    pub done: Vec<ResponseCode>,
    /// Codes that say: no such original.
    pub not_found: Vec<ResponseCode>,
}

impl ReversalClasses {
    /// The class of a code.
    #[must_use]
    pub fn of(&self, code: ResponseCode) -> ReversalClass {
        if self.done.contains(&code) {
            ReversalClass::Done
        } else if self.not_found.contains(&code) {
            ReversalClass::NotFound
        } else {
            ReversalClass::Again
        }
    }
}

/// What is done when nobody can say whether the transfer happened.
#[derive(Clone, Debug)]
pub enum AfterUnknown {
    /// It is reversed until the switch says that it is.
    Reverse(ReversalRules),
    /// The network knows no reversal: its status is asked, and then the settlement file decides.
    Hold(InquiryRules),
}

/// How a transfer is reversed.
#[derive(Clone, Debug)]
pub struct ReversalRules {
    /// Whether reversal and repeats go under the STAN and RRN of the original.
    pub same_trace: bool,
    /// When it is repeated.
    pub repeats: Backoff,
    /// 'Not found' is no outcome: after so many of them, a person has a look.
    pub not_found_limit: u16,
    /// A person has a look after this time without a good answer.
    pub exception_after: Duration,
    /// From then on it is repeated at this distance.
    pub exception_repeats: Duration,
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
        exception_repeats: Duration::from_hours(1),
    };
}

/// How the status of a transfer is asked.
#[derive(Clone, Debug)]
pub struct InquiryRules {
    /// How often.
    pub tries: u16,
    /// How far apart.
    pub apart: Duration,
    /// What the answer to a status inquiry says of the transfer. A code that says something of the inquiry only, as that
    /// it isn't understood, is not among them.
    pub classes: Classes,
}

/// What inbound requests and reversals are answered.
#[derive(Clone, Debug)]
pub struct InboundCodes {
    /// The posting is made; the reversal is taken on.
    pub approved: ResponseCode,
    /// Nobody can say whether the posting is made; it is being cancelled.
    pub doubtful: ResponseCode,
    /// A request whose reversal came before it.
    pub reversed_before: ResponseCode,
    /// A reversal whose original did not come.
    pub reversal_before: ResponseCode,
    /// A reversal that was done before.
    pub reversed_already: ResponseCode,
    /// A status inquiry about a request that core is asked about still.
    pub in_progress: ResponseCode,
    /// A status inquiry about a request that is undone or being undone.
    pub undone: ResponseCode,
    /// A status inquiry about a request that did not come.
    pub not_found: ResponseCode,
    /// A reversal that speaks of another amount than its original.
    pub mismatched: ResponseCode,
    /// What core's refusals are called on the wire.
    pub refusals: Vec<(Refusal, ResponseCode)>,
    /// Any refusal that is not among them.
    pub refused_otherwise: ResponseCode,
    /// How long the switch waits for the answer; after that none is worth sending.
    pub answer_within: Duration,
}

impl InboundCodes {
    /// What a refusal of core is called on the wire.
    #[must_use]
    pub fn refused(&self, refusal: Refusal) -> ResponseCode {
        let listed = self.refusals.iter().find(|(listed, _)| *listed == refusal);
        listed.map_or(self.refused_otherwise, |(_, code)| *code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    #[test]
    fn an_unlisted_code_is_unknown() {
        let code = |text: &[u8]| ResponseCode::from_ascii(text).unwrap();
        let classes = Classes::new(vec![(code(b"00"), Class::Approved)]);
        assert_eq!(classes.of(code(b"00")), Class::Approved);
        assert_eq!(classes.of(code(b"ZZ")), Class::Unknown);
    }
}
