//! Why an outbound transfer went the way it did. Facts and states hold these reasons.

use serde::{Deserialize, Serialize};

use crate::transfer::core_reply::{PriorPosting, Refusal};
use crate::values::ResponseCode;

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

impl CancelReason {
    /// Returns why the transfer is rejected, once core confirmed that no debit stands.
    pub(super) const fn rejection(self, prior: PriorPosting) -> RejectionReason {
        match self {
            Self::OutcomeUnknown => RejectionReason::OutcomeUnknown(prior),
            Self::Refused(refusal) => RejectionReason::CoreThenCancelled(refusal, prior),
        }
    }
}
