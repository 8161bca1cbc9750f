//! What comes into the engine, and what goes out of it.

use crate::transfer::{
    Answer, Demand, Effect, Inbound, InboundFact, InboundInput, Input, Order, Outbound,
    OutboundFact, Trace,
};
use crate::values::{Amount, Moment, TransferId};

/// What makes a request the same request: a hash of the fields that tell it from others. Of a channel: partner,
/// its number and the day; of the wire: what the network says, DE7 + 11 + 32 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub u128);

/// A hash of all that a request asks for, to tell a repeat from another request under the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Body(pub u128);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A channel asks for a transfer.
    Order {
        /// What it asks for.
        order: Order,
        /// What makes it the same request.
        key: Key,
        /// All that it asks for.
        body: Body,
    },
    /// Something that concerns a transfer that is known by its id.
    Transfer(TransferId, Concern),
    /// The switch answered something that went under a trace.
    Answered {
        /// The numbers that the answer goes under.
        trace: Trace,
        /// To what it is an answer.
        to: Question,
        /// What it says.
        answer: Answer,
    },
    /// The switch asks us for a transfer, for the first time or again.
    Demand {
        /// What it asks for.
        demand: Demand,
        /// What makes it the same request.
        key: Key,
    },
    /// The switch reverses a transfer that it asked us for.
    Reversal {
        /// What it undoes, as far as the reversal says.
        demand: Demand,
        /// What made the original the same request.
        original: Key,
        /// The amount that the reversal speaks of.
        amount: Amount,
    },
}

/// Something that concerns one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// One that leaves our bank.
    Out(Input),
    /// One that comes to our bank.
    In(InboundInput),
}

/// What an answer is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// The financial request.
    Request,
    /// The reversal.
    Reversal,
    /// The status inquiry.
    Status,
}

impl Question {
    pub(super) const fn input(self, answer: Answer) -> Input {
        match self {
            Self::Request => Input::Answer(answer),
            Self::Reversal => Input::ReversalAnswer(answer),
            Self::Status => Input::StatusAnswer(answer),
        }
    }
}

/// Something to be done in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// What a transfer asks for; its facts are durable.
    Effect(Effect),
    /// The channel's request was there before: this transfer is the answer to it.
    Existing(Key, TransferId),
    /// Another request was there before under the same key.
    Conflict(Key, TransferId),
    /// The channel's request is refused; nothing was done.
    Refused(Key, Busy),
    /// Find a transfer that is not live, and say with [`Engine::found`](super::Engine::found) what the journal
    /// has; the event waits for it.
    LookUp(Lookup, Event),
    /// An answer that matches nothing.
    Unmatched(Trace, Question, Answer),
}

/// Why a channel's request is refused before anything was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Busy {
    /// As many transfers are open as may be.
    Full,
    /// The program is being stopped.
    Draining,
}

/// What a transfer is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lookup {
    /// Its id.
    Id(TransferId),
    /// The key of its request.
    Key(Key),
    /// The numbers of one of its messages.
    Trace(Trace),
}

/// A transfer of either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It leaves our bank.
    Out(Outbound),
    /// It comes to our bank.
    In(Inbound),
}

/// A fact of either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Of a transfer that leaves our bank.
    Out(OutboundFact),
    /// Of a transfer that comes to our bank.
    In(InboundFact),
}

/// A fact as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The transfer.
    pub id: TransferId,
    /// When it became true.
    pub at: Moment,
    /// What became true.
    pub fact: Fact,
}

/// A transfer begins under a key that no other may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The key.
    pub key: Key,
    /// All that was asked for under it.
    pub body: Body,
    /// The transfer.
    pub id: TransferId,
}
