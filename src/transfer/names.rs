//! Codes and display names of states, facts, statuses and alerts.
//!
//! A code is stored and exported, and never changes ([`codes`]). A display name is for people, and may change.

use super::effect::{Alert, TransferStatus};
use super::inbound::{BarCause, InboundFact, InboundTransfer};
use super::outbound::{Conflict, ExceptionCause, OutboundFact, OutboundTransfer, RefundReason};
use crate::codes::{self, inbound_fact, inbound_state, outbound_fact, outbound_state};

impl OutboundTransfer {
    /// Returns the state code: what the journal stores, and what audits and exports compare and show.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Accepted(_) => outbound_state::ACCEPTED,
            Self::Debiting { .. } => outbound_state::DEBITING,
            Self::CancellingDebit { .. } => outbound_state::CANCELLING_DEBIT,
            Self::Debited(..) => outbound_state::DEBITED,
            Self::ReadyToSend(_) => outbound_state::READY_TO_SEND,
            Self::Sent(_) => outbound_state::SENT,
            Self::OutcomeUnknown(..) => outbound_state::OUTCOME_UNKNOWN,
            Self::Reversing(..) => outbound_state::REVERSING,
            Self::Inquiring { .. } => outbound_state::INQUIRING,
            Self::Exception(_, ExceptionCause::Unreversed(_)) => {
                outbound_state::EXCEPTION_UNREVERSED
            }
            Self::Exception(_, ExceptionCause::Undecided) => outbound_state::EXCEPTION_UNDECIDED,
            Self::Refunding { reason: RefundReason::ApprovedMeanwhile, .. } => {
                outbound_state::CONFLICT_REFUNDING_BUT_SETTLED
            }
            Self::Refunding { .. } => outbound_state::REFUNDING,
            Self::Settled { .. } => outbound_state::SETTLED,
            Self::Refunded { .. } => outbound_state::REFUNDED,
            Self::ConflictingOutcome(_, Conflict::RefundedButSettled) => {
                outbound_state::CONFLICT_REFUNDED_BUT_SETTLED
            }
            Self::ConflictingOutcome(_, Conflict::SettledButReversed(_)) => {
                outbound_state::CONFLICT_SETTLED_BUT_REVERSED
            }
            Self::PaidTwice(_) => outbound_state::PAID_TWICE,
            Self::Rejected { .. } => outbound_state::REJECTED,
        }
    }

    /// Returns the display name of the state.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Debiting { .. } => "debiting",
            Self::CancellingDebit { .. } => "cancelling debit",
            Self::Debited(..) => "debited",
            Self::ReadyToSend(_) => "ready to send",
            Self::Sent(_) => "sent",
            Self::OutcomeUnknown(..) => "outcome unknown",
            Self::Reversing(..) => "reversing",
            Self::Inquiring { .. } => "inquiring",
            Self::Exception(_, ExceptionCause::Unreversed(_)) => "exception (unreversed)",
            Self::Exception(_, ExceptionCause::Undecided) => "exception (undecided)",
            Self::Refunding { reason: RefundReason::ApprovedMeanwhile, .. } => {
                "conflict (refunding, but settled)"
            }
            Self::Refunding { .. } => "refunding",
            Self::Settled { .. } => "settled",
            Self::Refunded { .. } => "refunded",
            Self::ConflictingOutcome(_, Conflict::RefundedButSettled) => {
                "conflict (refunded, but settled)"
            }
            Self::ConflictingOutcome(_, Conflict::SettledButReversed(_)) => {
                "conflict (settled, but reversed)"
            }
            Self::PaidTwice(_) => "paid twice",
            Self::Rejected { .. } => "rejected",
        }
    }
}

impl InboundTransfer {
    /// Returns the state code: what the journal stores, and what audits and exports compare and show.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Received(_) => inbound_state::RECEIVED,
            Self::Posting { .. } => inbound_state::POSTING,
            Self::Posted(..) => inbound_state::POSTED,
            Self::Approved { .. } => inbound_state::APPROVED,
            Self::PostingRefused(..) => inbound_state::POSTING_REFUSED,
            Self::Declined { .. } => inbound_state::DECLINED,
            Self::Reversing { .. } => inbound_state::REVERSING,
            Self::Reversed { .. } => inbound_state::REVERSED,
            Self::Barred(..) => inbound_state::BARRED,
        }
    }

    /// Returns the display name of the state.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Received(_) => "received",
            Self::Posting { .. } => "posting",
            Self::Posted(..) => "posted",
            Self::Approved { .. } => "approved",
            Self::PostingRefused(..) => "posting refused",
            Self::Declined { .. } => "declined",
            Self::Reversing { .. } => "reversing",
            Self::Reversed { .. } => "reversed",
            Self::Barred(_, BarCause::Reversal) => "barred (by reversal)",
            Self::Barred(_, BarCause::StatusInquiry) => "barred (by status inquiry)",
        }
    }
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

impl InboundFact {
    /// Returns the code under which the journal stores the fact.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Received { .. } => inbound_fact::RECEIVED,
            Self::Barred { .. } => inbound_fact::BARRED,
            Self::PostingRequested { .. } => inbound_fact::POSTING_REQUESTED,
            Self::Posted(_) => inbound_fact::POSTED,
            Self::PostingRefused(_) => inbound_fact::POSTING_REFUSED,
            Self::Responded(_) => inbound_fact::RESPONDED,
            Self::ReversalRequested { .. } => inbound_fact::REVERSAL_REQUESTED,
            Self::Reversed(_) => inbound_fact::REVERSED,
            Self::RequestRepeated => inbound_fact::REQUEST_REPEATED,
            Self::ReversalResponded(_) => inbound_fact::REVERSAL_RESPONDED,
            Self::Mismatched(_) => inbound_fact::MISMATCHED_MESSAGE,
            Self::Resolved(_) => inbound_fact::RESOLVED,
            Self::StatusResponded(_) => inbound_fact::STATUS_INQUIRY_RESPONDED,
            Self::UnexpectedInput(_) => inbound_fact::UNEXPECTED_INPUT,
        }
    }
}

impl TransferStatus {
    /// Returns the code that channels, metrics and reports see.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Initiated => codes::transfer_status::INITIATED,
            Self::Processing => codes::transfer_status::PROCESSING,
            Self::Pending => codes::transfer_status::PENDING,
            Self::Settled => codes::transfer_status::SETTLED,
            Self::Refunding => codes::transfer_status::REFUNDING,
            Self::Refunded => codes::transfer_status::REFUNDED,
            Self::Rejected => codes::transfer_status::REJECTED,
        }
    }
}

impl Alert {
    /// Returns the code that logs and metrics show.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mismatch => codes::alert::MISMATCH,
            Self::ConflictingOutcome => codes::alert::CONFLICTING_OUTCOME,
            Self::Exception => codes::alert::EXCEPTION,
            Self::CoreDiffers => codes::alert::CORE_DIFFERS,
            Self::InternalError => codes::alert::INTERNAL_ERROR,
        }
    }
}
