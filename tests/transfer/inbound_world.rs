//! The world of the inbound search: a transfer, what core has, and messages in flight.

use titian::transfer::{InboundState, InboundTransfer, PartEnd, PriorPosting, ReversalCause};
use titian::values::{ResponseCode, TransferId};

/// The id of the partial reversal and of its posting.
pub(super) const PART: TransferId = TransferId(70);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Books {
    Nothing,
    Posted,
    Cancelled,
}

/// A message between us and core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Message {
    Post,
    Cancel,
    Posted,
    Refused,
    Barred,
    PriorPosting(Books),
    PostPart,
    PartPosted,
    PartRefused,
    CancelPart,
    PriorPart(Books),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    /// `None` before the first message of the switch.
    pub(super) transfer: Option<Kept>,
    pub(super) books: Books,
    /// The posting of the part at core.
    pub(super) part: Books,
    /// What the bank posted by hand to return the part.
    pub(super) part_by_hand: Books,
    pub(super) net: Vec<Message>,
    pub(super) response_code: Option<ResponseCode>,
    /// The response to the full reversal. Its repeats get the same.
    pub(super) reversal_code: Option<ResponseCode>,
    /// Whether a response said that the part goes back.
    pub(super) is_part_confirmed: bool,
    /// Whether a response said that the request failed finally.
    pub(super) is_reported_failed: bool,
    pub(super) requests: u8,
    pub(super) reversals: u8,
    pub(super) partial_reversals: u8,
    pub(super) inquiries: u8,
    pub(super) losses: u8,
    pub(super) crashes: u8,
    pub(super) is_too_late: bool,
}

/// A state, compared by its name and by the fields that change decisions.
#[derive(Clone, Debug)]
pub(super) struct Kept(pub(super) InboundTransfer);

impl Kept {
    /// Counters only grow; above these values decisions do not differ.
    fn key(&self) -> (&'static str, Option<ReversalCause>, u16, bool) {
        let name = self.0.properties().name;
        match self.0.state() {
            InboundState::Reversing { cause, cancel } => {
                (name, Some(*cause), cancel.tries.min(3), cancel.is_exception)
            }
            InboundState::Reversed { cause, .. } => (name, Some(*cause), 0, false),
            InboundState::Posting { tries, .. } => (name, None, (*tries).min(2), false),
            InboundState::PartiallyReversing { pending, .. } => {
                (name, None, pending.tries.min(3), pending.is_exception)
            }
            InboundState::CancellingPart { cancel, end, .. } => {
                let by_hand = if *end == PartEnd::ReturnedByHand { 4 } else { 0 };
                (name, None, cancel.tries.min(3) + by_hand, cancel.is_exception)
            }
            _ => (name, None, 0, false),
        }
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Kept {}

impl std::hash::Hash for Kept {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        self.key().hash(hasher);
    }
}

pub(super) fn prior(books: Books) -> PriorPosting {
    match books {
        Books::Nothing => PriorPosting::Absent,
        Books::Posted => PriorPosting::Posted,
        Books::Cancelled => PriorPosting::Cancelled,
    }
}
