//! What money does: the life of a transfer, as pure state machines.
//!
//! There is no socket, clock, disk or randomness in here. A machine is asked with [`Outbound::decide`]: given an
//! input and the time, it says which facts became true and which effects follow once those are durable. Its
//! state is the fold of its facts, [`Outbound::evolve`], so a journal read again gives the state that was. A
//! state carries the evidence that it rests on: nothing can be sent but by a state that holds a debit receipt.

mod books;
mod effect;
mod exchange;
mod inbound;
mod input;
mod order;
mod outbound;
mod rules;

pub use books::{Books, Share, Sums};
pub use effect::{Alarm, Cleared, Decision, Effect, Posting, ReversalSend, Side};
pub use exchange::{AccountAnswer, Exchange, ExchangeInput, Holding, Inquiry, Outcome, Turn, Way};
pub use inbound::{Bar, Demand, Inbound, InboundFact, InboundInput, Origin, Undo};
pub use input::{
    CancelAnswer, Input, Line, PostingAnswer, Refusal, Resolution, TwoPersons, Verdict, Was,
};
pub use order::{
    Answer, Card, ChannelReference, Funding, Heard, Numbers, Order, Particulars, Receipt, Trace,
};
pub use outbound::{
    Cause, Dispatch, Doubt, Illegal, Outbound, OutboundFact, RefusedFor, Reversal, SettledBy,
    Unwanted, Why,
};
pub use rules::{
    AfterUnknown, Class, Classes, InboundCodes, InquiryRules, ReversalClass, ReversalClasses,
    ReversalRules, Rules,
};

pub use crate::values::Backoff;
use crate::values::Moment;

/// What deciding needs besides the state and the input: the time, the network's rules and new numbers.
pub struct Context<'a> {
    /// Now.
    pub now: Moment,
    /// The network's rules.
    pub rules: &'a Rules,
    /// Where traces and jitter come from.
    pub numbers: &'a mut dyn Numbers,
}
