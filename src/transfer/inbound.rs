//! A transfer that comes to our bank: another bank's customer pays one of ours, or ours takes cash at another
//! bank's machine. Core makes the posting; a reversal, before or after, undoes it.
//!
//! ```text
//! Received ─► Posting ─► Approved ─► Undoing ─► Undone
//!                ├─► Declined           ▲
//!                └──────────────────────┘  (core left it in doubt, or a reversal came)
//! Barred  (its reversal came before it, or the switch was told that it is not here)
//! ```

mod decide;
mod evolve;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::effect::Side;
use super::input::{CancelAnswer, PostingAnswer, Refusal, TwoPersons, Was};
use super::order::{Particulars, Receipt, receipt};
use crate::values::{
    AccountNumber, Amount, Institution, Moment, ProcessingCode, ResponseCode, Rrn, Stan,
    TransferId, Transmission, whole,
};

/// What a switch asks us for. It never changes.
///
/// What kind of movement it is, is data: an interbank transfer and a QRIS payment credit our customer's account, cash
/// that he takes at another bank's machine debits it. A reversal undoes either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// The transfer that it is with us.
    pub id: TransferId,
    /// What kind of movement it is, as the network codes it.
    pub kind: ProcessingCode,
    /// What it does to the account: a credit comes in, a withdrawal goes out.
    pub side: Side,
    /// The account at our bank.
    #[serde(with = "whole")]
    pub account: AccountNumber,
    /// The account at the other bank, where there is one.
    #[serde(with = "whole::option", default, skip_serializing_if = "Option::is_none")]
    pub other: Option<AccountNumber>,
    /// How much.
    pub amount: Amount,
    /// The other bank.
    pub counterparty: Institution,
    /// The numbers that the request came under.
    pub origin: Origin,
    /// What is said besides.
    pub particulars: Arc<Particulars>,
}

impl Demand {
    /// What a status inquiry asks about, where the transfer under its numbers is on this side of an account. The inquiry has
    /// both accounts and doesn't say of what kind the transfer was.
    #[must_use]
    pub fn asked_on(&self, side: Side) -> Asked {
        let account = if self.side == side { Some(self.account) } else { self.other };
        Asked { account: account.unwrap_or(self.account), ..self.into() }
    }
}

/// The numbers that a request of another bank came under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The system trace audit number (DE11).
    pub stan: Stan,
    /// The retrieval reference number (DE37).
    pub rrn: Rrn,
    /// When it was made (DE7).
    pub transmitted: Transmission,
}

/// Where an inbound transfer stands, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// On record. Never at rest: core is asked with it.
    Received(Demand),
    /// Core was asked for the posting.
    Posting {
        /// What is asked for.
        demand: Demand,
        /// How often core was asked.
        tries: u16,
        /// When to ask again.
        due: Moment,
        /// From when on no answer is waited for.
        answer_by: Moment,
    },
    /// The posting stands. Never at rest: it is answered with it.
    Posted(Demand, Receipt),
    /// The posting stands and the switch was told.
    Approved {
        /// What was asked for.
        demand: Demand,
        /// The posting.
        receipt: Receipt,
        /// What the switch was told.
        code: ResponseCode,
    },
    /// Core refused. Never at rest: it is answered with it.
    Rejected(Demand, Refusal),
    /// No posting stands and the switch was told.
    Declined {
        /// What was asked for.
        demand: Demand,
        /// What the switch was told.
        code: ResponseCode,
    },
    /// The posting must not stand. Core is asked to cancel it until it says that it has.
    Undoing {
        /// What was asked for.
        demand: Demand,
        /// Why it is undone, and what the switch was told of the request.
        undo: Undo,
        /// How often core was asked.
        tries: u16,
        /// When to ask again.
        due: Moment,
    },
    /// No posting stands any more.
    Undone {
        /// What was asked for.
        demand: Demand,
        /// Why it was undone.
        undo: Undo,
        /// What core had.
        was: Was,
    },
    /// It is refused if it comes: its reversal came before it, or the switch asked for its status and was told that
    /// it is not here.
    Barred(Demand, Bar),
}

/// What came of a request before it came itself, so that it must not be carried out any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// Its reversal.
    Reversal,
    /// A status inquiry. Who asks takes 'not found' for an outcome, so it must stay true.
    StatusInquiry,
}

/// Why a posting is undone, and what the switch was told of the request before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Core left the posting in doubt until it was too late; the switch was told so.
    Doubtful {
        /// What it was told.
        told: ResponseCode,
    },
    /// Core refused it, but had been asked more than once: another of the questions may still be on its way.
    Refused {
        /// What the switch was told.
        told: ResponseCode,
    },
    /// The switch reversed what it had been told was done.
    Reversed {
        /// What it had been told.
        told: ResponseCode,
    },
    /// The switch reversed the request before it was answered; it is answered no more.
    ReversedUnanswered,
}

impl Undo {
    /// Whether the posting is known to have stood.
    #[must_use]
    pub const fn stood(self) -> bool {
        match self {
            Self::Reversed { .. } => true,
            Self::Doubtful { .. } | Self::Refused { .. } | Self::ReversedUnanswered => false,
        }
    }
}

/// A message of the switch about a transfer that is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The id that the message itself has with us, by which it is answered.
    pub id: TransferId,
    /// The amount that it speaks of.
    pub amount: Amount,
    /// The account that it speaks of.
    #[serde(with = "whole")]
    pub account: AccountNumber,
}

impl From<&Demand> for Asked {
    fn from(demand: &Demand) -> Self {
        Self { id: demand.id, amount: demand.amount, account: demand.account }
    }
}

/// Something that happened, as far as it concerns one inbound transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundInput {
    /// Core answered the posting, or did not.
    Posting(PostingAnswer),
    /// Core answered the cancelling, or did not.
    Cancel(CancelAnswer),
    /// The request came again, as a repeat or not.
    Again(Asked),
    /// A reversal of it came, for the first time or again.
    Reversal(Asked),
    /// The switch asks what became of it.
    StatusAsked(Asked),
    /// Two persons have made core's books right by hand: no posting of the transfer stands.
    Resolve(TwoPersons),
    /// The state's deadline has come.
    Due,
    /// The program started again.
    Restarted,
}

/// Something that became true of an inbound transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundFact {
    /// The request is on record.
    Received {
        /// What it asks for.
        demand: Demand,
    },
    /// A request that did not come yet is refused if it comes.
    Barred {
        /// What it would ask for, as far as is known.
        demand: Demand,
        /// What came instead.
        by: Bar,
    },
    /// Core is asked for the posting.
    PostingAsked {
        /// When to ask again.
        due: Moment,
        /// From when on no answer is waited for.
        answer_by: Moment,
    },
    /// The posting stands.
    Posted(#[serde(with = "receipt")] Receipt),
    /// Core refused the posting.
    Rejected(Refusal),
    /// The switch is told this of the request.
    Answered(ResponseCode),
    /// Core is asked to cancel the posting.
    UndoAsked {
        /// Why.
        undo: Undo,
        /// When to ask again.
        due: Moment,
    },
    /// No posting stands any more; what it was.
    Undone(Was),
    /// The request came again.
    CameAgain,
    /// A reversal came; the switch is told this of it.
    ReversalAnswered(ResponseCode),
    /// A request or a reversal under the same numbers that speaks of another amount or account.
    Mismatched(Asked),
    /// Two persons vouch that no posting stands.
    Resolved(TwoPersons),
    /// The switch asked for the status, and is told this.
    StatusAnswered(ResponseCode),
    /// An input that the state does not expect.
    Unexpected(InboundInput),
}

impl Inbound {
    /// What is asked for.
    #[must_use]
    pub const fn demand(&self) -> &Demand {
        match self {
            Self::Received(demand)
            | Self::Posted(demand, _)
            | Self::Rejected(demand, _)
            | Self::Barred(demand, _)
            | Self::Posting { demand, .. }
            | Self::Approved { demand, .. }
            | Self::Declined { demand, .. }
            | Self::Undoing { demand, .. }
            | Self::Undone { demand, .. } => demand,
        }
    }

    /// When the state is to be asked with [`InboundInput::Due`], if ever.
    #[must_use]
    pub const fn due(&self) -> Option<Moment> {
        match self {
            Self::Posting { due, .. } | Self::Undoing { due, .. } => Some(*due),
            Self::Received(_)
            | Self::Posted(..)
            | Self::Rejected(..)
            | Self::Approved { .. }
            | Self::Declined { .. }
            | Self::Undone { .. }
            | Self::Barred(..) => None,
        }
    }

    /// Whether nothing is left to be done by itself: it may leave the live table. A repeat or a reversal
    /// that comes later finds it in the journal.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.due().is_none()
    }

    /// The state's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Received(_) => "Received",
            Self::Posting { .. } => "Posting",
            Self::Posted(..) => "Posted",
            Self::Approved { .. } => "Approved",
            Self::Rejected(..) => "Rejected",
            Self::Declined { .. } => "Declined",
            Self::Undoing { .. } => "Undoing",
            Self::Undone { .. } => "Undone",
            Self::Barred(_, Bar::Reversal) => "Barred",
            Self::Barred(_, Bar::StatusInquiry) => "Barred (by inquiry)",
        }
    }
}

impl InboundFact {
    /// The fact's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Received { .. } => "Received",
            Self::Barred { .. } => "Barred",
            Self::PostingAsked { .. } => "PostingAsked",
            Self::Posted(_) => "Posted",
            Self::Rejected(_) => "Rejected",
            Self::Answered(_) => "Answered",
            Self::UndoAsked { .. } => "UndoAsked",
            Self::Undone(_) => "Undone",
            Self::CameAgain => "CameAgain",
            Self::ReversalAnswered(_) => "ReversalAnswered",
            Self::Mismatched(_) => "Mismatched",
            Self::Resolved(_) => "Resolved",
            Self::StatusAnswered(_) => "StatusAnswered",
            Self::Unexpected(_) => "Unexpected",
        }
    }
}
