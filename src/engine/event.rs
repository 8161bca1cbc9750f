//! What comes into the engine, and what goes out of it.

use serde::{Deserialize, Serialize};

use crate::transfer::{
    Answer, CancelAnswer, Demand, Effect, ExchangeInput, Heard, Holding, Inbound, InboundFact,
    InboundInput, Input, Inquiry, Order, Outbound, OutboundFact, Outcome, PostingAnswer, Trace,
    Way,
};
use crate::values::{AccountNumber, Date, Moment, ResponseCode, TransferId};

/// What makes a request the same request: a hash of the fields that tell it from others. Of a channel: partner,
/// its number and the day; of the wire: what the network says, DE7 + 11 + 32 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub u128);

/// A hash of all that a request asks for, to tell a repeat from another request under the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Body(pub u128);

/// What a transfer began under: the keys that no other may have, and all that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Begun {
    /// The key of the request.
    pub request: Key,
    /// The key of the channel's own number of the transfer, where it has one.
    pub reference: Option<Key>,
    /// All that was asked for.
    pub body: Body,
}

impl Begun {
    /// Of a request of the switch, which has one key, and whose repeats say the same.
    #[must_use]
    pub const fn by_wire(request: Key) -> Self {
        Self { request, reference: None, body: Body(0) }
    }

    /// Its keys, that of the request first.
    pub fn keys(&self) -> impl Iterator<Item = Key> + use<> {
        [Some(self.request), self.reference].into_iter().flatten()
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A channel asks for a transfer.
    Order {
        /// What it asks for.
        order: Order,
        /// What makes it the same request.
        begun: Begun,
    },
    /// Something that concerns a transfer that is known by its id.
    Transfer(TransferId, Concern),
    /// Core says something of the posting of a transfer, whatever its direction.
    Core(TransferId, CoreSaid),
    /// The switch answered something that went under a trace.
    Answered {
        /// The numbers that the answer goes under.
        trace: Trace,
        /// To what it is an answer.
        to: Question,
        /// What it says.
        heard: Heard,
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
    },
    /// The switch asks what became of a transfer that it asked us for.
    Status {
        /// The transfer, as far as the inquiry says.
        demand: Demand,
        /// What made the original the same request.
        original: Key,
    },
    /// A channel or the switch asks for something that moves no money.
    Inquire(Inquiry, Way),
    /// Something that concerns an exchange that is known by its id.
    Exchange(TransferId, ExchangeInput),
    /// The switch answered a question that went under a trace.
    InquiryAnswered {
        /// The numbers that the answer goes under.
        trace: Trace,
        /// What it says.
        heard: Heard,
        /// What it says of the account.
        holding: Holding,
    },
    /// The network settles on this day from now on.
    CutOver(Date),
    /// A channel or a person asks how a transfer stands; the id is that of the question.
    Ask(TransferId, Lookup),
}

impl Event {
    /// What it is to the transfer that it is about; nothing, if it isn't about one that is there.
    pub(super) fn concern(&self, life: &Life) -> Option<Concern> {
        match self {
            Self::Transfer(_, concern) => Some(concern.clone()),
            Self::Core(_, said) => Some(said.concern(life)),
            Self::Answered { to, heard, .. } => match life {
                Life::Out(life) => Some(Concern::Out(to.input(heard.to(life.order())))),
                Life::In(_) => None,
            },
            Self::Demand { demand, .. } => Some(Concern::In(InboundInput::Again(demand.into()))),
            Self::Reversal { demand, .. } => {
                Some(Concern::In(InboundInput::Reversal(demand.into())))
            }
            Self::Status { demand, .. } => match life {
                Life::In(life) => {
                    let asked = demand.asked_on(life.demand().side);
                    Some(Concern::In(InboundInput::StatusAsked(asked)))
                }
                Life::Out(_) => None,
            },
            Self::Order { .. }
            | Self::Inquire(..)
            | Self::Exchange(..)
            | Self::InquiryAnswered { .. }
            | Self::CutOver(_)
            | Self::Ask(..) => None,
        }
    }

    /// By what the transfer is found that it is about; nothing, if it is about none that is there.
    pub(super) const fn about(&self) -> Option<Lookup> {
        match self {
            Self::Transfer(id, _) | Self::Core(id, _) => Some(Lookup::Id(*id)),
            Self::Answered { trace, .. } => Some(Lookup::Trace(*trace)),
            Self::Demand { key, .. } => Some(Lookup::Key(*key)),
            Self::Reversal { original, .. } | Self::Status { original, .. } => {
                Some(Lookup::Key(*original))
            }
            Self::Ask(_, about) => Some(*about),
            Self::Order { .. }
            | Self::Inquire(..)
            | Self::Exchange(..)
            | Self::InquiryAnswered { .. }
            | Self::CutOver(_) => None,
        }
    }
}

/// Something that concerns one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// One that leaves our bank.
    Out(Input),
    /// One that comes to our bank.
    In(InboundInput),
}

/// What core says of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreSaid {
    /// To the question for it.
    Posting(PostingAnswer),
    /// To the question to cancel it.
    Cancel(CancelAnswer),
}

impl CoreSaid {
    const fn concern(self, life: &Life) -> Concern {
        match (life, self) {
            (Life::Out(_), Self::Posting(answer)) => Concern::Out(Input::Posting(answer)),
            (Life::Out(_), Self::Cancel(answer)) => Concern::Out(Input::Cancel(answer)),
            (Life::In(_), Self::Posting(answer)) => Concern::In(InboundInput::Posting(answer)),
            (Life::In(_), Self::Cancel(answer)) => Concern::In(InboundInput::Cancel(answer)),
        }
    }
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
    /// The channel's request was there before: the first transfer is the answer to it.
    Existing(Repeat),
    /// Another request was there before under the same key.
    Conflict(Repeat),
    /// A request is refused; nothing was done. A channel is told so. The switch is not answered: it repeats its request, or
    /// reverses it, as if it had been lost.
    Refused(TransferId, Busy),
    /// Find a transfer that is not live, and say with [`Engine::found`](super::Engine::found) what the journal
    /// has, once and under this number; the event waits for it.
    LookUp(u64, Lookup, Event),
    /// An answer that matches nothing.
    Unmatched(Trace, Question, ResponseCode),
    /// Something about a transfer that neither the table nor the journal knows: another journal's, maybe.
    Unknown(TransferId),
    /// A business date that is before the present one or days ahead: it is not taken.
    CutOverRefused(Date),
    /// How the transfer stands that was asked about, as far as it is durable; none, if there is none.
    Stands(TransferId, Option<Box<Stand>>),
    /// Put this question to the switch, under these numbers.
    AskSwitch(Box<Inquiry>, Trace),
    /// Ask core for an account, for an exchange.
    AskAccount(TransferId, AccountNumber),
    /// An exchange is over: tell whoever asked.
    Inquired(TransferId, Way, Outcome),
    /// An answer to a question that is over, or was none of ours.
    LateInquiry(Trace, ResponseCode),
}

/// A channel's request whose key was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The transfer that the request would have been.
    pub asked: TransferId,
    /// The key that was there.
    pub key: Key,
    /// All that it asks for.
    pub body: Body,
    /// The transfer that has the key.
    pub first: TransferId,
}

/// Why a channel's request is refused before anything was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Busy {
    /// As many transfers or exchanges are open as may be.
    Full,
    /// The program is being stopped.
    Draining,
    /// The switch can't be reached.
    Unreachable,
    /// The transfer under one of its keys was taken back meanwhile: asked again, it is a new one.
    Overtaken,
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
    /// Any of the keys that a channel's request has.
    Begun(Begun),
}

/// A transfer of either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It leaves our bank.
    Out(Outbound),
    /// It comes to our bank.
    In(Inbound),
}

/// How a transfer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Its state.
    pub life: Life,
    /// The numbers of its request, once it has some.
    pub trace: Option<Trace>,
}

/// A fact of either direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
