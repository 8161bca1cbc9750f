//! An outbound transfer: from the order to `Settled`, `Refunded` or `Rejected`.
//!
//! ```text
//! Accepted ─► Debiting ─► Debited ─► ReadyToSend ─► Sent ─────► Settled
//!                │                        │           │
//!                ├─► CancellingDebit      ├───────────┼───────► Refunding ─► Refunded
//!                │          │             │           │
//!                └──────────┴─► Rejected  └───────────┴───────► OutcomeUnknown
//!                                                                │          │
//!                                                                ▼          ▼
//!                                                            Reversing   Inquiring
//!                                                                │          │
//!                                                                └────┬─────┘
//!                                                                     ▼
//!                                                                 Exception
//!
//! OutcomeUnknown, Inquiring ─► Settled, Refunding     late response, status response, settlement file
//! Reversing                 ─► Refunding              the switch confirms the reversal
//! Exception                 ─► Settled, Refunding     the same evidence, or a manual resolution
//!
//! Settled, Refunding, Refunded ─► ConflictingOutcome  evidence of the opposite outcome
//! ConflictingOutcome ─► Settled, Refunding, Refunded, PaidTwice     a manual resolution
//! ```
//!
//! A network with reversals uses `Reversing`, and one without uses `Inquiring`. `Accepted` and `Debited` are passed
//! within one decision. If the channel makes the debit itself, `Debiting` is skipped, and `Refunding` is passed within
//! one decision too. A conflict during `Refunding` shows only when core has confirmed the refund.
//! `docs/transfer.md` has the tested diagram with all inputs.

mod builder;
mod decide;
mod evolve;
mod fact;

pub use fact::{Evidence, OutboundFact};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::effect::TransferStatus;
use super::input::{PriorPosting, Refusal};
use super::order::{Order, TraceNumbers};
use super::receipt::DebitReceipt;
use crate::values::{Moment, ResponseCode};

/// The state of an outbound transfer, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundTransfer {
    /// The order is accepted. Never stored as a state: the next step is part of the same decision.
    Accepted(Order),
    /// Core has the debit command; its reply is awaited.
    Debiting {
        /// The order.
        order: Order,
        /// How many times the debit was requested.
        tries: u16,
        /// When to repeat the request.
        due: Moment,
    },
    /// The debit must not stand. The cancel is repeated until core confirms it.
    CancellingDebit {
        /// The order.
        order: Order,
        /// Why the debit is cancelled.
        reason: CancelReason,
        /// How many times the cancel was requested.
        tries: u16,
        /// When to repeat the cancel.
        due: Moment,
    },
    /// The debit stands. Never stored as a state: the request is prepared in the same decision.
    Debited(Order, DebitReceipt),
    /// The debit stands and the request is durable. From here on it may have reached the switch.
    ReadyToSend(Dispatch),
    /// The request was written to the connection.
    Sent(Dispatch),
    /// The outcome is unknown. The reversal or status inquiry waits for its turn in the schedule, so that a recovering
    /// switch is not flooded.
    OutcomeUnknown(Dispatch, UnknownCause),
    /// The outcome is unknown. The reversal is repeated until the switch confirms it.
    Reversing(Dispatch, Reversal),
    /// The outcome is unknown on a network without reversals. Status inquiries ask for it.
    Inquiring {
        /// The request.
        dispatch: Dispatch,
        /// How many status inquiries were sent.
        tries: u16,
    },
    /// A manual resolution is needed. Repeats of the reversal, late responses and the settlement file still count.
    Exception(Dispatch, ExceptionCause),
    /// The transfer failed. The cancel of the debit is repeated until core confirms it.
    Refunding {
        /// The order.
        order: Order,
        /// The debit that is refunded.
        receipt: DebitReceipt,
        /// Why the money is refunded.
        reason: RefundReason,
        /// How many times the refund was requested.
        tries: u16,
        /// When to repeat the request.
        due: Moment,
    },
    /// The transfer succeeded: the beneficiary is paid.
    Settled {
        /// The order.
        order: Order,
        /// The debit that funded it.
        receipt: DebitReceipt,
        /// The evidence.
        by: SettledBy,
    },
    /// The transfer failed, and the debit is returned to the customer.
    Refunded {
        /// The order.
        order: Order,
        /// Why the money was refunded.
        reason: RefundReason,
    },
    /// Two pieces of evidence exclude each other. A manual resolution is needed.
    ConflictingOutcome(Order, Conflict),
    /// A manual resolution confirmed that the beneficiary was paid and the customer refunded. The bank bears the loss.
    PaidTwice(Order),
    /// The transfer was rejected before a request was sent. No debit stands.
    Rejected {
        /// The order.
        order: Order,
        /// Why it was rejected.
        reason: RejectionReason,
    },
}

/// A request with the debit that funds it, and the deadline of the current state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// The order.
    pub order: Order,
    /// The debit that funds the request.
    pub receipt: DebitReceipt,
    /// The trace numbers of the request.
    pub trace: TraceNumbers,
    /// The deadline of the current state.
    pub due: Moment,
}

/// A reversal that the switch has not confirmed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// Why the outcome is unknown. The reversal message carries it as a reason code.
    pub cause: UnknownCause,
    /// The trace numbers of the reversal.
    pub trace: TraceNumbers,
    /// How many times it was sent.
    pub tries: u16,
    /// How many responses said that the original was not found.
    pub not_found: u16,
    /// When the reversal began.
    pub since: Moment,
}

/// Why a transfer needs a manual resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionCause {
    /// The switch did not confirm the reversal in time. It is still repeated, at a longer interval.
    Unreversed(Reversal),
    /// The network has no reversals, and no status inquiry gave the outcome.
    Undecided,
}

/// The two outcomes that conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The customer was refunded, and the switch or its settlement file says that the transfer succeeded.
    RefundedButSettled,
    /// The transfer was settled, and the switch confirmed a reversal, or its settlement file lacks the transfer.
    SettledButReversed(DebitReceipt),
}

/// Why a debit is cancelled before a request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CancelReason {
    /// Core did not confirm the debit in time.
    #[serde(rename = "outcome_unknown")]
    OutcomeUnknown,
    /// Core refused the debit after more than one request. An earlier request may still be on its way and find
    /// enough money in the account.
    #[serde(rename = "refused")]
    Refused(Refusal),
}

/// Why a debit is refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RefundReason {
    /// The switch declined the request with this response code.
    #[serde(rename = "declined")]
    Declined(ResponseCode),
    /// The request was certainly not sent.
    #[serde(rename = "not_sent")]
    NotSent,
    /// The switch confirmed the reversal.
    #[serde(rename = "reversed")]
    Reversed,
    /// The complete settlement file does not contain the transfer.
    #[serde(rename = "not_settled")]
    NotSettled,
    /// A manual resolution decided it.
    #[serde(rename = "resolved")]
    Resolved,
    /// The refund began for another reason, and then the switch approved the transfer.
    #[serde(rename = "approved_meanwhile")]
    ApprovedMeanwhile,
}

/// The evidence that a transfer succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SettledBy {
    /// The response to the request or to a status inquiry, with this response code.
    #[serde(rename = "response")]
    Response(ResponseCode),
    /// The settlement file.
    #[serde(rename = "settlement_file")]
    SettlementFile,
    /// A manual resolution.
    #[serde(rename = "manual_resolution")]
    ManualResolution,
}

/// Why a transfer was rejected before a request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RejectionReason {
    /// Core refused the debit.
    #[serde(rename = "refused")]
    Core(Refusal),
    /// Core bars the id of the posting: it was cancelled before.
    #[serde(rename = "barred")]
    Barred,
    /// Core refused the debit after more than one request, and then confirmed the cancel.
    #[serde(rename = "refused_then_cancelled")]
    CoreThenCancelled(Refusal, PriorPosting),
    /// Core did not confirm the debit in time, and then confirmed the cancel.
    #[serde(rename = "outcome_unknown")]
    OutcomeUnknown(PriorPosting),
}

/// Why the outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UnknownCause {
    /// No response arrived in time.
    #[serde(rename = "timeout")]
    Timeout,
    /// The connection was lost.
    #[serde(rename = "connection_lost")]
    ConnectionLost,
    /// The program stopped after the request was durable.
    #[serde(rename = "restart")]
    Restart,
    /// The switch responded with a code that gives no outcome.
    #[serde(rename = "response_code")]
    ResponseCode(ResponseCode),
}

/// A fact that cannot follow a state: the journal is damaged, or another version wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("fact {fact} cannot follow state {state}")]
pub struct IllegalFact {
    /// The name of the state.
    pub state: &'static str,
    /// The name of the fact.
    pub fact: &'static str,
}

impl OutboundTransfer {
    /// Returns the order.
    #[must_use]
    pub const fn order(&self) -> &Order {
        match self {
            Self::Accepted(order)
            | Self::Debiting { order, .. }
            | Self::CancellingDebit { order, .. }
            | Self::Debited(order, _)
            | Self::ReadyToSend(Dispatch { order, .. })
            | Self::Sent(Dispatch { order, .. })
            | Self::OutcomeUnknown(Dispatch { order, .. }, _)
            | Self::Reversing(Dispatch { order, .. }, _)
            | Self::Inquiring { dispatch: Dispatch { order, .. }, .. }
            | Self::Exception(Dispatch { order, .. }, _)
            | Self::Refunding { order, .. }
            | Self::Settled { order, .. }
            | Self::Refunded { order, .. }
            | Self::ConflictingOutcome(order, _)
            | Self::PaidTwice(order)
            | Self::Rejected { order, .. } => order,
        }
    }

    /// Returns when the state needs the input [`OutboundInput::Due`](super::OutboundInput::Due), or `None`.
    #[must_use]
    pub const fn due(&self) -> Option<Moment> {
        match self {
            Self::Debiting { due, .. }
            | Self::CancellingDebit { due, .. }
            | Self::Refunding { due, .. }
            | Self::ReadyToSend(Dispatch { due, .. })
            | Self::Sent(Dispatch { due, .. })
            | Self::OutcomeUnknown(Dispatch { due, .. }, _)
            | Self::Reversing(Dispatch { due, .. }, _)
            | Self::Inquiring { dispatch: Dispatch { due, .. }, .. }
            | Self::Exception(Dispatch { due, .. }, ExceptionCause::Unreversed(_)) => Some(*due),
            Self::Accepted(_)
            | Self::Debited(..)
            | Self::Exception(_, ExceptionCause::Undecided)
            | Self::Settled { .. }
            | Self::Refunded { .. }
            | Self::ConflictingOutcome(..)
            | Self::PaidTwice(_)
            | Self::Rejected { .. } => None,
        }
    }

    /// Returns the status that channels see.
    #[must_use]
    pub const fn status(&self) -> TransferStatus {
        match self {
            Self::Accepted(_) | Self::Debiting { .. } | Self::CancellingDebit { .. } => {
                TransferStatus::Initiated
            }
            Self::Debited(..) | Self::ReadyToSend(_) | Self::Sent(_) => TransferStatus::Processing,
            Self::OutcomeUnknown(..)
            | Self::Reversing(..)
            | Self::Inquiring { .. }
            | Self::Exception(..)
            | Self::Refunding { reason: RefundReason::ApprovedMeanwhile, .. }
            | Self::ConflictingOutcome(..) => TransferStatus::Pending,
            Self::Refunding { .. } => TransferStatus::Refunding,
            Self::Settled { .. } | Self::PaidTwice(_) => TransferStatus::Settled,
            Self::Refunded { .. } => TransferStatus::Refunded,
            Self::Rejected { .. } => TransferStatus::Rejected,
        }
    }

    /// Whether the transfer needs a manual resolution.
    #[must_use]
    pub const fn is_exception(&self) -> bool {
        matches!(self, Self::Exception(..) | Self::ConflictingOutcome(..))
    }

    /// Whether the transfer is complete. A complete transfer may leave memory.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Settled { .. }
            | Self::Refunded { .. }
            | Self::PaidTwice(_)
            | Self::Rejected { .. } => true,
            Self::Accepted(_)
            | Self::Debiting { .. }
            | Self::CancellingDebit { .. }
            | Self::Debited(..)
            | Self::ReadyToSend(_)
            | Self::Sent(_)
            | Self::OutcomeUnknown(..)
            | Self::Reversing(..)
            | Self::Inquiring { .. }
            | Self::Exception(..)
            | Self::Refunding { .. }
            | Self::ConflictingOutcome(..) => false,
        }
    }
}
