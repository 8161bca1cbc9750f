//! Core banking, as a bank would see it: postings under ids, made once, cancelled for ever.

use std::collections::HashMap;

use titian::transfer::{CancelAnswer, Posting, PostingAnswer, Refusal, Side, Was};
use titian::values::TransferId;

use crate::chance::{Chance, Faults};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Posted,
    Cancelled,
}

#[derive(Default)]
pub(crate) struct Core {
    pub(crate) postings: HashMap<u128, (State, u64, Side)>,
}

impl Core {
    pub(crate) fn stands(&self, id: TransferId) -> bool {
        matches!(self.postings.get(&id.0), Some((State::Posted, ..)))
    }

    pub(crate) fn post(
        &mut self,
        posting: &Posting,
        chance: &mut Chance,
        faults: Faults,
    ) -> PostingAnswer {
        match self.postings.get(&posting.id.0) {
            Some((State::Cancelled, ..)) => PostingAnswer::Barred,
            Some((State::Posted, minor, side)) => {
                let same = *minor == posting.amount.minor() && *side == posting.side;
                if same { PostingAnswer::Posted } else { PostingAnswer::Conflict }
            }
            None if chance.permille(faults.core_refuses) => {
                PostingAnswer::Refused(Refusal::InsufficientFunds)
            }
            None => {
                let posted = (State::Posted, posting.amount.minor(), posting.side);
                self.postings.insert(posting.id.0, posted);
                PostingAnswer::Posted
            }
        }
    }

    pub(crate) fn cancel(
        &mut self,
        id: TransferId,
        chance: &mut Chance,
        faults: Faults,
    ) -> CancelAnswer {
        if chance.permille(faults.cancels_refused) {
            return CancelAnswer::Refused;
        }
        let before = self.postings.get(&id.0).copied();
        let (_, minor, side) = before.unwrap_or((State::Cancelled, 0, Side::Debit));
        self.postings.insert(id.0, (State::Cancelled, minor, side));
        CancelAnswer::Was(match before {
            None => Was::Absent,
            Some((State::Posted, ..)) => Was::Posted,
            Some((State::Cancelled, ..)) => Was::Cancelled,
        })
    }
}
