//! The facts of an outbound transfer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::reasons::{CancelReason, RefundReason, RejectionReason, SettledBy, UnknownCause};
use crate::codes::outbound_fact;
use crate::transfer::core_reply::PriorPosting;
use crate::transfer::input::OutboundInput;
use crate::transfer::order::{Order, SwitchResponse, TraceNumbers};
use crate::transfer::receipt::{self, DebitReceipt};
use crate::transfer::resolution::Resolution;
use crate::values::Moment;

/// A fact: something that became true of an outbound transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutboundFact {
    /// The order was accepted.
    #[serde(rename = "accepted")]
    Accepted(Arc<Order>),
    /// The debit is requested from core.
    #[serde(rename = "debit_requested")]
    DebitRequested {
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The debit stands.
    #[serde(rename = "debited")]
    Debited(#[serde(with = "receipt::debit")] DebitReceipt),
    /// The transfer is rejected: no debit stands, and none can follow.
    #[serde(rename = "rejected")]
    Rejected(RejectionReason),
    /// The cancel of the debit is requested from core.
    #[serde(rename = "debit_cancel_requested")]
    DebitCancelRequested {
        /// Why.
        #[serde(rename = "reason")]
        reason: CancelReason,
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The request is ready to send.
    #[serde(rename = "request_ready")]
    RequestReady {
        /// Its trace numbers.
        #[serde(rename = "trace")]
        trace: TraceNumbers,
        /// The latest time for news from the link.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The request was written to the connection.
    #[serde(rename = "sent")]
    Sent {
        /// The latest time for the response.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The transfer succeeded.
    #[serde(rename = "settled")]
    Settled(SettledBy),
    /// The outcome is unknown.
    #[serde(rename = "outcome_unknown")]
    OutcomeUnknown {
        /// Why.
        #[serde(rename = "cause")]
        cause: UnknownCause,
        /// When the reversal or the status inquiry may start.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The reversal is ready to send.
    #[serde(rename = "reversal_ready")]
    ReversalReady {
        /// Its trace numbers.
        #[serde(rename = "trace")]
        trace: TraceNumbers,
    },
    /// The reversal or its repeat is sent.
    #[serde(rename = "reversal_sent")]
    ReversalSent {
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The switch did not find the original of the reversal.
    #[serde(rename = "reversal_not_found")]
    ReversalNotFound(SwitchResponse),
    /// The response to the reversal says neither "done" nor "not found".
    #[serde(rename = "reversal_unclear")]
    ReversalUnclear(SwitchResponse),
    /// A status inquiry is sent.
    #[serde(rename = "status_inquiry_sent")]
    StatusInquirySent {
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The transfer needs a manual resolution: the outcome stays unknown, or core refused a cancel or did not confirm it for too
    /// long. What is repeated is still repeated.
    #[serde(rename = "exception_raised")]
    ExceptionRaised,
    /// A maker and a checker resolved the transfer.
    #[serde(rename = "resolved")]
    Resolved(Resolution),
    /// The refund is requested from core.
    #[serde(rename = "refund_requested")]
    RefundRequested {
        /// Why.
        #[serde(rename = "reason")]
        reason: RefundReason,
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The customer is refunded. Holds what core had cancelled; `None` if core was not involved.
    #[serde(rename = "refunded")]
    Refunded(Option<PriorPosting>),
    /// Evidence of the opposite outcome arrived.
    #[serde(rename = "conflicting_outcome")]
    ConflictingOutcome(Evidence),
    /// A manual resolution confirmed that the refunded transfer also succeeded.
    #[serde(rename = "paid_twice")]
    PaidTwice,
    /// A response that arrived too late to change the state.
    #[serde(rename = "late_response")]
    LateResponse(SwitchResponse),
    /// A duplicate of an earlier response.
    #[serde(rename = "repeated_response")]
    RepeatedResponse(SwitchResponse),
    /// A response whose amount or echoed fields differ from the request.
    #[serde(rename = "mismatched_response")]
    MismatchedResponse(SwitchResponse),
    /// An input that the state does not expect.
    #[serde(rename = "unexpected_input")]
    UnexpectedInput(OutboundInput),
}

impl OutboundFact {
    /// Returns the code under which the journal stores the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Accepted(_) => outbound_fact::ACCEPTED,
            Self::DebitRequested { .. } => outbound_fact::DEBIT_REQUESTED,
            Self::Debited(_) => outbound_fact::DEBITED,
            Self::Rejected(_) => outbound_fact::REJECTED,
            Self::DebitCancelRequested { .. } => outbound_fact::DEBIT_CANCEL_REQUESTED,
            Self::RequestReady { .. } => outbound_fact::REQUEST_READY,
            Self::Sent { .. } => outbound_fact::SENT,
            Self::Settled(_) => outbound_fact::SETTLED,
            Self::OutcomeUnknown { .. } => outbound_fact::OUTCOME_UNKNOWN,
            Self::ReversalReady { .. } => outbound_fact::REVERSAL_READY,
            Self::ReversalSent { .. } => outbound_fact::REVERSAL_SENT,
            Self::ReversalNotFound(_) => outbound_fact::REVERSAL_NOT_FOUND,
            Self::ReversalUnclear(_) => outbound_fact::REVERSAL_UNCLEAR,
            Self::StatusInquirySent { .. } => outbound_fact::STATUS_INQUIRY_SENT,
            Self::ExceptionRaised => outbound_fact::EXCEPTION_RAISED,
            Self::Resolved(_) => outbound_fact::RESOLVED,
            Self::RefundRequested { .. } => outbound_fact::REFUND_REQUESTED,
            Self::Refunded(_) => outbound_fact::REFUNDED,
            Self::ConflictingOutcome(_) => outbound_fact::CONFLICTING_OUTCOME,
            Self::PaidTwice => outbound_fact::PAID_TWICE,
            Self::LateResponse(_) => outbound_fact::LATE_RESPONSE,
            Self::RepeatedResponse(_) => outbound_fact::REPEATED_RESPONSE,
            Self::MismatchedResponse(_) => outbound_fact::MISMATCHED_RESPONSE,
            Self::UnexpectedInput(_) => outbound_fact::UNEXPECTED_INPUT,
        }
    }
}

/// The evidence of a conflicting outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// A response of the switch.
    #[serde(rename = "response")]
    Response(SwitchResponse),
    /// The settlement file.
    #[serde(rename = "settlement_file")]
    SettlementFile,
}
