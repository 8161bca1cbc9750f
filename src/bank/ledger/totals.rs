//! The ledger's books: what was debited, given back, credited and taken back, and that it all sums to zero.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::names::{Kind, Named};
use super::store::open_to_read;
use crate::bank::error::{BankError, During};
use crate::values::Currency;

/// How many entries, and their sum in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub minor: u64,
}

/// The books of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// What was on the accounts when they were opened.
    pub opened: Total,
    /// Debits, of transfers out and cash taken at other banks' machines; those that were cancelled too.
    pub debited: Total,
    /// Of these, what was cancelled.
    pub given_back: Total,
    /// Credits, of transfers in; those that were cancelled too.
    pub credited: Total,
    /// Of these, what was cancelled.
    pub taken_back: Total,
    /// What is on the bank's account towards the switch: what it owes it, if above zero.
    pub clearing: i64,
    /// What is on all customers' accounts.
    pub customers: i64,
}

impl Books {
    /// Whether the accounts have what the entries say.
    #[must_use]
    pub fn balance(&self) -> bool {
        let sum = |total: Total| i128::from(total.minor);
        let moved =
            sum(self.debited) - sum(self.given_back) - sum(self.credited) + sum(self.taken_back);
        i128::from(self.clearing) == moved && i128::from(self.customers) == sum(self.opened) - moved
    }
}

/// Reads the books of a ledger, by currency, also while it is written. Every account must have what its entries sum to.
///
/// # Errors
/// If it can't be read, is no ledger, or an account has another balance.
pub fn books(path: &Path) -> Result<BTreeMap<Currency, Books>, BankError> {
    let mut db = open_to_read(path)?;
    // In one transaction, so that all of it is of one moment.
    let view = db.transaction().during("reading the ledger", path)?;
    check_balances(&view, path)?;
    let mut all = BTreeMap::new();
    read_balances(&view, &mut all).during("reading the ledger", path)?;
    read_totals(&view, &mut all).during("reading the ledger", path)?;
    Ok(all)
}

fn check_balances(db: &Connection, path: &Path) -> Result<(), BankError> {
    let sql = "
        WITH moves AS (
            SELECT credited AS account, amount FROM entries UNION ALL SELECT debited, -amount FROM entries
        ), sums AS (SELECT account, sum(amount) AS sum FROM moves GROUP BY account)
        SELECT count(*) FROM accounts LEFT JOIN sums ON account = id WHERE balance != coalesce(sum, 0)";
    let wrong: u64 = db.query_row(sql, [], |row| row.get(0)).during("reading the ledger", path)?;
    if wrong == 0 {
        return Ok(());
    }
    let what = format!("{wrong} of its accounts have not what their entries sum to");
    Err(BankError::damaged(path, what))
}

type ByCurrency = BTreeMap<Currency, Books>;

fn read_balances(db: &Connection, all: &mut ByCurrency) -> rusqlite::Result<()> {
    let sql = "
        SELECT currency, coalesce(sum(balance) FILTER (WHERE own = 0), 0),
            coalesce(sum(balance) FILTER (WHERE own = 1 AND number LIKE 'clearing/%'), 0)
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
        SELECT currency, kind, count(*), sum(amount) FROM entries JOIN accounts ON accounts.id = debited GROUP BY 1, 2";
    let mut find = db.prepare(sql)?;
    let mut rows = find.query([])?;
    while let Some(row) = rows.next()? {
        let kind = Kind::of(&row.get::<_, String>(1)?);
        if let Some((currency, kind)) = Currency::new(row.get(0)?).zip(kind) {
            let books = all.entry(currency).or_default();
            let total = match kind {
                Kind::Opening => &mut books.opened,
                Kind::Debit => &mut books.debited,
                Kind::Credit => &mut books.credited,
                Kind::GivenBack => &mut books.given_back,
                Kind::TakenBack => &mut books.taken_back,
            };
            *total = Total { count: row.get(2)?, minor: row.get(3)? };
        }
    }
    Ok(())
}
