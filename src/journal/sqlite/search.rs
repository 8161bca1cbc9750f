//! Searches in the index.
//!
//! Accounts and other banks' numbers come in no order, and an index over them would cost every transfer. So a search
//! scans the transfers of its time range, a bounded number for each page. A page may have few or no transfers and still a
//! cursor to continue from. A transfer of the last moments may not be in the index yet.

use rusqlite::Connection;

use super::columns::{read_summary, read_u128};
use crate::journal::search::{PAGE_MAX, Page, Query, SearchHit};
use crate::values::{Moment, TransferId};

/// The maximum number of transfers scanned for a page: some hundredths of a second.
const SCAN_MAX: u64 = 100_000;

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

/// Returns the next page of a search in an index.
pub(super) fn search(index: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let sql = if query.open_only { select!("open AND") } else { select!("") };
    let first = first_id(query.from);
    let end = query.after.map_or(u128::MAX, |after| after.0).min(first_id(query.until));
    let limit = query.limit.clamp(1, PAGE_MAX);
    let parts = trace_number_parts(query);
    let mut find = index.prepare_cached(sql)?;
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

/// Returns the texts that the trace numbers of a matching transfer contain.
fn trace_number_parts(query: &Query) -> [Option<String>; 2] {
    [query.rrn.map(|rrn| format!("/{rrn}")), query.stan.map(|stan| format!(" {stan}/"))]
}

fn has_all(trace_numbers: &str, parts: &[Option<String>]) -> bool {
    parts.iter().flatten().all(|part| trace_numbers.contains(part))
}

/// Returns the smallest id that a transfer of this moment can have.
pub(super) fn first_id(moment: Moment) -> u128 {
    u128::from(moment.millis().min((1 << 48) - 1)) << 80
}
