//! What follows from a decision, once its facts are durable.

use serde::{Deserialize, Serialize};

use super::order::Trace;
use super::outbound::Doubt;
use crate::values::{AccountNumber, Amount, ResponseCode, TransferId};

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
    /// Answer the switch's request.
    Answer(TransferId, ResponseCode),
    /// Answer the switch's reversal.
    AnswerReversal(TransferId, ResponseCode),
    /// Answer the switch's status inquiry.
    AnswerStatus(TransferId, ResponseCode),
    /// The state changed in a way that whoever waits for the transfer is to know.
    Tell(TransferId),
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
            Self::CancelPosting(id)
            | Self::SendStatusInquiry(id, _)
            | Self::Answer(id, _)
            | Self::AnswerReversal(id, _)
            | Self::AnswerStatus(id, _)
            | Self::Tell(id)
            | Self::Raise(id, _) => *id,
        }
    }
}

/// A posting that core is asked for. Its id is the transfer's.
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
}

impl Cleared {
    pub(super) const fn new(id: TransferId, trace: Trace, _evidence: &super::Receipt) -> Self {
        Self { id, trace }
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
