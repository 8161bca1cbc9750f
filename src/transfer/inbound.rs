//! An inbound transfer: a customer of another bank pays ours, or our customer withdraws cash at another bank's
//! machine. Core makes the posting. A reversal before or after the posting cancels it.
//!
//! ```text
//! Received ─► Posting ─► Posted ─────────► Approved ─► Reversing ─► Reversed
//!                │                                         ▲
//!                ├─► PostingRefused ─► Declined            │
//!                └─────────────────────────────────────────┘
//!                     core gave no certain reply in time, or a reversal arrived
//!
//! Received can also go to PostingRefused at once: the request is over a limit of ours.
//! Approved ─► PartiallyReversing ─► PartiallyReversed     a partial reversal arrived: a posting of its own returns a part
//!
//! Reversing ─► WrittenOff                                 a manual resolution: the bank bears the loss
//! PartiallyReversing ─► CancellingPart ─► PartiallyReversed, PartWrittenOff     a manual resolution decided about the part
//!
//! Barred     the reversal arrived before the request, or a status inquiry got "not found"
//! ```
//!
//! `Received`, `Posted` and `PostingRefused` are passed within one decision. A tested diagram with every input is in
//! `docs/transfer.md`.

mod builder;
mod decide;
mod evolve;
mod properties;
mod request;
mod resolution;
mod reversal;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::core_reply::{CancelReply, PostingReply, PriorPosting, Refusal};
use super::receipt::{self, PostingReceipt};
use super::resolution::Resolution;
use super::state::PendingCancel;
use crate::codes::inbound_fact;
use crate::values::{IdempotencyKey, Moment, ResponseCode};
pub use request::{InboundMessage, InboundRequest, InboundTrace};
pub use reversal::{
    InboundReversal, OriginalSearch, OriginalStep, PartEnd, PartialReversal, ReversalMessage,
};

/// An inbound transfer: its request, which never changes, and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundTransfer {
    request: Arc<InboundRequest>,
    state: InboundState,
}

impl InboundTransfer {
    /// Returns the request.
    #[must_use]
    pub const fn request(&self) -> &Arc<InboundRequest> {
        &self.request
    }

    /// Returns the state.
    #[must_use]
    pub const fn state(&self) -> &InboundState {
        &self.state
    }
}

/// The state of an inbound transfer, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboundState {
    /// The request is recorded. Never stored as a state: the posting is requested in the same decision.
    Received,
    /// Core has the posting command; its reply is awaited.
    Posting {
        /// How many times the posting was requested.
        tries: u16,
        /// When to repeat the request.
        due: Moment,
        /// The latest time to respond to the switch.
        respond_by: Moment,
    },
    /// The posting stands. Never stored as a state: the response is part of the same decision.
    Posted(PostingReceipt),
    /// The posting stands and the request is approved.
    Approved {
        /// The proof of the posting.
        receipt: PostingReceipt,
        /// The response code of the request.
        code: ResponseCode,
    },
    /// Core refused the posting, or the request is over a limit of ours. Never stored as a state: the response is part of the same
    /// decision.
    PostingRefused(Refusal),
    /// No posting stands, and the request is declined with this response code.
    Declined(ResponseCode),
    /// The posting must not stand. The cancel is repeated until core confirms it.
    Reversing {
        /// Why the posting is reversed, and the response code of the request.
        cause: ReversalCause,
        /// The cancel.
        cancel: PendingCancel,
    },
    /// Core confirmed the cancel: no posting stands.
    Reversed {
        /// Why the posting was reversed.
        cause: ReversalCause,
        /// What core had cancelled; `None` if the bank corrected core by hand.
        prior: Option<PriorPosting>,
    },
    /// The posting stands, and the switch has its reversal. The bank bears the loss.
    WrittenOff {
        /// Why the posting had to be reversed.
        cause: ReversalCause,
    },
    /// A part of the amount goes back. Its posting is repeated until core confirms it.
    PartiallyReversing {
        /// The response code of the request.
        code: ResponseCode,
        /// The posting that returns the part.
        part: PartialReversal,
        /// Its repeats.
        pending: PendingCancel,
    },
    /// Core confirmed that a part of the amount is returned. The rest stands.
    PartiallyReversed {
        /// The response code of the request.
        code: ResponseCode,
        /// The posting that returned the part.
        part: PartialReversal,
    },
    /// A manual resolution decided about the part. The posting that returns it is cancelled or barred, so that it cannot return
    /// the part once more. The cancel is repeated until core confirms it.
    CancellingPart {
        /// The response code of the request.
        code: ResponseCode,
        /// The posting that must not stand.
        part: PartialReversal,
        /// The cancel.
        cancel: PendingCancel,
        /// What was decided about the part.
        end: PartEnd,
    },
    /// The whole posting stands, and the switch has its partial reversal. The bank bears the loss of the part.
    PartWrittenOff {
        /// The response code of the request.
        code: ResponseCode,
        /// The part, whose posting is cancelled or barred.
        part: PartialReversal,
    },
    /// The request has not arrived, and is declined if it arrives. Its reversal came first, or a status inquiry got
    /// the response "not found".
    Barred(BarCause),
}

/// The message that arrived before its request and bars it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BarCause {
    /// The reversal of the request.
    #[serde(rename = "reversal")]
    Reversal {
        /// The duplicate key of the reversal.
        #[serde(rename = "reversal_key")]
        key: IdempotencyKey,
    },
    /// A status inquiry. The switch takes "not found" as the outcome, so it must stay true.
    #[serde(rename = "status_inquiry")]
    StatusInquiry,
}

/// Why a posting is reversed, and the response code that the request got before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReversalCause {
    /// Core gave no certain reply until it was too late to approve.
    #[serde(rename = "outcome_unknown")]
    OutcomeUnknown {
        /// The response code of the request.
        #[serde(rename = "response_code")]
        response_code: ResponseCode,
    },
    /// Core refused the posting after more than one request. An earlier request may still be on its way.
    #[serde(rename = "refused")]
    Refused {
        /// The response code of the request.
        #[serde(rename = "response_code")]
        response_code: ResponseCode,
    },
    /// The switch reversed an approved request. The request is not approved again when it is repeated.
    #[serde(rename = "reversed")]
    Reversed {
        /// The duplicate key of the reversal.
        #[serde(rename = "reversal_key")]
        key: IdempotencyKey,
    },
    /// The switch reversed the request before it got a response. It gets none.
    #[serde(rename = "reversed_before_response")]
    ReversedBeforeResponse {
        /// The duplicate key of the reversal.
        #[serde(rename = "reversal_key")]
        key: IdempotencyKey,
    },
}

impl ReversalCause {
    /// Whether the request was approved before, so that the posting is known to have been made.
    #[must_use]
    pub const fn is_after_approval(self) -> bool {
        match self {
            Self::Reversed { .. } => true,
            Self::OutcomeUnknown { .. }
            | Self::Refused { .. }
            | Self::ReversedBeforeResponse { .. } => false,
        }
    }
}

/// An input of an inbound transfer: something that happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboundInput {
    /// Core replied to the posting command, or did not.
    #[serde(rename = "posting_reply")]
    Posting(PostingReply),
    /// Core replied to the cancel, or did not.
    #[serde(rename = "cancel_reply")]
    Cancel(CancelReply),
    /// Core replied to the posting that returns a part of the amount, or did not.
    #[serde(rename = "partial_reversal_reply")]
    PartialReversal(PostingReply),
    /// Core replied to the cancel of that posting, or did not.
    #[serde(rename = "part_cancel_reply")]
    PartCancel(CancelReply),
    /// The same request arrived again, marked as a repeat or not.
    #[serde(rename = "repeated_request")]
    RepeatedRequest(InboundMessage),
    /// A reversal or its repeat arrived.
    #[serde(rename = "reversal")]
    Reversal(ReversalMessage),
    /// A status inquiry arrived.
    #[serde(rename = "status_inquiry")]
    StatusInquiry(InboundMessage),
    /// A maker and a checker resolved an exception.
    #[serde(rename = "resolution")]
    Resolve(Resolution),
    /// The deadline of the state was reached.
    #[serde(rename = "deadline")]
    Due,
    /// The program restarted.
    #[serde(rename = "restart")]
    Restarted,
}

/// A fact: something that became true of an inbound transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboundFact {
    /// The request was received.
    #[serde(rename = "received")]
    Received {
        /// The request.
        #[serde(rename = "request")]
        request: Arc<InboundRequest>,
    },
    /// A request that has not arrived is declined if it arrives.
    #[serde(rename = "barred")]
    Barred {
        /// The request as far as it is known.
        #[serde(rename = "request")]
        request: Arc<InboundRequest>,
        /// The message that arrived first.
        #[serde(rename = "cause")]
        cause: BarCause,
    },
    /// The posting is requested from core.
    #[serde(rename = "posting_requested")]
    PostingRequested {
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
        /// The latest time to respond to the switch.
        #[serde(rename = "respond_by")]
        respond_by: Moment,
    },
    /// The posting stands.
    #[serde(rename = "posted")]
    Posted(#[serde(with = "receipt::posting")] PostingReceipt),
    /// Core refused the posting, or the request is over a limit of ours.
    #[serde(rename = "posting_refused")]
    PostingRefused(Refusal),
    /// The request gets this response code.
    #[serde(rename = "responded")]
    Responded(ResponseCode),
    /// The cancel of the posting is requested from core.
    #[serde(rename = "reversal_requested")]
    ReversalRequested {
        /// Why.
        #[serde(rename = "cause")]
        cause: ReversalCause,
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// No posting stands. Holds what core had cancelled; `None` if the bank corrected core by hand.
    #[serde(rename = "reversed")]
    Reversed(Option<PriorPosting>),
    /// The posting that returns a part of the amount is requested from core.
    #[serde(rename = "partial_reversal_requested")]
    PartialReversalRequested {
        /// The posting.
        #[serde(rename = "part")]
        part: PartialReversal,
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// A part of the amount is returned. The rest stands.
    #[serde(rename = "partially_reversed")]
    PartiallyReversed,
    /// The cancel of the posting that returns a part of the amount is requested from core.
    #[serde(rename = "part_cancel_requested")]
    PartCancelRequested {
        /// What was decided about the part.
        #[serde(rename = "end")]
        end: PartEnd,
        /// When to repeat it.
        #[serde(rename = "due_at")]
        due: Moment,
    },
    /// The reversal, or the part of it, is written off: the bank bears the loss.
    #[serde(rename = "written_off")]
    WrittenOff,
    /// The request arrived again.
    #[serde(rename = "request_repeated")]
    RequestRepeated,
    /// A reversal gets this response code.
    #[serde(rename = "reversal_responded")]
    ReversalResponded(ResponseCode),
    /// A message with the same trace numbers has another amount or account.
    #[serde(rename = "mismatched_message")]
    Mismatched(InboundMessage),
    /// The transfer needs a manual resolution: core refused the reversal, or did not confirm it for too long. It is still
    /// repeated.
    #[serde(rename = "exception_raised")]
    ExceptionRaised,
    /// A maker and a checker resolved the transfer.
    #[serde(rename = "resolved")]
    Resolved(Resolution),
    /// A status inquiry gets this response code.
    #[serde(rename = "status_inquiry_responded")]
    StatusResponded(ResponseCode),
    /// An input that the state does not expect.
    #[serde(rename = "unexpected_input")]
    UnexpectedInput(InboundInput),
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
            Self::PartialReversalRequested { .. } => inbound_fact::PARTIAL_REVERSAL_REQUESTED,
            Self::PartiallyReversed => inbound_fact::PARTIALLY_REVERSED,
            Self::PartCancelRequested { .. } => inbound_fact::PART_CANCEL_REQUESTED,
            Self::WrittenOff => inbound_fact::WRITTEN_OFF,
            Self::RequestRepeated => inbound_fact::REQUEST_REPEATED,
            Self::ReversalResponded(_) => inbound_fact::REVERSAL_RESPONDED,
            Self::Mismatched(_) => inbound_fact::MISMATCHED_MESSAGE,
            Self::ExceptionRaised => inbound_fact::EXCEPTION_RAISED,
            Self::Resolved(_) => inbound_fact::RESOLVED,
            Self::StatusResponded(_) => inbound_fact::STATUS_INQUIRY_RESPONDED,
            Self::UnexpectedInput(_) => inbound_fact::UNEXPECTED_INPUT,
        }
    }
}
