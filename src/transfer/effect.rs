//! What follows from a decision, once its facts are durable.

use serde::{Deserialize, Serialize};

use super::order::Trace;
use super::outbound::Doubt;
use crate::values::{AccountNumber, Amount, Institution, Moment, ResponseCode, TransferId};

/// The facts that became true, and the effects that may be released when they are on disk. Reused from one
/// decision to the next.
#[derive(Debug)]
pub struct Decision<F> {
    /// In the order in which they are to be folded.
    pub facts: Vec<F>,
    /// In the order in which they are to be released.
    pub effects: Vec<Effect>,
}

impl<F> Default for Decision<F> {
    fn default() -> Self {
        Self { facts: Vec::new(), effects: Vec::new() }
    }
}

impl<F> Decision<F> {
    /// Makes room for the next decision.
    pub fn clear(&mut self) {
        self.facts.clear();
        self.effects.clear();
    }
}

/// Something to be done in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask core for a posting; asking again for the same changes nothing.
    AskPosting(Posting),
    /// Ask core to cancel the transfer's posting; asking again changes nothing.
    CancelPosting(TransferId),
    /// Send the financial request.
    SendRequest(Cleared),
    /// Send the reversal, or its repeat.
    SendReversal(ReversalSend),
    /// Ask the switch for the status.
    SendStatusInquiry(TransferId, Trace),
    /// Answer a message of the switch.
    Answer(Reply),
    /// Whoever waits for the transfer is to know how it stands. It says so itself: the live state may be ahead of what is
    /// durable.
    Tell(TransferId, Standing),
    /// Somebody is to have a look.
    Raise(TransferId, Alarm),
}

impl Effect {
    /// The transfer that it is of.
    #[must_use]
    pub const fn transfer(&self) -> TransferId {
        match self {
            Self::AskPosting(posting) => posting.id,
            Self::SendRequest(cleared) => cleared.id,
            Self::SendReversal(reversal) => reversal.id,
            Self::Answer(reply) => reply.id,
            Self::CancelPosting(id)
            | Self::SendStatusInquiry(id, _)
            | Self::Tell(id, _)
            | Self::Raise(id, _) => *id,
        }
    }
}

/// An answer to a message of the switch about an inbound transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The transfer.
    pub id: TransferId,
    /// The id that the message has with us. A repeat that came while the request waited is answered with it.
    pub to: TransferId,
    /// Which message it is.
    pub about: About,
    /// What it is told.
    pub code: ResponseCode,
}

/// Which message of the switch is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// The request.
    Request,
    /// Its reversal.
    Reversal,
    /// A status inquiry.
    Status,
}

/// How a transfer stands, as a channel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Taken on; nothing was sent.
    Initiated,
    /// The debit stands, and the request is sent or about to be.
    Paying,
    /// Nobody knows yet whether the money has moved, or what is known can't be true.
    Pending,
    /// The money has moved.
    Settled,
    /// The money did not move, and is being given back.
    GivingBack,
    /// The money did not move, and the customer has it back.
    GivenBack,
    /// Nothing was sent, and no debit stands.
    Refused,
}

/// A posting that core is asked for. Its id is the transfer's, and all of it follows from the transfer, so that each question for
/// it is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The transfer, and the id of the posting.
    pub id: TransferId,
    /// On which side of the account.
    pub side: Side,
    /// The account at our bank.
    pub account: AccountNumber,
    /// How much.
    pub amount: Amount,
    /// The other bank.
    pub counterparty: Institution,
}

/// A side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The customer's money goes down.
    Debit,
    /// The customer's money goes up.
    Credit,
}

/// A request that may be sent. Only a state that holds a debit receipt makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleared {
    id: TransferId,
    trace: Trace,
    write_by: Moment,
}

impl Cleared {
    pub(super) const fn new(
        id: TransferId,
        trace: Trace,
        write_by: Moment,
        _evidence: &super::Receipt,
    ) -> Self {
        Self { id, trace, write_by }
    }

    /// The transfer.
    #[must_use]
    pub const fn id(&self) -> TransferId {
        self.id
    }

    /// The numbers that the request goes under.
    #[must_use]
    pub const fn trace(&self) -> Trace {
        self.trace
    }

    /// From when on it must not be written any more: it soon counts as unknown, and its reversal may overtake it.
    #[must_use]
    pub const fn write_by(&self) -> Moment {
        self.write_by
    }
}

/// A reversal to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReversalSend {
    /// The transfer.
    pub id: TransferId,
    /// The numbers of the request that is reversed.
    pub original: Trace,
    /// The numbers that the reversal goes under.
    pub trace: Trace,
    /// Why the outcome is unknown.
    pub because: Doubt,
    /// Whether it was sent before, so that it goes as a repeat.
    pub repeat: bool,
}

/// Why somebody is to have a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alarm {
    /// An answer speaks of another amount or another party than what was sent.
    Mismatch,
    /// Two pieces of evidence can't both be true.
    Contradiction,
    /// The transfer waits for two persons.
    Exception,
    /// Core has no posting where it said that it made one, or another one under our id.
    CoreDiffers,
    /// What was decided can't follow on the transfer's state: a fault of this program. Nothing was done.
    Fault,
}
