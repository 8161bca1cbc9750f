//! Core banking: postings by id. A posting is made once. A cancelled id stays barred.

use std::collections::HashMap;

use titian::transfer::{CancelReply, Posting, PostingReply, PriorPosting, Refusal, Side};
use titian::values::TransferId;

use super::random::{FaultRates, Random};

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
    pub(crate) fn is_posted(&self, id: TransferId) -> bool {
        matches!(self.postings.get(&id.0), Some((State::Posted, ..)))
    }

    pub(crate) fn post(
        &mut self,
        posting: &Posting,
        random: &mut Random,
        fault_rates: FaultRates,
    ) -> PostingReply {
        match self.postings.get(&posting.id.0) {
            Some((State::Cancelled, ..)) => PostingReply::Barred,
            Some((State::Posted, minor, side)) => {
                let same = *minor == posting.amount.minor() && *side == posting.side;
                if same { PostingReply::Posted } else { PostingReply::Conflict }
            }
            None if random.permille(fault_rates.core_refuses) => {
                PostingReply::Refused(Refusal::InsufficientFunds)
            }
            None => {
                let posted = (State::Posted, posting.amount.minor(), posting.side);
                self.postings.insert(posting.id.0, posted);
                PostingReply::Posted
            }
        }
    }

    pub(crate) fn cancel(
        &mut self,
        id: TransferId,
        random: &mut Random,
        fault_rates: FaultRates,
    ) -> CancelReply {
        if random.permille(fault_rates.cancels_refused) {
            return CancelReply::Refused;
        }
        let before = self.postings.get(&id.0).copied();
        let (_, minor, side) = before.unwrap_or((State::Cancelled, 0, Side::Debit));
        self.postings.insert(id.0, (State::Cancelled, minor, side));
        CancelReply::Cancelled(match before {
            None => PriorPosting::Absent,
            Some((State::Posted, ..)) => PriorPosting::Posted,
            Some((State::Cancelled, ..)) => PriorPosting::Cancelled,
        })
    }
}
