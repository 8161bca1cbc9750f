//! Searches by an operator, from the newest transfer to the oldest, a page at a time.

use super::row::Summary;
use crate::values::{AccountNumber, Institution, Moment, Rrn, Stan, TransferId};

/// The maximum number of transfers in a page.
pub const PAGE_MAX: usize = 500;

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

impl Query {
    /// Returns whether a transfer meets the conditions that its summary and state can meet.
    pub(super) fn matches(&self, hit: &SearchHit) -> bool {
        let summary = &hit.summary;
        let has_account = |account: &AccountNumber| {
            summary.own_account == *account || summary.other_account.as_ref() == Some(account)
        };
        self.state.as_ref().is_none_or(|state| hit.state == *state)
            && self.account.as_ref().is_none_or(has_account)
            && self.bank.is_none_or(|bank| summary.bank == bank)
    }
}
