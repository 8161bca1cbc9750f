//! Transfers as pure state machines: what may happen to the money of one transfer, and in which order.
//!
//! This room has no socket, clock, disk or randomness. [`OutboundTransfer::decide`] takes an input and the time. It
//! returns the facts that became true, and the effects to release once those facts are durable. A state is the fold
//! of its facts ([`OutboundTransfer::evolve`]), so reading the journal again gives the same state. A state carries
//! its evidence: only a state that holds a debit receipt can send a request.

mod books;
mod context;
mod core_reply;
mod effect;
mod inbound;
mod input;
mod inquiry;
mod order;
mod outbound;
mod receipt;
mod resolution;
mod rules;
mod state;
mod status;

pub use books::{Books, Share, Sums};
pub use context::Context;
pub use core_reply::{CancelReply, PostingReply, PriorPosting, Refusal};
pub use effect::{
    Decision, Effect, FundedRequest, InboundResponse, MessageKind, OutgoingReversal,
    OutgoingStatusInquiry, PartCancel, Posting, Side,
};
pub use inbound::{
    BarCause, InboundFact, InboundInput, InboundMessage, InboundRequest, InboundReversal,
    InboundState, InboundTrace, InboundTransfer, OriginalSearch, OriginalStep, PartEnd,
    PartialReversal, ReversalCause, ReversalMessage,
};
pub use input::{OutboundInput, SendStatus};
pub use inquiry::{
    AccountDetails, AccountReply, Inquiry, InquiryInput, InquiryOutcome, InquiryStep, OpenInquiry,
};
pub use order::{
    Card, ChannelReference, Funding, Order, ResponseFields, SwitchResponse, TraceNumbers,
    TraceSource, TransferDetails,
};
pub use outbound::{
    CancelReason, Conflict, Dispatch, Evidence, ExceptionCause, OutboundFact, OutboundState,
    OutboundTransfer, RefundReason, RejectionReason, Reversal, SettledBy, UnknownCause,
};
pub use receipt::{DebitReceipt, PostingReceipt};
pub use resolution::{
    DualControl, PossibleResolution, Resolution, ResolutionCommand, ResolutionOutcome,
};
pub use rules::{
    AfterUnknown, CoreRules, DeclineMeanings, InboundCodes, InquiryRules, ResponseClass,
    ResponseClasses, ReversalClass, ReversalClasses, ReversalRules, Rules,
};
pub use state::{IllegalFact, PendingCancel, Properties, Wait};
pub use status::{FailureReason, InboundStatus, StatusReport, TransferStatus};

pub use crate::values::{Alert, Backoff};
