//! Searches of an operator: from the newest to the oldest, a page at a time.
//!
//! Accounts and other banks' numbers come in no order, and an index in their order would cost every transfer. So a
//! search goes through the transfers of its time, a bounded number for a page: a page may have few or no transfers
//! and still a cursor to go on from. What became durable in the last moments may not be there yet.

use super::Reader;
use crate::journal::error::{During, JournalError};
use crate::journal::row::Summary;
use crate::journal::store::{number, summary};
use crate::values::{AccountNumber, Institution, Moment, Rrn, Stan, TransferId};

/// Transfers that a page has at most.
pub const PAGE_MAX: usize = 500;

/// Transfers that are looked at for a page at most: some hundredths of a second.
const LOOKED_MAX: u64 = 100_000;

/// What is searched for: transfers for which all that is given is true.
#[derive(Clone, Debug)]
pub struct Query {
    /// Not before this moment, by the time in the id.
    pub from: Moment,
    /// Before this moment.
    pub until: Moment,
    /// In this state.
    pub state: Option<String>,
    /// Open ones only; they are found without going through the closed ones.
    pub open: bool,
    /// With this account, on either side.
    pub account: Option<AccountNumber>,
    /// With this other bank.
    pub bank: Option<Institution>,
    /// With a message of this RRN.
    pub rrn: Option<Rrn>,
    /// With a message of this STAN.
    pub stan: Option<Stan>,
    /// Older than this one: the cursor of the page before.
    pub after: Option<TransferId>,
    /// Transfers in a page, [`PAGE_MAX`] at most.
    pub limit: usize,
}

/// A transfer that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The transfer.
    pub id: TransferId,
    /// The name of its state.
    pub state: String,
    /// Whether something is left to be done.
    pub open: bool,
    /// What it is about.
    pub summary: Summary,
}

/// Some of what a search finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// From the newest to the oldest.
    pub found: Vec<Found>,
    /// Where to go on; `None` if there is nothing more.
    pub next: Option<TransferId>,
}

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, state, open, numbers, direction, own, other, amount, currency, bank FROM transfers WHERE ",
            $condition,
            " id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
        )
    };
}

impl Reader {
    /// The next page of a search.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn search(&self, query: &Query) -> Result<Page, JournalError> {
        let sql = if query.open { select!("open AND") } else { select!("") };
        self.search_by(sql, query).during("searching", &self.path)
    }

    fn search_by(&self, sql: &str, query: &Query) -> rusqlite::Result<Page> {
        let first = first_id(query.from);
        let end = query.after.map_or(u128::MAX, |after| after.0).min(first_id(query.until));
        let limit = query.limit.clamp(1, PAGE_MAX);
        let numbers = query.numbers();
        let mut find = self.index.prepare_cached(sql)?;
        let mut rows = find.query((first.to_be_bytes(), end.to_be_bytes(), LOOKED_MAX))?;
        let mut page = Page::default();
        let mut looked = 0;
        while let Some(row) = rows.next()? {
            let found = Found {
                id: TransferId(number(row, 0)?),
                state: row.get(1)?,
                open: row.get(2)?,
                summary: summary(row, 4)?,
            };
            looked += 1;
            let id = found.id;
            if query.wants(&found) && has_all(row.get_ref(3)?.as_str()?, &numbers) {
                page.found.push(found);
            }
            if page.found.len() == limit || looked == LOOKED_MAX {
                page.next = Some(id);
                break;
            }
        }
        Ok(page)
    }
}

impl Query {
    /// The parts that the numbers of a transfer are to have.
    fn numbers(&self) -> [Option<String>; 2] {
        [self.rrn.map(|rrn| format!("/{rrn}")), self.stan.map(|stan| format!(" {stan}/"))]
    }

    fn wants(&self, found: &Found) -> bool {
        let summary = &found.summary;
        let is_account = |account: &AccountNumber| {
            summary.own == *account || summary.other.as_ref() == Some(account)
        };
        self.state.as_ref().is_none_or(|state| found.state == *state)
            && self.account.as_ref().is_none_or(is_account)
            && self.bank.is_none_or(|bank| summary.bank == bank)
    }
}

fn has_all(numbers: &str, parts: &[Option<String>]) -> bool {
    parts.iter().flatten().all(|part| numbers.contains(part))
}

/// The first id that a transfer of this moment can have.
fn first_id(moment: Moment) -> u128 {
    u128::from(moment.millis().min((1 << 48) - 1)) << 80
}
