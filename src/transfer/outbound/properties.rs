//! The table of the states of an outbound transfer: what is true of each of them.

use std::sync::Arc;

use super::reasons::{RefundReason, RejectionReason};
use super::{Conflict, Dispatch, ExceptionCause, OutboundState as State, OutboundTransfer};
use crate::codes::outbound_state as code;
use crate::transfer::books::Share;
use crate::transfer::core_reply::{PriorPosting, Refusal};
use crate::transfer::order::TraceNumbers;
use crate::transfer::rules::Rules;
use crate::transfer::state::{Properties, Wait};
use crate::transfer::status::{FailureReason, StatusReport, TransferStatus};

/// A row of the table.
pub(super) struct Row {
    pub(super) properties: Properties,
    status: TransferStatus,
    /// The trace numbers of the request, once it has any.
    pub(super) trace: Option<TraceNumbers>,
    /// Why the money did not move, if it did not.
    failure: Option<FailureCause>,
}

impl Row {
    const fn new(
        code: &'static str,
        name: &'static str,
        status: TransferStatus,
        share: Share,
        wait: Wait,
    ) -> Self {
        let properties = Properties::new(code, name, share, wait);
        Self { properties, status, trace: None, failure: None }
    }

    /// A state with an open request: the debit is in flight.
    const fn open(
        code: &'static str,
        name: &'static str,
        status: TransferStatus,
        wait: Wait,
        dispatch: &Dispatch,
    ) -> Self {
        Self::new(code, name, status, Share::InFlight, wait).request(dispatch.trace)
    }

    const fn request(self, trace: TraceNumbers) -> Self {
        Self { trace: Some(trace), ..self }
    }

    const fn failed(self, cause: FailureCause) -> Self {
        Self { failure: Some(cause), ..self }
    }

    const fn exception(self, is_exception: bool) -> Self {
        Self { properties: self.properties.exception(is_exception), ..self }
    }
}

impl OutboundTransfer {
    /// Returns the properties of the state.
    #[must_use]
    pub fn properties(&self) -> Properties {
        self.state.row().properties
    }

    /// Returns the status with all that a channel sees of the transfer.
    #[must_use]
    pub fn report(&self, rules: &Rules) -> StatusReport {
        let Row { status, trace, failure, .. } = self.state.row();
        let failure = failure.map(|cause| cause.reason(rules));
        StatusReport { order: Arc::clone(&self.order), status, trace, failure }
    }
}

impl State {
    /// Returns the row of this state.
    pub(super) const fn row(&self) -> Row {
        use TransferStatus::{Initiated, Pending, Processing, Refunded, Rejected, Settled};
        match self {
            Self::Accepted => {
                Row::new(code::ACCEPTED, "accepted", Initiated, Share::Nothing, Wait::Decision)
            }
            Self::Debiting { due, .. } => {
                Row::new(code::DEBITING, "debiting", Initiated, Share::Nothing, Wait::Core(*due))
            }
            Self::CancellingDebit { cancel, .. } => {
                let (code, wait) = (code::CANCELLING_DEBIT, Wait::Core(cancel.due));
                Row::new(code, "cancelling debit", Initiated, Share::Nothing, wait)
                    .exception(cancel.is_exception)
            }
            Self::Debited(_) => {
                Row::new(code::DEBITED, "debited", Processing, Share::InFlight, Wait::Decision)
            }
            Self::ReadyToSend(request) => {
                let wait = Wait::TimeOut(request.due);
                Row::open(code::READY_TO_SEND, "ready to send", Processing, wait, request)
            }
            Self::Sent(request) => {
                Row::open(code::SENT, "sent", Processing, Wait::TimeOut(request.due), request)
            }
            Self::OutcomeUnknown(request, _) => {
                let wait = Wait::Switch(request.due);
                Row::open(code::OUTCOME_UNKNOWN, "outcome unknown", Pending, wait, request)
            }
            Self::Reversing(request, _) => {
                let wait = Wait::Switch(request.due);
                Row::open(code::REVERSING, "reversing", Pending, wait, request)
            }
            Self::Inquiring { dispatch: request, .. } => {
                let wait = Wait::Switch(request.due);
                Row::open(code::INQUIRING, "inquiring", Pending, wait, request)
            }
            Self::Exception(request, ExceptionCause::Unreversed(_)) => {
                let (code, wait) = (code::EXCEPTION_UNREVERSED, Wait::Switch(request.due));
                Row::open(code, "exception (unreversed)", Pending, wait, request).exception(true)
            }
            Self::Exception(request, ExceptionCause::Undecided { .. }) => {
                let (code, wait) = (code::EXCEPTION_UNDECIDED, Wait::Switch(request.due));
                Row::open(code, "exception (undecided)", Pending, wait, request).exception(true)
            }
            Self::Refunding { trace, reason, cancel, .. } => {
                let (code, name, status) = reason.refunding();
                Row::new(code, name, status, Share::InFlight, Wait::Core(cancel.due))
                    .request(*trace)
                    .failed(FailureCause::Refunded(*reason))
                    .exception(cancel.is_exception)
            }
            Self::Settled { trace, .. } => {
                Row::new(code::SETTLED, "settled", Settled, Share::Settled, Wait::Nothing)
                    .request(*trace)
            }
            Self::Refunded { trace, reason, .. } => {
                Row::new(code::REFUNDED, "refunded", Refunded, Share::Refunded, Wait::Nothing)
                    .request(*trace)
                    .failed(FailureCause::Refunded(*reason))
            }
            Self::ConflictingOutcome(trace, conflict) => {
                let (code, name, share) = conflict.columns();
                Row::new(code, name, Pending, share, Wait::Resolution).request(*trace)
            }
            Self::PaidTwice(trace) => {
                Row::new(code::PAID_TWICE, "paid twice", Settled, Share::WrittenOff, Wait::Nothing)
                    .request(*trace)
            }
            Self::Rejected(reason) => {
                Row::new(code::REJECTED, "rejected", Rejected, reason.share(), Wait::Nothing)
                    .failed(FailureCause::Rejected(*reason))
            }
        }
    }
}

impl RefundReason {
    /// Returns code, display name and status of a refund in progress.
    const fn refunding(self) -> (&'static str, &'static str, TransferStatus) {
        match self {
            Self::ApprovedMeanwhile => (
                code::CONFLICT_REFUNDING_BUT_SETTLED,
                "conflict (refunding, but settled)",
                TransferStatus::Pending,
            ),
            Self::Declined(_)
            | Self::NotSent
            | Self::Reversed
            | Self::NotSettled
            | Self::Resolved => (code::REFUNDING, "refunding", TransferStatus::Refunding),
        }
    }
}

impl Conflict {
    /// Returns code, display name and share.
    const fn columns(&self) -> (&'static str, &'static str, Share) {
        match self {
            Self::RefundedButSettled => (
                code::CONFLICT_REFUNDED_BUT_SETTLED,
                "conflict (refunded, but settled)",
                Share::Refunded,
            ),
            Self::SettledButReversed(_) => (
                code::CONFLICT_SETTLED_BUT_REVERSED,
                "conflict (settled, but reversed)",
                Share::InFlight,
            ),
        }
    }
}

impl RejectionReason {
    const fn share(self) -> Share {
        match self {
            Self::OutcomeUnknown(PriorPosting::Posted)
            | Self::CoreThenCancelled(_, PriorPosting::Posted) => Share::Refunded,
            Self::Core(_)
            | Self::Barred
            | Self::OutcomeUnknown(PriorPosting::Absent | PriorPosting::Cancelled)
            | Self::CoreThenCancelled(_, PriorPosting::Absent | PriorPosting::Cancelled) => {
                Share::Nothing
            }
        }
    }
}

/// Why the money did not move.
#[derive(Clone, Copy)]
pub(super) enum FailureCause {
    /// The transfer was rejected.
    Rejected(RejectionReason),
    /// The debit is refunded.
    Refunded(RefundReason),
}

impl FailureCause {
    /// Returns what a channel sees of it.
    pub(super) fn reason(self, rules: &Rules) -> FailureReason {
        match self {
            Self::Rejected(
                RejectionReason::Core(refusal) | RejectionReason::CoreThenCancelled(refusal, _),
            ) => FailureReason::Refused(refusal),
            Self::Rejected(RejectionReason::Barred) => FailureReason::Refused(Refusal::Other),
            Self::Refunded(RefundReason::Declined(code)) => {
                FailureReason::Refused(rules.declines.of(code))
            }
            Self::Refunded(RefundReason::NotSent) => FailureReason::NotSent,
            Self::Rejected(RejectionReason::OutcomeUnknown(_))
            | Self::Refunded(
                RefundReason::Reversed
                | RefundReason::NotSettled
                | RefundReason::Resolved
                | RefundReason::ApprovedMeanwhile,
            ) => FailureReason::Reversed,
        }
    }
}
