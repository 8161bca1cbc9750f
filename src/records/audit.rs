//! The audit: reads every row from the first and checks what it means. The facts of each transfer must fold. Each row
//! must have the state, the trace numbers and the summary that its facts give. All books are computed again.
//!
//! Memory holds only the open transfers, and the closed transfers that later rows belong to. A first pass, which reads
//! no facts, finds those. It trusts the rows' open flags; if a flag is wrong, the second pass names the row.

use std::collections::{HashMap, HashSet};

use super::CLOSED_BOOKS;
use super::writing::{message_trace, started_transfer, summary};
use crate::engine::{BooksByDirection, Fact, Transfer, stored_facts};
use crate::journal::{
    self, Evidence, JournalError, Row, VerificationError, Verified, open_to_read, scan_transfers,
};
use crate::transfer::Sums;
use crate::values::TransferId;

/// The result of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// The result of the verification, which does not interpret facts.
    pub verified: Verified,
    /// The number of transfers that start in the rows.
    pub transfers: u64,
    /// The number of those that are open.
    pub open: u64,
    /// The number of rows that were not folded, because their transfers start in an archive that was not given.
    pub skipped_rows: u64,
    /// The books of all transfers that start in the rows.
    pub books: BooksByDirection,
    /// Whether the stored books of closed transfers were checked. They are checked if all rows from the first were
    /// given.
    pub has_checked_books: bool,
}

/// Verifies a store and audits its rows up to the last one at the start of the audit.
///
/// # Errors
/// The first thing that is wrong.
pub fn audit(evidence: &Evidence<'_>) -> Result<AuditReport, VerificationError> {
    let (last_row, metadata) = open_to_read(evidence.store)?.metadata_at_last_row(CLOSED_BOOKS)?;
    let late_rows = count_late_rows(evidence, last_row)?;
    let mut audit = Audit { last_row, late_rows, ..Audit::default() };
    let verified = journal::verify(evidence, |seq, row| audit.check_row(seq, row))?;
    let has_checked_books = verified.after_row == 0;
    if has_checked_books {
        compare_books(&audit.closed_books, metadata?.as_deref()).map_err(|reason| {
            VerificationError::Metadata {
                name: CLOSED_BOOKS,
                file: evidence.store.path().to_owned(),
                reason,
            }
        })?;
    }
    let open = audit.kept.values().filter(|transfer| !transfer.is_final()).count() as u64;
    let Audit { transfers, skipped_rows, books, .. } = audit;
    Ok(AuditReport { verified, transfers, open, skipped_rows, books, has_checked_books })
}

/// Returns the number of rows that each transfer gets after it was closed.
fn count_late_rows(
    evidence: &Evidence<'_>,
    last_row: u64,
) -> Result<HashMap<TransferId, u64>, JournalError> {
    let (mut open, mut late_rows) = (HashSet::new(), HashMap::new());
    scan_transfers(evidence, last_row, |id, is_start, is_open| {
        let was_open = if is_open { !open.insert(id) } else { open.remove(&id) };
        if !is_start && !was_open {
            *late_rows.entry(id).or_default() += 1;
        }
    })?;
    Ok(late_rows)
}

/// Compares the books that the rows give with the stored books.
fn compare_books(closed: &BooksByDirection, metadata: Option<&[u8]>) -> Result<(), String> {
    if metadata.is_none() && closed.rows().next().is_some() {
        return Err("missing".to_owned());
    }
    let stored = metadata.map(serde_json::from_slice::<BooksByDirection>).transpose();
    let stored = stored.map_err(|error| error.to_string())?.unwrap_or_default();
    let are_equal = closed.rows().eq(stored.rows());
    are_equal.then_some(()).ok_or_else(|| {
        "books mismatch: the stored books differ from the books of the closed transfers".to_owned()
    })
}

/// The progress of an audit.
#[derive(Default)]
struct Audit {
    /// The last row to audit.
    last_row: u64,
    /// Whether the rows start with the first row of the journal.
    has_first_row: bool,
    /// The number of rows that closed transfers will still get.
    late_rows: HashMap<TransferId, u64>,
    /// The open transfers, and the closed transfers that will still get rows.
    kept: HashMap<TransferId, Transfer>,
    transfers: u64,
    skipped_rows: u64,
    books: BooksByDirection,
    closed_books: BooksByDirection,
}

impl Audit {
    /// Checks the meaning of a verified row.
    fn check_row(&mut self, seq: u64, row: &Row) -> Result<(), String> {
        if seq > self.last_row {
            return Ok(());
        }
        self.has_first_row |= seq == 1;
        let before = self.kept.remove(&row.id);
        match (&before, &row.start) {
            (Some(_), Some(_)) => return Err("transfer started twice".to_owned()),
            (None, None) if self.has_first_row => return Err("transfer never started".to_owned()),
            (None, None) => {
                self.skipped_rows += 1;
                return Ok(());
            }
            (None, Some(_)) => self.transfers += 1,
            (Some(_), None) => {}
        }
        let sums = before.as_ref().map(|transfer| (transfer.sums(), transfer.closed_sums()));
        let was_closed = before.as_ref().is_some_and(Transfer::is_final);
        let transfer = fold_row(before, row)?;
        self.change_books(sums.unwrap_or_default(), &transfer)?;
        if self.has_late_rows(row.id, was_closed) || !transfer.is_final() {
            self.kept.insert(row.id, transfer);
        }
        Ok(())
    }

    /// Adds a step to the books.
    fn change_books(
        &mut self,
        (sums, closed_sums): (Sums, Sums),
        transfer: &Transfer,
    ) -> Result<(), String> {
        if !transfer.sums().is_balanced() {
            return Err(format!("the books do not balance in state {}", transfer.code()));
        }
        self.books.change(sums, transfer);
        self.closed_books.change_closed(closed_sums, transfer);
        Ok(())
    }

    /// Whether more rows follow for a closed transfer. `is_late` says whether the current row is one of them.
    fn has_late_rows(&mut self, id: TransferId, is_late: bool) -> bool {
        let Some(left) = self.late_rows.get_mut(&id) else { return false };
        *left = left.saturating_sub(u64::from(is_late));
        let has_more = *left > 0;
        if !has_more {
            self.late_rows.remove(&id);
        }
        has_more
    }
}

/// Returns the state after a row, if the row's columns match its facts.
fn fold_row(before: Option<Transfer>, row: &Row) -> Result<Transfer, String> {
    let facts = stored_facts::read(&row.facts.0).map_err(|error| error.to_string())?;
    let stored_summary = row.start.as_ref().map(|start| start.summary);
    let first = facts.first().ok_or("no facts")?;
    if summary(first) != stored_summary || started_transfer(first).is_some_and(|id| id != row.id) {
        return Err("summary mismatch: the row differs from the transfer in its facts".to_owned());
    }
    if message_trace(&facts) != row.trace {
        return Err("trace number mismatch: the row differs from its facts".to_owned());
    }
    let at = row.recorded_at;
    let fold =
        |transfer: Option<Transfer>, fact: &Fact| Transfer::fold(transfer, fact, at).map(Some);
    let transfer = facts.iter().try_fold(before, fold).map_err(|illegal| illegal.to_string())?;
    let transfer = transfer.ok_or("no facts")?;
    if (transfer.code(), !transfer.is_final()) == (row.state.as_ref(), row.is_open) {
        return Ok(transfer);
    }
    let openness = |is_open: bool| if is_open { "open" } else { "closed" };
    Err(format!(
        "state mismatch: the facts give {} ({}), the row has {} ({})",
        transfer.code(),
        openness(!transfer.is_final()),
        row.state,
        openness(row.is_open)
    ))
}
