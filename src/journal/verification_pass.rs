//! The pass of a verification over the batches of a store and its archives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::line::{self, LineRow};
use super::port::{DerivedAudit, StoredChain};
use super::rotation::Rotation;
use super::row::{ChainedRow, Row};
use super::sealed::SealedRows;
use super::unique::UseCounter;
use super::verification_error::{VerificationError, error};
use crate::codes::journal_state;
use crate::personal::{Month, digest};
use crate::signing::{
    BatchError, Chain, ChainId, FIRST_EPOCH, Head, KeyId, SignedStatement, StoredBatch, TrustedKeys,
};

/// Batches that are read at a time. A long read would keep the log of a store in use from restarting.
pub(super) const READ_BATCHES: u64 = 256;

/// A checkpoint with its file and line.
pub(super) type Checkpoint = (PathBuf, usize, SignedStatement);

/// The time within which an RRN is used once, in seconds.
const RRN_PERIOD: u128 = 365 * 24 * 60 * 60;

/// Checks that no number was used by two transfers.
fn check_once(
    uses: UseCounter,
    is_same: impl Fn(u128, u128) -> bool,
    store: &Path,
    reason: &str,
) -> Result<(), VerificationError> {
    match uses.twice(is_same)? {
        None => Ok(()),
        Some((first, again)) => {
            Err(error(store, (again, again), &format!("{reason}: row {first}")))
        }
    }
}

fn is_equal(one: u128, other: u128) -> bool {
    one == other
}

/// Whether two RRNs with their seconds are the same RRN within a year.
fn is_same_rrn(one: u128, other: u128) -> bool {
    one >> 32 == other >> 32 && other.wrapping_sub(one) < RRN_PERIOD
}

/// Where a pass starts, and what it compares the rows with.
pub(super) struct PassStart<'p> {
    /// The head before the first row.
    pub(super) head: Head,
    pub(super) chain: (Chain, ChainId),
    pub(super) keys: Option<&'p TrustedKeys>,
    /// The checkpoints in the order of their rows.
    pub(super) checkpoints: &'p [Checkpoint],
    pub(super) lookups: Option<Box<dyn DerivedAudit>>,
}

/// What a pass covered.
pub(super) struct Passed {
    pub(super) head: Head,
    pub(super) batches: u64,
    pub(super) has_checked_lookups: bool,
    /// The first file with personal data that no batch has, and its row.
    pub(super) orphaned_personal: Option<(PathBuf, i64)>,
}

/// The state of a verification pass.
pub(super) struct Pass<'p, E> {
    start: PassStart<'p>,
    head: Head,
    epoch: u32,
    batches: u64,
    /// The number of checkpoints that were compared.
    compared: usize,
    /// The key that the row before the present batch rotates to.
    rotated_to: Option<KeyId>,
    /// The keys that rows of the present file reserved. What is archived reserves no key any more.
    reservations: UseCounter,
    traces: UseCounter,
    rrns: UseCounter,
    /// The months that have a key in the present file.
    months: BTreeSet<String>,
    orphaned_personal: Option<(PathBuf, i64)>,
    each: E,
}

impl<'p, E: FnMut(u64, &ChainedRow) -> Result<(), String>> Pass<'p, E> {
    pub(super) fn new(start: PassStart<'p>, each: E) -> Self {
        Self {
            head: start.head,
            epoch: FIRST_EPOCH,
            batches: 0,
            compared: 0,
            rotated_to: None,
            reservations: UseCounter::new(),
            traces: UseCounter::new(),
            rrns: UseCounter::new(),
            months: BTreeSet::new(),
            orphaned_personal: None,
            start,
            each,
        }
    }

    /// Ends the pass after all files.
    pub(super) fn finish(self, store: &Path) -> Result<Passed, VerificationError> {
        if self.compared < self.start.checkpoints.len() {
            return Err(self.next_row_error(store, "missing: a later checkpoint was signed"));
        }
        if let Some((new, keys)) = self.rotated_to.zip(self.start.keys) {
            let next = self.head.count + 1;
            keys.key(self.start.chain.0, (next, next), new).map_err(|distrust| {
                let reason = format!("rotates to the next key, but {distrust}");
                error(store, (self.head.count, self.head.count), &reason)
            })?;
        }
        let Self { start, head, batches, traces, rrns, orphaned_personal, .. } = self;
        let has_checked_lookups = start.lookups.is_some();
        start.lookups.map_or(Ok(()), |lookups| lookups.check())?;
        check_once(traces, is_equal, store, "uses a STAN again within a second")?;
        check_once(rrns, is_same_rrn, store, "uses an RRN again within a year")?;
        Ok(Passed { head, batches, has_checked_lookups, orphaned_personal })
    }

    /// Verifies the batches of a store or an archive that begin up to a row.
    pub(super) fn file(
        &mut self,
        file: &dyn StoredChain,
        until: u64,
    ) -> Result<(), VerificationError> {
        if file.begin()? != self.head {
            let reason = "the file continues from another row; name all its archives in order";
            return Err(self.next_row_error(file.path(), reason));
        }
        self.months = file.month_keys()?.into_iter().map(|(month, _)| month).collect();
        let mut from = 0;
        loop {
            let before = from;
            let mut verified = Ok(());
            let read = file.batches_after(from, READ_BATCHES, &mut |batch| {
                from = batch.first;
                if verified.is_ok() && batch.first <= until {
                    verified = self.batch(file, batch);
                }
                Ok(())
            });
            verified?;
            match read {
                Err(JournalError::Damaged { detail, .. }) => {
                    return Err(self.next_row_error(file.path(), &detail));
                }
                read => read?,
            }
            if from == before {
                if let Some(row) = file.orphaned_personal()? {
                    self.orphaned_personal.get_or_insert_with(|| (file.path().to_owned(), row));
                }
                let reservations = std::mem::replace(&mut self.reservations, UseCounter::new());
                let reason = "reserves an idempotency key that an earlier row reserved";
                return check_once(reservations, is_equal, file.path(), reason);
            }
        }
    }

    fn batch(
        &mut self,
        file: &dyn StoredChain,
        stored: StoredBatch,
    ) -> Result<(), VerificationError> {
        let first = stored.first;
        if first <= self.head.count {
            let reason = "a row outside the chain stands here";
            return Err(error(file.path(), (first, first), reason));
        }
        if first != self.head.count + 1 {
            let reason = format!("missing: row {first} follows row {}", self.head.count);
            return Err(error(file.path(), (self.head.count + 1, first - 1), &reason));
        }
        let span = (first, stored.last());
        let statement = stored.statement.clone();
        let proven = stored.linked(Chain::Transfers, file.chain_id()).and_then(|batch| {
            self.start.keys.map_or(Ok(()), |keys| batch.signed.check(keys))?;
            Ok::<_, BatchError>(batch)
        });
        let batch = proven.map_err(|reason| error(file.path(), span, &reason.to_string()))?;
        if batch.signed.statement.before != self.head {
            let reason = "the batch does not continue from the rows before it";
            return Err(error(file.path(), span, reason));
        }
        if batch.signed.statement.epoch < self.epoch {
            return Err(error(file.path(), span, "the batch is of an earlier epoch"));
        }
        self.epoch = batch.signed.statement.epoch;
        let key = batch.signed.statement.key;
        if let Some(expected) = self.rotated_to.take().filter(|expected| *expected != key) {
            let reason =
                format!("signed by key {key}, but the row before it rotates to key {expected}");
            return Err(error(file.path(), span, &reason));
        }
        self.check_checkpoints(file.path(), span, &statement)?;
        let sealed = file.sealed(first)?;
        let mut with_data = Vec::new();
        for (number, text) in batch.numbered() {
            if self.row(file.path(), number, text, &sealed)? {
                with_data.push(number);
            }
        }
        if sealed.rows() != Some(with_data) {
            let reason = "personal data that belongs to no row";
            return Err(error(file.path(), span, reason));
        }
        self.head = batch.head();
        self.batches += 1;
        Ok(())
    }

    /// Compares the checkpoints of this batch with its statement.
    fn check_checkpoints(
        &mut self,
        file: &Path,
        span: (u64, u64),
        statement: &str,
    ) -> Result<(), VerificationError> {
        let left = self.start.checkpoints.get(self.compared..).unwrap_or_default();
        for (place, line, signed) in left {
            if signed.statement.last() > span.1 {
                break;
            }
            self.compared += 1;
            if signed.to_string() != statement {
                let place = place.display();
                let reason = format!("differ from the checkpoint in {place}, line {line}");
                return Err(error(file, span, &reason));
            }
        }
        Ok(())
    }

    /// Verifies a row. Returns whether it has personal data.
    fn row(
        &mut self,
        file: &Path,
        number: u64,
        text: &str,
        sealed: &SealedRows,
    ) -> Result<bool, VerificationError> {
        let LineRow { previous, personal, row } = line::read(text)
            .map_err(|reason| error(file, (number, number), &reason.to_string()))?;
        if personal != sealed.of(number).map(digest) {
            let reason = "the personal data is missing, or differs from what was signed";
            return Err(error(file, (number, number), reason));
        }
        let month = Month::of(row.recorded_at).to_string();
        if personal.is_some() && !self.months.contains(&month) {
            let reason = format!("the key of {month}, which its personal data needs, is missing");
            return Err(error(file, (number, number), &reason));
        }
        self.head = self.head.after(text.as_bytes());
        for key in row.start.iter().flat_map(|start| start.identity.keys()) {
            self.reservations.add(key.0, number, row.id)?;
        }
        if let Some(trace) = row.trace
            && let Some(second) = trace.transmission_second
        {
            let trace_number = u128::from(second) << 32 | u128::from(trace.stan.number());
            self.traces.add(trace_number, number, row.id)?;
            let rrn = trace.rrn.as_str().bytes();
            let rrn = rrn.fold(0, |all: u128, byte| all << 8 | u128::from(byte));
            let second = u128::from(second & u64::from(u32::MAX));
            self.rrns.add(rrn << 32 | second, number, row.id)?;
        }
        if row.id == Row::JOURNAL && row.state == journal_state::KEY_ROTATED {
            let rotation = Rotation::read(&row.facts.0, self.start.chain, number);
            self.rotated_to = rotation.and_then(|rotation| rotation.new_key());
            if self.rotated_to.is_none() {
                let reason = "the rotation is not signed by the new key";
                return Err(error(file, (number, number), reason));
            }
        }
        if let Some(lookups) = &mut self.start.lookups {
            lookups.add_row(number, &row);
        }
        let chained = ChainedRow { head: self.head, previous, row };
        (self.each)(number, &chained).map_err(|reason| error(file, (number, number), &reason))?;
        Ok(personal.is_some())
    }

    /// Returns the error of the row after the last verified one.
    fn next_row_error(&self, file: &Path, reason: &str) -> VerificationError {
        let next = self.head.count + 1;
        error(file, (next, next), reason)
    }
}
