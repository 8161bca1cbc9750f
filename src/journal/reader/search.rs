//! Searches by an operator, from the newest transfer to the oldest, a page at a time.
//!
//! Accounts and other banks' numbers come in no order, and an index over them would cost every transfer. So a search
//! scans the transfers of its time range, a bounded number for each page. A page may have few or no transfers and still a
//! cursor to continue from. A transfer of the last moments may not be in the index yet.

use super::Reader;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::row::Summary;
use crate::journal::store::{read_summary, read_u128};
use crate::values::{AccountNumber, Institution, Moment, Rrn, Stan, TransferId};

/// The maximum number of transfers in a page.
pub const PAGE_MAX: usize = 500;

/// The maximum number of transfers scanned for a page: some hundredths of a second.
const SCAN_MAX: u64 = 100_000;

/// A search. It finds the transfers that meet all given conditions.
#[derive(Clone, Debug)]
pub struct Query {
    /// The earliest moment, by the time in the transfer id.
    pub from: Moment,
    /// The moment before which the transfers started.
    pub until: Moment,
    /// The state.
    pub state: Option<String>,
    /// Only open transfers. They are found without a scan of the closed ones.
    pub open_only: bool,
    /// The account, at either bank.
    pub account: Option<AccountNumber>,
    /// The other bank.
    pub bank: Option<Institution>,
    /// The RRN of one of its messages.
    pub rrn: Option<Rrn>,
    /// The STAN of one of its messages.
    pub stan: Option<Stan>,
    /// The cursor of the page before: only transfers older than this one.
    pub after: Option<TransferId>,
    /// The number of transfers in a page, at most [`PAGE_MAX`].
    pub limit: usize,
}

/// A transfer that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// The transfer.
    pub id: TransferId,
    /// The name of its state.
    pub state: String,
    /// Whether it still has work to do.
    pub is_open: bool,
    /// Direction, accounts, amount and bank.
    pub summary: Summary,
}

/// A page of search results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The transfers, from the newest to the oldest.
    pub hits: Vec<SearchHit>,
    /// The cursor of the next page; `None` on the last page.
    pub next: Option<TransferId>,
}

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, state, open, trace_numbers, direction, own_account, other_account, amount, currency, bank ",
            "FROM transfers WHERE ",
            $condition,
            " id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
        )
    };
}

impl Reader {
    /// Returns the next page of a search.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn search(&self, query: &Query) -> Result<Page, JournalError> {
        let sql = if query.open_only { select!("open AND") } else { select!("") };
        self.search_by(sql, query).context("searching", &self.path)
    }

    fn search_by(&self, sql: &str, query: &Query) -> rusqlite::Result<Page> {
        let first = first_id(query.from);
        let end = query.after.map_or(u128::MAX, |after| after.0).min(first_id(query.until));
        let limit = query.limit.clamp(1, PAGE_MAX);
        let parts = query.trace_number_parts();
        let mut find = self.index.prepare_cached(sql)?;
        let mut rows = find.query((first.to_be_bytes(), end.to_be_bytes(), SCAN_MAX))?;
        let mut page = Page::default();
        let mut scanned = 0;
        while let Some(row) = rows.next()? {
            let hit = SearchHit {
                id: TransferId(read_u128(row, 0)?),
                state: row.get(1)?,
                is_open: row.get(2)?,
                summary: read_summary(row, 4)?,
            };
            scanned += 1;
            let id = hit.id;
            if query.matches(&hit) && has_all(row.get_ref(3)?.as_str()?, &parts) {
                page.hits.push(hit);
            }
            if page.hits.len() == limit || scanned == SCAN_MAX {
                page.next = Some(id);
                break;
            }
        }
        Ok(page)
    }
}

impl Query {
    /// Returns the texts that the trace numbers of a matching transfer contain.
    fn trace_number_parts(&self) -> [Option<String>; 2] {
        [self.rrn.map(|rrn| format!("/{rrn}")), self.stan.map(|stan| format!(" {stan}/"))]
    }

    fn matches(&self, hit: &SearchHit) -> bool {
        let summary = &hit.summary;
        let has_account = |account: &AccountNumber| {
            summary.own_account == *account || summary.other_account.as_ref() == Some(account)
        };
        self.state.as_ref().is_none_or(|state| hit.state == *state)
            && self.account.as_ref().is_none_or(has_account)
            && self.bank.is_none_or(|bank| summary.bank == bank)
    }
}

fn has_all(trace_numbers: &str, parts: &[Option<String>]) -> bool {
    parts.iter().flatten().all(|part| trace_numbers.contains(part))
}

/// Returns the smallest id that a transfer of this moment can have.
fn first_id(moment: Moment) -> u128 {
    u128::from(moment.millis().min((1 << 48) - 1)) << 80
}
