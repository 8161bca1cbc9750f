//! What becomes true of an outbound transfer.

use serde::{Deserialize, Serialize};

use super::{Doubt, RefusedFor, SettledBy, Unwanted, Why};
use crate::transfer::input::{Input, Resolution, Was};
use crate::transfer::order::{Answer, Order, Receipt, Trace, receipt};
use crate::values::Moment;

/// Something that became true of an outbound transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboundFact {
    /// It was taken on.
    Accepted(Order),
    /// Core is asked for the debit.
    DebitAsked {
        /// When to ask again.
        due: Moment,
    },
    /// The debit stands.
    Debited(#[serde(with = "receipt")] Receipt),
    /// No debit stands, and none will.
    Refused(RefusedFor),
    /// The debit must not stand, and core is asked to cancel it.
    DebitCancelAsked {
        /// Why.
        why: Unwanted,
        /// When to ask again.
        due: Moment,
    },
    /// The request is ready under these numbers.
    RequestReady {
        /// Its numbers.
        trace: Trace,
        /// When it has been waited long enough.
        due: Moment,
    },
    /// The request was written to the session.
    Sent {
        /// When its answer has been waited for long enough.
        due: Moment,
    },
    /// The money has moved.
    Settled(SettledBy),
    /// Nobody knows whether it has.
    Doubted {
        /// Why.
        doubt: Doubt,
        /// From when on something may be done about it.
        due: Moment,
    },
    /// The reversal is ready under these numbers.
    ReversalReady {
        /// Its numbers.
        trace: Trace,
    },
    /// The reversal is sent, for the first time or again.
    ReversalAsked {
        /// When to send it again.
        due: Moment,
    },
    /// The switch did not find the original of the reversal.
    ReversalNotFound(Answer),
    /// The switch answered the reversal with a code that says neither done nor not found.
    ReversalUnclear(Answer),
    /// The status is asked.
    StatusAsked {
        /// When to ask again.
        due: Moment,
    },
    /// Two persons are to decide.
    Excepted,
    /// Two persons decided.
    Resolved(Resolution),
    /// The money did not move, and is given back for this reason.
    RefundAsked {
        /// The reason.
        why: Why,
        /// When to ask core again.
        due: Moment,
    },
    /// The customer has the money back. What core had, where core was asked.
    Refunded(Option<Was>),
    /// Somebody says what can't be true of a transfer that had come to its end, or was coming to it.
    Contradicted(Evidence),
    /// Two persons say that the money has moved which the customer has back.
    PaidTwice,
    /// An answer that came when it could change nothing any more.
    Late(Answer),
    /// The same answer again.
    Repeated(Answer),
    /// An answer that speaks of something else.
    Mismatched(Answer),
    /// An input that the state does not expect.
    Unexpected(Input),
}

/// Who says what can't be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// An answer of the switch.
    Answer(Answer),
    /// The settlement file.
    SettlementFile,
}

impl OutboundFact {
    /// The fact's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "Accepted",
            Self::DebitAsked { .. } => "DebitAsked",
            Self::Debited(_) => "Debited",
            Self::Refused(_) => "Refused",
            Self::DebitCancelAsked { .. } => "DebitCancelAsked",
            Self::RequestReady { .. } => "RequestReady",
            Self::Sent { .. } => "Sent",
            Self::Settled(_) => "Settled",
            Self::Doubted { .. } => "Doubted",
            Self::ReversalReady { .. } => "ReversalReady",
            Self::ReversalAsked { .. } => "ReversalAsked",
            Self::ReversalNotFound(_) => "ReversalNotFound",
            Self::ReversalUnclear(_) => "ReversalUnclear",
            Self::StatusAsked { .. } => "StatusAsked",
            Self::Excepted => "Excepted",
            Self::Resolved(_) => "Resolved",
            Self::RefundAsked { .. } => "RefundAsked",
            Self::Refunded(_) => "Refunded",
            Self::Contradicted(_) => "Contradicted",
            Self::PaidTwice => "PaidTwice",
            Self::Late(_) => "Late",
            Self::Repeated(_) => "Repeated",
            Self::Mismatched(_) => "Mismatched",
            Self::Unexpected(_) => "Unexpected",
        }
    }
}
