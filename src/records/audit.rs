//! The audit: reads every row from the first and checks what it means. The facts of each transfer must fold. Each row
//! must have the state, the trace numbers and the summary that its facts give. All books are computed again. None of that
//! needs personal values, so an audit needs no record key: accounts that it cannot read are not compared.
//!
//! Memory holds only the open transfers, and the closed transfers that later rows belong to. A first pass, which reads
//! no facts, finds those. It trusts the rows' open flags; if a flag is wrong, the second pass names the row.

use std::collections::{HashMap, HashSet};

use super::ledger_head::read_ledger_head;
use super::reading::read_act;
use super::writing::{message_trace, start_of};
use super::{CLOSED_BOOKS, LEDGER, TRACE_WATERMARK};
use crate::control::AdmissionAudit;
use crate::engine::{BooksByDirection, Fact, TraceWatermark, Transfer, stored_facts};
use crate::journal::{
    self, ChainedRow, Evidence, JournalError, Row, RowCheck, VerificationError, Verified,
    open_to_read, scan_transfers,
};
use crate::signing::LedgerHead;
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
    /// The head of the embedded ledger that the store records.
    pub ledger: Option<LedgerHead>,
}

/// Verifies a store and audits its rows up to the last one at the start of the audit.
///
/// # Errors
/// The first thing that is wrong.
pub fn audit(evidence: &Evidence<'_>) -> Result<AuditReport, VerificationError> {
    let store = open_to_read(evidence.store)?;
    // An end that is not what was signed is reported after the first wrong row.
    let end = store.end();
    let last_row = match &end {
        Ok(end) => end.as_ref().map_or(0, |(signed, _)| signed.statement.last()),
        Err(_) => store.last_row()?,
    };
    drop(store);
    let late_rows = count_late_rows(evidence, last_row)?;
    let mut audit = Audit { last_row, late_rows, ..Audit::default() };
    let verified = journal::verify_with(evidence, &mut audit)?;
    let (_, metadata) = end?.unzip();
    let has_checked_books = verified.after_row == 0;
    if has_checked_books {
        let stored = metadata.as_ref().and_then(|values| values.get(CLOSED_BOOKS));
        compare_books(&audit.closed_books, stored.map(Vec::as_slice)).map_err(|reason| {
            VerificationError::Metadata {
                name: CLOSED_BOOKS,
                file: evidence.store.path().to_owned(),
                reason,
            }
        })?;
    }
    let watermark = metadata.as_ref().and_then(|values| values.get(TRACE_WATERMARK));
    check_watermark(watermark.map(Vec::as_slice), audit.last_second).map_err(|reason| {
        let (name, file) = (TRACE_WATERMARK, evidence.store.path().to_owned());
        VerificationError::Metadata { name, file, reason }
    })?;
    let ledger = metadata.as_ref().and_then(|values| values.get(LEDGER));
    let ledger = ledger.map(|value| read_ledger_head(value)).transpose();
    let ledger = ledger.map_err(|cause| VerificationError::Metadata {
        name: LEDGER,
        file: evidence.store.path().to_owned(),
        reason: cause.to_string(),
    })?;
    let open = audit.kept.values().filter(|transfer| !transfer.is_final()).count() as u64;
    let Audit { transfers, skipped_rows, books, .. } = audit;
    Ok(AuditReport { verified, transfers, open, skipped_rows, books, has_checked_books, ledger })
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

/// Checks that the trace number watermark is not before the last message of ours.
fn check_watermark(stored: Option<&[u8]>, last_second: u64) -> Result<(), String> {
    let Some(stored) = stored else { return Ok(()) };
    let watermark: TraceWatermark =
        serde_json::from_slice(stored).map_err(|error| error.to_string())?;
    if watermark.latest_transmission.seconds() >= last_second {
        return Ok(());
    }
    Err("it is before the last message that was sent, so numbers could be used again".to_owned())
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
    /// The last row of each of them.
    last_rows: HashMap<TransferId, u64>,
    /// The acts, and what was admitted under them.
    admissions: AdmissionAudit,
    /// The latest transmission second of a message of ours.
    last_second: u64,
    transfers: u64,
    skipped_rows: u64,
    books: BooksByDirection,
    closed_books: BooksByDirection,
}

impl RowCheck for Audit {
    fn check_act(&mut self, _number: u64, act: &str) -> Result<(), String> {
        self.admissions.add(read_act(act)?)
    }

    /// Checks the meaning of a verified row.
    fn check_row(&mut self, number: u64, chained: &ChainedRow) -> Result<(), String> {
        let row = &chained.row;
        if number > self.last_row || row.id == Row::JOURNAL {
            return Ok(());
        }
        self.has_first_row |= number == 1;
        let second = row.trace.and_then(|trace| trace.transmission_second);
        self.last_second = self.last_second.max(second.unwrap_or_default());
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
        self.check_previous(number, chained)?;
        let sums = before.as_ref().map(|transfer| (transfer.sums(), transfer.closed_sums()));
        let was_closed = before.as_ref().is_some_and(Transfer::is_final);
        let transfer = fold_row(before, row)?;
        if let Some(start) = &row.start {
            let at = row.recorded_at;
            self.admissions.check(start.admitted_under, |control| {
                transfer.may_have_been_admitted(control, at)
            })?;
        }
        self.change_books(sums.unwrap_or_default(), &transfer)?;
        if self.has_late_rows(row.id, was_closed) || !transfer.is_final() {
            self.kept.insert(row.id, transfer);
        }
        Ok(())
    }
}

impl Audit {
    /// Checks that the row names the transfer's previous row. A look-up follows these numbers.
    fn check_previous(&mut self, number: u64, chained: &ChainedRow) -> Result<(), String> {
        let ChainedRow { previous, row, .. } = chained;
        let last = self.last_rows.get(&row.id).copied();
        let is_archived = !self.has_first_row && last.is_none();
        if *previous != last && !is_archived {
            let text =
                |number: Option<u64>| number.map_or("none".to_owned(), |row| row.to_string());
            let (found, expected) = (text(*previous), text(last));
            return Err(format!("previous row {found}, expected {expected}"));
        }
        if row.is_open || self.late_rows.contains_key(&row.id) {
            self.last_rows.insert(row.id, number);
        } else {
            self.last_rows.remove(&row.id);
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
    let facts = stored_facts::read(&row.facts.0, row.personal.as_ref())
        .map_err(|error| error.to_string())?;
    let first = facts.first().ok_or("no facts")?;
    let begun = start_of(first).map(|start| (start.id(), start.requested_by()));
    if begun != row.start.as_ref().map(|start| (row.id, start.requested_by)) {
        return Err("start mismatch: the row differs from the transfer in its facts".to_owned());
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
