//! The accounts of the ledger in memory. The start recomputes them from the rows of the chain, so no balance is stored.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;

use super::keyed_code::CodeKey;
use super::rows::{AccountOpened, Change, Entry};
use crate::core_banking::wire::AccountStatus;
use crate::values::AccountNumber;

/// A customer's account.
#[derive(Clone, Copy)]
pub(super) struct Account {
    pub(super) status: AccountStatus,
    /// ISO 4217 numeric.
    pub(super) currency: u16,
    /// In minor units, never below zero.
    pub(super) balance: i64,
    /// The row that opened it. The name is read there.
    pub(super) row: u64,
    /// The code of that row's content.
    pub(super) code: u64,
}

/// All accounts.
#[derive(Default)]
pub(super) struct Balances(HashMap<AccountNumber, Account>);

impl Balances {
    pub(super) fn account(&self, number: &AccountNumber) -> Option<Account> {
        self.0.get(number).copied()
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Applies a change that a row of the chain records.
    ///
    /// # Errors
    /// Why the change can't follow the earlier ones.
    pub(super) fn apply(&mut self, row: u64, change: &Change, key: &CodeKey) -> Result<(), String> {
        match change {
            Change::AccountOpened(opened) => self.open(row, opened, key),
            Change::PostingMade { entry, .. } => self.apply_entry(entry),
            Change::PostingCancelled { entry, .. } => {
                entry.as_ref().map_or(Ok(()), |entry| self.apply_entry(entry))
            }
            Change::PostingRefused { .. } | Change::PostingBarred { .. } => Ok(()),
        }
    }

    fn open(&mut self, row: u64, opened: &AccountOpened, key: &CodeKey) -> Result<(), String> {
        let AccountOpened { number, name: _, status, currency, entry } = opened;
        let (status, currency, code) = (*status, *currency, key.of_account(opened));
        match self.0.entry(*number) {
            Place::Occupied(_) => return Err(format!("account {number} is opened twice")),
            Place::Vacant(place) => {
                place.insert(Account { status, currency, balance: 0, row, code });
            }
        }
        entry.as_ref().map_or(Ok(()), |entry| self.apply_entry(entry))
    }

    fn apply_entry(&mut self, entry: &Entry) -> Result<(), String> {
        let number = entry.account;
        let account =
            self.0.get_mut(&number).ok_or_else(|| format!("account {number} is unknown"))?;
        if account.currency != entry.currency {
            return Err(format!("account {number} has another currency"));
        }
        let balance = account.balance.checked_add(entry.change()).filter(|balance| *balance >= 0);
        account.balance = balance.ok_or_else(|| {
            format!("account {number} would have a balance below zero or above the limit")
        })?;
        Ok(())
    }
}
