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
pub use effect::{
    About, Alarm, Cleared, Decision, Effect, Posting, Reply, ReversalSend, Side, Standing,
};
pub use exchange::{AccountAnswer, Exchange, ExchangeInput, Holding, Inquiry, Outcome, Turn, Way};
pub use inbound::{Asked, Bar, Demand, Inbound, InboundFact, InboundInput, Origin, Undo};
pub use input::{
    CancelAnswer, Input, Line, PostingAnswer, Refusal, Resolution, TwoPersons, Verdict, Was,
};
pub use order::{
    Answer, Card, ChannelReference, Funding, Heard, Numbers, Order, Particulars, Receipt, Trace,
};
pub use outbound::{
    Cause, Conflict, Dispatch, Doubt, Evidence, Illegal, Outbound, OutboundFact, RefusedFor,
    Reversal, SettledBy, Unwanted, Why,
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

impl Context<'_> {
    /// When core is to be asked again, after it was asked so often and now once more.
    fn core_due(&mut self, tries: u16) -> Moment {
        let draw = self.numbers.draw();
        self.rules.core.next(self.now, tries.saturating_add(1), draw)
    }

    /// The same of a cancel, which is asked for until core confirms it, and slowly when that takes too long.
    fn cancel_due(&mut self, tries: u16) -> Moment {
        if tries >= self.rules.cancel_tries {
            return self.now.after(self.rules.cancel_repeats);
        }
        self.core_due(tries)
    }

    /// Whether a cancel that was asked for so often is now asked for slowly, for the first time.
    fn is_overdue(&self, tries: u16) -> bool {
        tries == self.rules.cancel_tries
    }
}
