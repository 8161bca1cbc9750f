//! The writer: the only thread that writes the store. It commits all queued batches in one transaction, as one signed batch of
//! rows, makes it durable with one sync, and only then calls back.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::control::{CONTROL, OpenActs};
use super::lookups::{LookupKey, RowOutline};
use super::reader::{ProvenRows, personal_place};
use super::shared::{End, Shared};
use super::store::{CHAIN, CONTROL_BATCHES, Store};
use crate::codes::metadata_key;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::line;
use crate::journal::metadata::{self, MetadataValues};
use crate::journal::port::CommitCallback;
use crate::journal::row::{Batch, ControlRow, Row};
use crate::journal::sealed::SealedRows;
use crate::personal::{Month, digest};
use crate::signing::{FIRST_EPOCH, Head, SignedBatch, SigningKey, Statement};
use crate::sqlite::run_writer;
use crate::values::{IdempotencyKey, KeyReservation, Moment, PersonalText, TransferId};

/// Rows at which a transaction takes no further batch. A row of more than [`ROW_BYTES`] counts as several.
const ROWS_MAX: usize = 4096;
const ROW_BYTES: usize = 4096;

/// A batch and its callback.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) done: CommitCallback,
}

/// The writer's thread.
pub(super) struct Writer<'w> {
    pub(super) store: ProvenRows,
    pub(super) signing: SigningKey,
    pub(super) shared: &'w Shared,
}

impl Writer<'_> {
    /// Runs until the journal closes or a write fails.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let size =
            |job: &Job| job.batch.control.len() + job.batch.rows.iter().map(weight).sum::<usize>();
        let ended = run_writer(jobs, ROWS_MAX, size, |jobs| {
            let (batches, callbacks): (Vec<_>, Vec<_>) =
                jobs.into_iter().map(|job| (job.batch, job.done)).unzip();
            match self.commit(batches) {
                Ok(existing) => {
                    for (done, existing) in callbacks.into_iter().zip(existing) {
                        done(Ok(existing));
                    }
                    Ok(())
                }
                Err(error) => {
                    self.shared.fail(error.clone());
                    for done in callbacks {
                        done(Err(error.clone()));
                    }
                    Err(error)
                }
            }
        });
        if let Err(error) = ended {
            // All later batches receive the same error.
            for job in jobs {
                (job.done)(Err(error.clone()));
            }
        }
    }

    /// Makes batches durable. Returns for each the reservations that other transfers hold.
    fn commit(&mut self, batches: Vec<Batch>) -> Result<Vec<Vec<KeyReservation>>, JournalError> {
        if let Some(fault) = self.shared.fault.get() {
            return Err(fault.clone());
        }
        let store = &self.store.store;
        let restarted = self.shared.log_restart.run(&store.db);
        restarted.context("copying the log into the store", &store.path)?;
        let mut open = OpenBatch::new(&mut self.store, self.shared);
        let existing = batches.into_iter().map(|batch| open.append_batch(batch));
        let existing = existing.collect::<Result<_, _>>()?;
        let (rows, end, signed) = open.finish(&self.signing)?;
        if let Some(finished) = signed {
            let store = &self.store.store;
            let transaction = store.begin()?;
            finished.write(store)?;
            transaction.commit().context("writing to the store", &store.path)?;
            self.shared.publish(&rows, end);
        }
        Ok(existing)
    }
}

/// Returns as how many rows a row counts.
fn weight(row: &Row) -> usize {
    let personal = row.personal.as_ref().map_or(0, |text| text.0.len());
    1 + (row.facts.0.len() + personal) / ROW_BYTES
}

/// A signed batch with all that is written beside it.
pub(super) struct Finished {
    batch: SignedBatch,
    /// The acts.
    acts: Option<SignedBatch>,
    /// The metadata that it changed.
    changed: MetadataValues,
    sealed: SealedRows,
    /// The month keys that were made for it.
    month_keys: Vec<(Month, Vec<u8>)>,
}

impl Finished {
    /// Writes it. The caller commits all of it at once.
    pub(super) fn write(&self, store: &Store) -> Result<(), JournalError> {
        let Self { batch, acts, changed, sealed, month_keys } = self;
        store.insert(batch)?;
        acts.as_ref().map_or(Ok(()), |acts| store.insert_in(CONTROL_BATCHES, acts))?;
        store.insert_sealed(batch.signed.statement.first(), sealed)?;
        for (month, wrapped) in month_keys {
            store.insert_month_key(&month.to_string(), wrapped)?;
        }
        changed.iter().try_for_each(|(name, value)| store.replace_metadata(name, value))
    }
}

/// A batch before it is signed.
pub(super) struct OpenBatch<'w> {
    store: &'w mut ProvenRows,
    shared: &'w Shared,
    before: End,
    head: Head,
    recorded_at: Moment,
    lines: String,
    rows: Vec<RowOutline>,
    acts: Option<OpenActs>,
    /// The keys that this batch reserves.
    keys: HashMap<IdempotencyKey, KeyReservation>,
    /// The last row of each transfer that has rows in this batch.
    last_rows: HashMap<TransferId, u64>,
    changed: MetadataValues,
    sealed: SealedRows,
    month_keys: Vec<(Month, Vec<u8>)>,
}

impl<'w> OpenBatch<'w> {
    pub(super) fn new(store: &'w mut ProvenRows, shared: &'w Shared) -> Self {
        let before = shared.end();
        let at = before.signed.as_ref().map(|signed| signed.statement.at).unwrap_or_default();
        Self {
            store,
            shared,
            head: before.head(),
            before,
            recorded_at: at,
            lines: String::new(),
            rows: Vec::new(),
            acts: None,
            keys: HashMap::new(),
            last_rows: HashMap::new(),
            changed: MetadataValues::new(),
            sealed: SealedRows::default(),
            month_keys: Vec::new(),
        }
    }

    /// Adds a batch without the transfers whose keys are taken. Returns the reservations that took them.
    fn append_batch(&mut self, batch: Batch) -> Result<Vec<KeyReservation>, JournalError> {
        let mut existing = Vec::new();
        let mut left_out: Vec<TransferId> = Vec::new();
        for row in batch.rows {
            if left_out.contains(&row.id) {
                continue;
            }
            let taken = self.existing_reservations(&row)?;
            if taken.is_empty() {
                self.append_row(&row)?;
            } else {
                existing.extend(taken);
                left_out.push(row.id);
            }
        }
        self.changed.extend(batch.metadata.into_iter().map(|value| (value.name, value.value)));
        batch.control.iter().try_for_each(|act| self.append_act(act))?;
        Ok(existing)
    }

    fn append_act(&mut self, row: &ControlRow) -> Result<(), JournalError> {
        let acts = match &mut self.acts {
            Some(acts) => acts,
            none => {
                let head = metadata::control(&self.before.metadata).ok_or_else(|| {
                    let detail = "metadata control: malformed";
                    JournalError::damaged(&self.store.store.path, detail)
                })?;
                none.insert(OpenActs::after(head))
            }
        };
        acts.append(row);
        Ok(())
    }

    /// Changes a metadata value.
    pub(super) fn change(&mut self, name: &'static str, value: Vec<u8>) {
        self.changed.insert(Cow::Borrowed(name), value);
    }

    /// Returns the reservations that other transfers hold of the keys of a starting transfer. If there is one, the
    /// transfer reserves none of its keys.
    fn existing_reservations(&mut self, row: &Row) -> Result<Vec<KeyReservation>, JournalError> {
        let Some(start) = &row.start else { return Ok(Vec::new()) };
        let keys = start.identity.keys();
        keys.filter_map(|key| self.reservation(key).transpose()).collect()
    }

    fn reservation(&mut self, key: IdempotencyKey) -> Result<Option<KeyReservation>, JournalError> {
        if let Some(own) = self.keys.get(&key) {
            return Ok(Some(*own));
        }
        let number = self.shared.newest(LookupKey::reservation(key))?;
        number.map(|number| self.store.reservation(key, number)).transpose()
    }

    pub(super) fn append_row(&mut self, row: &Row) -> Result<(), JournalError> {
        let number = self.head.count + 1;
        let previous = match self.last_rows.get(&row.id) {
            Some(last) => Some(*last),
            None if row.start.is_some() || row.id == Row::JOURNAL => None,
            None => self.shared.last_row(row.id)?,
        };
        let personal = self.seal(row, number)?;
        if !self.lines.is_empty() {
            self.lines.push('\n');
        }
        let begin = self.lines.len();
        line::write(row, previous, personal, &mut self.lines);
        self.head = self.head.after(self.lines.get(begin..).unwrap_or_default().as_bytes());
        self.recorded_at = row.recorded_at;
        self.last_rows.insert(row.id, number);
        if let Some(start) = &row.start {
            let reserved = start.identity.keys().map(|key| (key, start.reservation(key, row.id)));
            self.keys.extend(reserved);
        }
        self.rows.push(RowOutline::new(row, number));
        Ok(())
    }

    /// Seals the personal data of a row. Returns the digest.
    fn seal(&mut self, row: &Row, number: u64) -> Result<Option<[u8; 32]>, JournalError> {
        let Some(PersonalText(text)) = &row.personal else { return Ok(None) };
        let (place, month) = (personal_place(number), Month::of(row.recorded_at));
        let path = &self.store.store.path;
        let (sealed, new) = self
            .shared
            .seal_personal(place, month, text)
            .map_err(|error| JournalError::failed("encrypting personal data of", path, &error))?;
        self.month_keys.extend(new.map(|wrapped| (month, wrapped)));
        self.sealed.add(number, &sealed);
        Ok(Some(digest(&sealed)))
    }

    /// Signs the batch. A change of metadata alone gets a row of its own, so that no two statements have the same rows.
    pub(super) fn finish(
        mut self,
        key: &SigningKey,
    ) -> Result<(Vec<RowOutline>, End, Option<Finished>), JournalError> {
        let path = self.store.store.path.clone();
        if self.rows.is_empty() && self.changed.is_empty() && self.acts.is_none() {
            return Ok((self.rows, self.before, None));
        }
        let acts = self.acts.take();
        self.change_month_keys()
            .and_then(|()| self.change_checkpoints())
            .and_then(|()| self.change_control(acts.as_ref()))
            .map_err(|error| JournalError::failed("writing metadata of", &path, &error))?;
        if self.rows.is_empty() {
            let names = self.changed.keys().map(AsRef::as_ref);
            self.append_row(&Row::of_metadata(self.recorded_at, names))?;
        }
        self.store.check_key(CHAIN, key.id(), (self.before.head().count + 1, self.head.count))?;
        acts.as_ref()
            .map_or(Ok(()), |acts| self.store.check_key(CONTROL, key.id(), acts.span()))?;
        let chain_id = self.store.store.chain_id;
        let mut values = MetadataValues::clone(&self.before.metadata);
        values.extend(self.changed.iter().map(|(name, value)| (name.clone(), value.clone())));
        let statement = Statement {
            chain: CHAIN,
            chain_id,
            epoch: FIRST_EPOCH,
            before: self.before.head(),
            head: self.head,
            metadata: metadata::hash(&values),
            at: self.recorded_at,
            key: key.id(),
        };
        let signed = statement.sign(key);
        let end = End { signed: Some(Arc::new(signed.clone())), metadata: Arc::new(values) };
        let batch = SignedBatch::new(signed, self.lines);
        let Self { rows, changed, sealed, month_keys, .. } = self;
        let acts = acts.map(|acts| acts.sign(chain_id, key));
        Ok((rows, end, Some(Finished { batch, acts, changed, sealed, month_keys })))
    }

    /// Records the digests of the month keys that were made for this batch.
    fn change_month_keys(&mut self) -> Result<(), serde_json::Error> {
        if self.month_keys.is_empty() {
            return Ok(());
        }
        let mut all = metadata::month_keys(&self.before.metadata).unwrap_or_default();
        let new = self.month_keys.iter().map(|(month, key)| (month.to_string(), key.clone()));
        all.extend(metadata::digests(&new.collect::<Vec<_>>()));
        self.change(metadata_key::MONTH_KEYS, metadata::month_keys_value(&all)?);
        Ok(())
    }

    /// Records the head after the acts.
    fn change_control(&mut self, acts: Option<&OpenActs>) -> Result<(), serde_json::Error> {
        let Some(acts) = acts else { return Ok(()) };
        self.change(metadata_key::CONTROL, metadata::head_value(acts.head())?);
        Ok(())
    }

    fn change_checkpoints(&mut self) -> Result<(), serde_json::Error> {
        let written = self.shared.take_checkpoints();
        if written.is_empty() {
            return Ok(());
        }
        let mut places = metadata::places(&self.before.metadata).unwrap_or_default();
        // A place that the settings no longer name is forgotten.
        places.retain(|name, _| self.shared.is_place(name));
        places.extend(written);
        self.change(metadata_key::CHECKPOINTS, metadata::places_value(&places)?);
        Ok(())
    }
}
