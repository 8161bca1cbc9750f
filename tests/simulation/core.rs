//! Core banking: postings by id. A posting is made once. A cancelled id stays barred.

use std::collections::{HashMap, HashSet};

use titian::transfer::{
    CancelReply, PartialReversal, Posting, PostingReply, PriorPosting, Refusal, Side,
};
use titian::values::{AccountNumber, TransferId};

use super::random::{FaultRates, Random};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Posted,
    Cancelled,
}

#[derive(Default)]
pub(crate) struct Core {
    pub(crate) postings: HashMap<u128, (State, u64, Side)>,
    /// The account of each posting.
    accounts: HashMap<u128, AccountNumber>,
    /// What partial reversals returned of each posting, in minor units.
    returned: HashMap<u128, u64>,
    /// The original of each partial reversal.
    originals: HashMap<u128, TransferId>,
    /// The partial reversals that the bank made by hand.
    by_hand: HashSet<u128>,
    /// The balances, in minor units.
    balances: HashMap<AccountNumber, i128>,
}

impl Core {
    pub(crate) fn is_posted(&self, id: TransferId) -> bool {
        matches!(self.postings.get(&id.0), Some((State::Posted, ..)))
    }

    /// Returns the balance of an account, which is zero before its first posting.
    pub(crate) fn balance(&self, account: AccountNumber) -> i128 {
        self.balances.get(&account).copied().unwrap_or_default()
    }

    /// Returns what stands of a posting, in minor units: not what was returned of it.
    pub(crate) fn kept(&self, id: TransferId) -> u64 {
        match self.postings.get(&id.0) {
            Some((State::Posted, minor, _)) => {
                minor - self.returned.get(&id.0).copied().unwrap_or_default()
            }
            Some((State::Cancelled, ..)) | None => 0,
        }
    }

    /// Changes the balance of a posting's account.
    fn change(&mut self, id: TransferId, side: Side, minor: i128) {
        if let Some(account) = self.accounts.get(&id.0) {
            let balance = self.balances.entry(*account).or_default();
            *balance += if side == Side::Credit { minor } else { -minor };
        }
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
                self.accounts.insert(posting.id.0, posting.account);
                self.change(posting.id, posting.side, posting.amount.minor().into());
                if let Some(original) = posting.reverses {
                    assert!(self.kept(original) >= posting.amount.minor(), "returned too much");
                    *self.returned.entry(original.0).or_default() += posting.amount.minor();
                    self.originals.insert(posting.id.0, original);
                }
                PostingReply::Posted
            }
        }
    }

    /// Returns a part of a posting by hand, once.
    pub(crate) fn return_by_hand(&mut self, original: TransferId, part: PartialReversal) {
        if self.by_hand.insert(part.posting_id.0) {
            let minor = part.returned.minor();
            let (_, _, side) = self.postings[&original.0];
            self.change(original, side, -i128::from(minor));
            *self.returned.entry(original.0).or_default() += minor;
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
        self.cancel_now(id)
    }

    /// Cancels a posting, or bars its id: for the adapter, or by hand.
    pub(crate) fn cancel_now(&mut self, id: TransferId) -> CancelReply {
        let before = self.postings.get(&id.0).copied();
        let (_, minor, side) = before.unwrap_or((State::Cancelled, 0, Side::Debit));
        self.postings.insert(id.0, (State::Cancelled, minor, side));
        if let Some((State::Posted, ..)) = before {
            self.change(id, side, -i128::from(minor));
            if let Some(original) = self.originals.get(&id.0) {
                *self.returned.entry(original.0).or_default() -= minor;
            }
        }
        CancelReply::Cancelled(match before {
            None => PriorPosting::Absent,
            Some((State::Posted, ..)) => PriorPosting::Posted,
            Some((State::Cancelled, ..)) => PriorPosting::Cancelled,
        })
    }
}
