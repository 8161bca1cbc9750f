//! Readers: look-ups on separate connections, beside the writer. Every durable row is found at once, and every row that is
//! returned is proven: its batch is signed by a trusted key.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::control;
use super::lookups::LookupKey;
use super::shared::Shared;
use super::store::{CHAIN, Store};
use crate::journal::error::JournalError;
use crate::journal::line::{self, LineRow};
use crate::journal::metadata;
use crate::journal::port::{Reader, TransferIter};
use crate::journal::row::{InboundReference, Row};
use crate::journal::sealed::SealedRows;
use crate::personal::{Month, Place, digest};
use crate::signing::{Chain, KeyId, SignedBatch, TrustedKeys};
use crate::values::{
    IdempotencyKey, Institution, KeyReservation, Moment, PersonalText, Rrn, Stan, TransferId,
};

/// Proven batches that stay in memory: rows of a batch are often read together.
const BATCHES_KEPT: usize = 64;

/// The field of a row's sealed personal data.
const PERSONAL: &str = "personal";

/// Returns the place of a row's personal data.
pub(super) const fn personal_place(row: u64) -> Place {
    Place { chain: CHAIN, row, field: PERSONAL }
}

/// A proven batch with its sealed personal data.
struct ProvenBatch {
    batch: SignedBatch,
    sealed: SealedRows,
}

/// A store whose rows are proven when they are read.
pub(super) struct ProvenRows {
    pub(super) store: Store,
    keys: Arc<TrustedKeys>,
    /// The rows up to here are archived.
    archived: u64,
    /// The batches that were proven last, the newest at the end.
    proven: Vec<Arc<ProvenBatch>>,
}

impl ProvenRows {
    pub(super) const fn new(store: Store, keys: Arc<TrustedKeys>, archived: u64) -> Self {
        Self { store, keys, archived, proven: Vec::new() }
    }

    /// Checks that a key may sign rows.
    pub(super) fn check_key(
        &self,
        chain: Chain,
        id: KeyId,
        rows: (u64, u64),
    ) -> Result<(), JournalError> {
        self.keys.key(chain, rows, id).map(drop).map_err(|distrust| {
            let detail = format!("{distrust}; see `titian keys rotate`");
            JournalError::Keys { path: self.store.path.clone(), detail: detail.into() }
        })
    }

    /// Returns a row that must exist, without its personal data.
    pub(super) fn line(&mut self, number: u64) -> Result<LineRow, JournalError> {
        let proven = self.batch(number)?;
        let path = &self.store.path;
        let text = proven.batch.line(number).ok_or_else(|| missing(path, number))?;
        line::read(text)
            .map_err(|error| JournalError::damaged(path, format!("row {number}: {error}")))
    }

    /// Returns a row that must exist, with its personal data, and the number of the transfer's previous row.
    fn row(&mut self, number: u64, shared: &Shared) -> Result<(Option<u64>, Row), JournalError> {
        let LineRow { previous, personal, mut row } = self.line(number)?;
        let Some(expected) = personal else { return Ok((previous, row)) };
        let proven = self.batch(number)?;
        let damaged = |reason: String| {
            JournalError::damaged(
                &self.store.path,
                format!("row {number}: personal data: {reason}"),
            )
        };
        let sealed = proven.sealed.of(number).ok_or_else(|| damaged("missing".to_owned()))?;
        if digest(sealed) != expected {
            return Err(damaged("differs from what was signed".to_owned()));
        }
        let opened = shared
            .open_personal(personal_place(number), Month::of(row.recorded_at), sealed)
            .map_err(|error| damaged(error.to_string()))?;
        let text = String::from_utf8(opened).map_err(|_| damaged("not text".to_owned()))?;
        row.personal = Some(PersonalText(text));
        Ok((previous, row))
    }

    fn batch(&mut self, number: u64) -> Result<Arc<ProvenBatch>, JournalError> {
        let has = |proven: &ProvenBatch| {
            let statement = &proven.batch.signed.statement;
            (statement.first()..=statement.last()).contains(&number)
        };
        if let Some(proven) = self.proven.iter().rev().find(|proven| has(proven)) {
            return Ok(Arc::clone(proven));
        }
        let stored = self.store.containing(number)?;
        let stored = stored.ok_or_else(|| missing(&self.store.path, number))?;
        let batch = self.store.prove(stored, &self.keys)?;
        let statement = &batch.signed.statement;
        let sealed = self.store.sealed_of((statement.first(), statement.last()))?;
        let proven = Arc::new(ProvenBatch { batch, sealed });
        if !has(&proven) {
            return Err(missing(&self.store.path, number));
        }
        if self.proven.len() >= BATCHES_KEPT {
            self.proven.remove(0);
        }
        self.proven.push(Arc::clone(&proven));
        Ok(proven)
    }

    /// Returns the reservation of a key by the row that the look-ups lead to.
    ///
    /// # Errors
    /// If the store can't be read, or the row reserved another key: another row stands in its place.
    pub(super) fn reservation(
        &mut self,
        key: IdempotencyKey,
        number: u64,
    ) -> Result<KeyReservation, JournalError> {
        let row = self.line(number)?.row;
        let start = row.start.filter(|start| start.identity.keys().any(|reserved| reserved == key));
        let start = start.ok_or_else(|| another(&self.store.path, number))?;
        Ok(start.reservation(key, row.id))
    }

    /// Returns the rows of a transfer from its last row back to its first; an empty list if the first one is archived.
    fn transfer(
        &mut self,
        id: TransferId,
        last: u64,
        shared: &Shared,
    ) -> Result<Vec<Row>, JournalError> {
        let mut rows = Vec::new();
        let mut next = Some(last);
        while let Some(number) = next.filter(|number| *number > self.archived) {
            let (previous, row) = self.row(number, shared)?;
            if row.id != id || previous.is_some_and(|previous| previous >= number) {
                let detail = format!("row {number} belongs to another transfer");
                return Err(JournalError::damaged(&self.store.path, detail));
            }
            // Each row is before the one that names it, so this ends.
            next = previous;
            rows.push(row);
        }
        rows.reverse();
        // The rows of a transfer that started in the archive cannot be interpreted without the archived ones.
        Ok(if rows.first().is_some_and(|row| row.start.is_some()) { rows } else { Vec::new() })
    }
}

/// Returns the error of a row that the look-ups do not mean.
fn another(path: &Path, number: u64) -> JournalError {
    JournalError::damaged(path, format!("row {number}: another row stands in its place"))
}

fn missing(path: &Path, number: u64) -> JournalError {
    JournalError::damaged(path, format!("row {number}: missing"))
}

/// A reader of the journal of this process.
pub(super) struct SqliteReader {
    rows: RefCell<ProvenRows>,
    shared: Arc<Shared>,
}

impl SqliteReader {
    pub(super) const fn new(rows: ProvenRows, shared: Arc<Shared>) -> Self {
        Self { rows: RefCell::new(rows), shared }
    }

    /// Returns a row without its personal data.
    fn row(&self, number: u64) -> Result<Row, JournalError> {
        Ok(self.rows.borrow_mut().line(number)?.row)
    }
}

impl Reader for SqliteReader {
    fn transfer(&self, id: TransferId) -> Result<Vec<Row>, JournalError> {
        let last = self.shared.last_row(id)?;
        last.map_or(Ok(Vec::new()), |last| self.rows.borrow_mut().transfer(id, last, &self.shared))
    }

    fn by_key(&self, key: IdempotencyKey) -> Result<Vec<Row>, JournalError> {
        let Some(number) = self.shared.newest(LookupKey::reservation(key))? else {
            return Ok(Vec::new());
        };
        let held = self.rows.borrow_mut().reservation(key, number)?;
        self.transfer(held.id)
    }

    fn by_trace(&self, transmission_second: u64, stan: Stan) -> Result<Vec<Row>, JournalError> {
        let key = LookupKey::trace(transmission_second, stan);
        let Some(number) = self.shared.newest(key)? else { return Ok(Vec::new()) };
        let row = self.row(number)?;
        let is_same = row.trace.is_some_and(|trace| {
            (trace.transmission_second, trace.stan) == (Some(transmission_second), stan)
        });
        if is_same {
            self.transfer(row.id)
        } else {
            Err(another(&self.rows.borrow().store.path, number))
        }
    }

    fn by_inbound_reference(
        &self,
        bank: Institution,
        rrn: Rrn,
        since: Moment,
        limit: usize,
    ) -> Result<Vec<Vec<Row>>, JournalError> {
        let (reference, first) = (InboundReference::new(bank, rrn), first_id(since));
        let mut ids = BTreeSet::new();
        // Rows are in the order of time, so the newest are found first.
        for number in self.shared.all(LookupKey::reference(&reference))?.into_iter().rev() {
            if ids.len() >= limit {
                break;
            }
            let row = self.row(number)?;
            if !InboundReference::of(&row).is_some_and(|other| other.is(&reference)) {
                return Err(another(&self.rows.borrow().store.path, number));
            }
            if row.id.0 >= first {
                ids.insert(row.id);
            }
        }
        ids.into_iter().rev().map(|id| self.transfer(id)).collect()
    }

    fn open_transfers(&self) -> Result<TransferIter<'_>, JournalError> {
        let ids = self.shared.open_ids();
        let rows = ids.into_iter().map(|id| self.transfer(TransferId(id)));
        Ok(Box::new(rows.filter(|rows| !matches!(rows, Ok(rows) if rows.is_empty()))))
    }

    fn acts_after(
        &self,
        number: u64,
        limit: u64,
        each: &mut dyn FnMut(u64, &str) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let rows = self.rows.borrow();
        if (number, limit) == (0, u64::MAX) {
            let head = metadata::control(&self.shared.end().metadata).unwrap_or_default();
            return control::all_acts(&rows.store, head, each);
        }
        control::acts_after(&rows.store, &rows.keys, (number, limit), each)
    }

    fn metadata(&self, chain: Chain, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        match chain {
            Chain::Transfers => Ok(self.shared.end().metadata.get(name).cloned()),
            Chain::Ledger | Chain::Control => Err(JournalError::OtherChain(chain.code())),
        }
    }
}

/// Returns the smallest id that a transfer of this moment can have.
fn first_id(moment: Moment) -> u128 {
    u128::from(moment.millis().min((1 << 48) - 1)) << 80
}
