//! The ledger's books: debits, refunds, credits and credit reversals, and the check that everything sums to zero.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::names::{Coded, EntryKind};
use super::store::open_to_read;
use crate::core_banking::error::{CoreBankingError, ErrorContext};
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
    /// Returns whether the account balances match the entries.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let sum = |total: Total| i128::from(total.minor);
        let moved = sum(self.debited) - sum(self.refunded) - sum(self.credited)
            + sum(self.credits_reversed);
        i128::from(self.clearing) == moved && i128::from(self.customers) == sum(self.opened) - moved
    }
}

/// Reads the books of a ledger by currency. The ledger may be in use. Checks that the balance of every account is the sum
/// of its entries.
///
/// # Errors
/// If the file can't be read, is not a ledger, or an account has another balance.
pub fn books(path: &Path) -> Result<BTreeMap<Currency, Books>, CoreBankingError> {
    let action = "reading the ledger";
    let mut db = open_to_read(path)?;
    // One transaction, so that all values are of the same moment.
    let transaction = db.transaction().context(action, path)?;
    check_balances(&transaction, path)?;
    let mut all = BTreeMap::new();
    read_balances(&transaction, &mut all).context(action, path)?;
    read_totals(&transaction, &mut all).context(action, path)?;
    Ok(all)
}

fn check_balances(db: &Connection, path: &Path) -> Result<(), CoreBankingError> {
    let sql = "
        WITH moves AS (
            SELECT credit_account AS account, amount FROM entries UNION ALL SELECT debit_account, -amount FROM entries
        ), sums AS (SELECT account, sum(amount) AS sum FROM moves GROUP BY account)
        SELECT count(*) FROM accounts LEFT JOIN sums ON account = id WHERE balance != coalesce(sum, 0)";
    let wrong: u64 = db.query_row(sql, [], |row| row.get(0)).context("reading the ledger", path)?;
    if wrong == 0 {
        return Ok(());
    }
    let detail = format!("accounts whose balance is not the sum of their entries: {wrong}");
    Err(CoreBankingError::damaged(path, detail))
}

type ByCurrency = BTreeMap<Currency, Books>;

fn read_balances(db: &Connection, all: &mut ByCurrency) -> rusqlite::Result<()> {
    let sql = "
        SELECT currency, coalesce(sum(balance) FILTER (WHERE is_internal = 0), 0),
            coalesce(sum(balance) FILTER (WHERE is_internal = 1 AND number LIKE 'clearing/%'), 0)
        FROM accounts GROUP BY currency";
    let mut find = db.prepare(sql)?;
    let mut rows = find.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(currency) = Currency::new(row.get(0)?) {
            let books = all.entry(currency).or_default();
            (books.customers, books.clearing) = (row.get(1)?, row.get(2)?);
        }
    }
    Ok(())
}

fn read_totals(db: &Connection, all: &mut ByCurrency) -> rusqlite::Result<()> {
    let sql = "
        SELECT currency, kind, count(*), sum(amount)
        FROM entries JOIN accounts ON accounts.id = debit_account GROUP BY 1, 2";
    let mut find = db.prepare(sql)?;
    let mut rows = find.query([])?;
    while let Some(row) = rows.next()? {
        let kind = EntryKind::of(&row.get::<_, String>(1)?);
        if let Some((currency, kind)) = Currency::new(row.get(0)?).zip(kind) {
            let books = all.entry(currency).or_default();
            let total = match kind {
                EntryKind::Opening => &mut books.opened,
                EntryKind::Debit => &mut books.debited,
                EntryKind::Credit => &mut books.credited,
                EntryKind::Refund => &mut books.refunded,
                EntryKind::CreditReversal => &mut books.credits_reversed,
            };
            *total = Total { count: row.get(2)?, minor: row.get(3)? };
        }
    }
    Ok(())
}
