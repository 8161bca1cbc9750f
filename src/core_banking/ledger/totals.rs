//! The ledger's books: debits, refunds, credits and credit reversals.

use std::collections::BTreeMap;

use super::names::EntryKind;
use super::rows::{AccountOpened, Change, Entry};
use crate::values::Currency;

/// The number and the sum of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// The number of entries.
    pub count: u64,
    /// Their sum, in minor units.
    pub minor: u64,
}

/// The books of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// The opening balances.
    pub opened: Total,
    /// Debits of outbound transfers and of cash withdrawals at other banks' machines, including cancelled ones. A refund that is
    /// cancelled counts as a debit again.
    pub debited: Total,
    /// The cancelled debits, and the parts of debits that are returned.
    pub refunded: Total,
    /// Credits of inbound transfers, including cancelled ones. A credit reversal that is cancelled counts as a credit again.
    pub credited: Total,
    /// The cancelled credits, and the parts of credits that are reversed.
    pub credits_reversed: Total,
    /// The balance of the clearing account. The bank owes the switch this amount if it is above zero.
    pub clearing: i64,
    /// The sum of the balances of all customer accounts.
    pub customers: i64,
}

impl Books {
    /// Returns whether the balances match the entries.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let sum = |total: Total| i128::from(total.minor);
        let moved = sum(self.debited) - sum(self.refunded) - sum(self.credited)
            + sum(self.credits_reversed);
        i128::from(self.clearing) == moved && i128::from(self.customers) == sum(self.opened) - moved
    }

    fn add(&mut self, entry: &Entry) {
        let total = match entry.kind {
            EntryKind::Opening => &mut self.opened,
            EntryKind::Debit => &mut self.debited,
            EntryKind::Credit => &mut self.credited,
            EntryKind::Refund => &mut self.refunded,
            EntryKind::CreditReversal => &mut self.credits_reversed,
        };
        total.count += 1;
        total.minor = total.minor.saturating_add(entry.amount.unsigned_abs());
        self.customers = self.customers.saturating_add(entry.change());
        if entry.kind != EntryKind::Opening {
            self.clearing = self.clearing.saturating_sub(entry.change());
        }
    }
}

/// The books by currency.
pub type BooksByCurrency = BTreeMap<Currency, Books>;

/// Adds a change to the books of its currency.
pub(super) fn add(books: &mut BooksByCurrency, change: &Change) {
    let entry = match change {
        Change::AccountOpened(AccountOpened { entry, currency, .. }) => {
            // A currency without money has books too.
            let _ = Currency::new(*currency).map(|currency| books.entry(currency).or_default());
            entry.as_ref()
        }
        Change::PostingMade { entry, .. } => Some(entry),
        Change::PostingCancelled { entry, .. } => entry.as_ref(),
        Change::PostingRefused { .. } | Change::PostingBarred { .. } => None,
    };
    if let Some(entry) = entry
        && let Some(currency) = Currency::new(entry.currency)
    {
        books.entry(currency).or_default().add(entry);
    }
}
