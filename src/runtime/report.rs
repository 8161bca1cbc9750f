//! What channels see of a transfer.

use crate::api::{FailureReason, TransferReport};
use crate::transfer::{
    OutboundTransfer, RefundReason, Refusal, RejectionReason, Rules, TraceNumbers,
};
use crate::values::ResponseCode;

/// Returns the report of a transfer. `trace` has the trace numbers of its request.
pub(super) fn report(
    transfer: &OutboundTransfer,
    trace: Option<TraceNumbers>,
    rules: &Rules,
) -> TransferReport {
    let (id, status) = (transfer.order().id, transfer.status());
    TransferReport { id, status, trace, reason: failure_reason(transfer, rules) }
}

/// Returns why the money did not move, if it did not.
fn failure_reason(transfer: &OutboundTransfer, rules: &Rules) -> Option<FailureReason> {
    match transfer {
        OutboundTransfer::Rejected { reason, .. } => Some(match reason {
            RejectionReason::Core(refusal) | RejectionReason::CoreThenCancelled(refusal, _) => {
                FailureReason::Refused(*refusal)
            }
            RejectionReason::Barred => FailureReason::Refused(Refusal::Other),
            RejectionReason::OutcomeUnknown(_) => FailureReason::Reversed,
        }),
        OutboundTransfer::Refunding { reason, .. } | OutboundTransfer::Refunded { reason, .. } => {
            Some(match reason {
                RefundReason::Declined(code) => FailureReason::Refused(refusal(*code, rules)),
                RefundReason::NotSent => FailureReason::NotSent,
                RefundReason::Reversed
                | RefundReason::NotSettled
                | RefundReason::Resolved
                | RefundReason::ApprovedMeanwhile => FailureReason::Reversed,
            })
        }
        OutboundTransfer::Accepted(_)
        | OutboundTransfer::Debiting { .. }
        | OutboundTransfer::CancellingDebit { .. }
        | OutboundTransfer::Debited(..)
        | OutboundTransfer::ReadyToSend(_)
        | OutboundTransfer::Sent(_)
        | OutboundTransfer::OutcomeUnknown(..)
        | OutboundTransfer::Reversing(..)
        | OutboundTransfer::Inquiring { .. }
        | OutboundTransfer::Exception(..)
        | OutboundTransfer::Settled { .. }
        | OutboundTransfer::ConflictingOutcome(..)
        | OutboundTransfer::PaidTwice(_) => None,
    }
}

/// Returns what a response code that declines means. The profile's table of our own responses is read backwards.
pub(super) fn refusal(code: ResponseCode, rules: &Rules) -> Refusal {
    let listed = rules.inbound.refusals.iter().find(|(_, listed)| *listed == code);
    listed.map_or(Refusal::Other, |(refusal, _)| *refusal)
}
