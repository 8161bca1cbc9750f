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
mod properties;
mod reasons;
mod resolution;

use std::sync::Arc;

pub use fact::{Evidence, OutboundFact};
pub use reasons::{CancelReason, RefundReason, RejectionReason, SettledBy, UnknownCause};

use super::core_reply::PriorPosting;
use super::order::{Order, TraceNumbers};
use super::receipt::DebitReceipt;
use super::state::PendingCancel;
use crate::values::Moment;

/// An outbound transfer: its order, which never changes, and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundTransfer {
    order: Arc<Order>,
    state: OutboundState,
}

impl OutboundTransfer {
    /// Returns the order.
    #[must_use]
    pub const fn order(&self) -> &Arc<Order> {
        &self.order
    }

    /// Returns whether its request is released, and the links have not reported yet what became of it.
    #[must_use]
    pub const fn is_ready_to_send(&self) -> bool {
        matches!(self.state, OutboundState::ReadyToSend(_))
    }

    /// Returns the trace numbers of the request, once it has any.
    #[must_use]
    pub fn trace(&self) -> Option<TraceNumbers> {
        self.state.row().trace
    }

    /// Returns the state.
    #[must_use]
    pub const fn state(&self) -> &OutboundState {
        &self.state
    }
}

/// The state of an outbound transfer, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundState {
    /// The order is accepted. Never stored as a state: the next step is part of the same decision.
    Accepted,
    /// Core has the debit command; its reply is awaited.
    Debiting {
        /// How many times the debit was requested.
        tries: u16,
        /// When to repeat the request.
        due: Moment,
    },
    /// The debit must not stand. The cancel is repeated until core confirms it.
    CancellingDebit {
        /// Why the debit is cancelled.
        reason: CancelReason,
        /// The cancel.
        cancel: PendingCancel,
    },
    /// The debit stands. Never stored as a state: the request is prepared in the same decision.
    Debited(DebitReceipt),
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
    /// A manual resolution is needed. Repeats of the reversal or inquiry, late responses and the settlement file still count.
    Exception(Dispatch, ExceptionCause),
    /// The transfer failed. The cancel of the debit is repeated until core confirms it.
    Refunding {
        /// The debit that is refunded.
        receipt: DebitReceipt,
        /// The trace numbers of the request.
        trace: TraceNumbers,
        /// Why the money is refunded.
        reason: RefundReason,
        /// The cancel of the debit.
        cancel: PendingCancel,
    },
    /// The transfer succeeded: the beneficiary is paid.
    Settled {
        /// The debit that funded it.
        receipt: DebitReceipt,
        /// The trace numbers of the request.
        trace: TraceNumbers,
        /// The evidence.
        by: SettledBy,
    },
    /// The transfer failed, and the debit is returned to the customer.
    Refunded {
        /// The trace numbers of the request.
        trace: TraceNumbers,
        /// Why the money was refunded.
        reason: RefundReason,
        /// What core had cancelled; `None` if the channel returned the debit, or the bank did in core by hand.
        prior: Option<PriorPosting>,
    },
    /// Two pieces of evidence exclude each other. A manual resolution is needed. Holds the trace numbers of the request.
    ConflictingOutcome(TraceNumbers, Conflict),
    /// A manual resolution confirmed that the beneficiary was paid and the customer refunded. The bank bears the loss.
    /// Holds the trace numbers of the request.
    PaidTwice(TraceNumbers),
    /// The transfer was rejected before a request was sent, for this reason. No debit stands.
    Rejected(RejectionReason),
}

/// A request with the debit that funds it, and the deadline of the current state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
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
    /// The network has no reversals, and no status inquiry gave the outcome. Inquiries are still sent, at growing intervals.
    Undecided {
        /// How many were sent since the transfer is an exception.
        tries: u16,
    },
}

/// The two outcomes that conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The customer was refunded, and the switch or its settlement file says that the transfer succeeded.
    RefundedButSettled,
    /// The transfer was settled, and the switch confirmed a reversal, or its settlement file lacks the transfer.
    SettledButReversed(DebitReceipt),
}
