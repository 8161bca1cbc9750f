//! Transfers as pure state machines: what may happen to the money of one transfer, and in which order.
//!
//! This room has no socket, clock, disk or randomness. [`OutboundTransfer::decide`] takes an input and the time. It
//! returns the facts that became true, and the effects to release once those facts are durable. A state is the fold
//! of its facts ([`OutboundTransfer::evolve`]), so reading the journal again gives the same state. A state carries
//! its evidence: only a state that holds a debit receipt can send a request.

mod books;
mod effect;
mod inbound;
mod input;
mod inquiry;
mod names;
mod order;
mod outbound;
mod receipt;
mod rules;

pub use books::{Books, Share, Sums};
pub use effect::{
    Alert, Decision, Effect, FundedRequest, InboundResponse, MessageKind, OutgoingReversal,
    Posting, Side, TransferStatus,
};
pub use inbound::{
    BarCause, InboundFact, InboundInput, InboundMessage, InboundRequest, InboundTrace,
    InboundTransfer, ReversalCause,
};
pub use input::{
    CancelReply, DualControl, OutboundInput, PostingReply, PriorPosting, Refusal, Resolution,
    ResolutionOutcome, SendStatus,
};
pub use inquiry::{
    AccountDetails, AccountReply, Inquiry, InquiryInput, InquiryOutcome, InquiryStep, OpenInquiry,
};
pub use order::{
    Card, ChannelReference, Funding, Order, ResponseFields, SwitchResponse, TraceNumbers,
    TraceSource, TransferDetails,
};
pub use outbound::{
    CancelReason, Conflict, Dispatch, Evidence, ExceptionCause, IllegalFact, OutboundFact,
    OutboundTransfer, RefundReason, RejectionReason, Reversal, SettledBy, UnknownCause,
};
pub use receipt::{DebitReceipt, PostingReceipt};
pub use rules::{
    AfterUnknown, InboundCodes, InquiryRules, ResponseClass, ResponseClasses, ReversalClass,
    ReversalClasses, ReversalRules, Rules,
};

pub use crate::values::Backoff;
use crate::values::Moment;

/// What a decision needs besides the state and the input: the time, the network's rules and new trace numbers.
pub struct Context<'a> {
    /// The current time.
    pub now: Moment,
    /// The network's rules.
    pub rules: &'a Rules,
    /// The source of trace numbers and of jitter.
    pub numbers: &'a mut dyn TraceSource,
}

impl Context<'_> {
    /// Returns when to repeat a core command that is sent now, after `tries` earlier attempts.
    fn core_due(&mut self, tries: u16) -> Moment {
        let draw = self.numbers.draw();
        self.rules.core.next(self.now, tries.saturating_add(1), draw)
    }

    /// Returns when to repeat a cancel. A cancel is repeated until core confirms it; after
    /// [`Rules::cancel_tries`] attempts the interval is longer.
    fn cancel_due(&mut self, tries: u16) -> Moment {
        if tries >= self.rules.cancel_tries {
            return self.now.after(self.rules.cancel_interval);
        }
        self.core_due(tries)
    }

    /// Whether this attempt is the first one past the limit, which raises an alert once.
    fn is_overdue(&self, tries: u16) -> bool {
        tries == self.rules.cancel_tries
    }
}
