//! The writer: the one thread that writes the store. It takes all that waits into one transaction, makes it durable
//! with one sync, and only then answers.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use rusqlite::{CachedStatement, Transaction, TransactionBehavior};

use super::Done;
use super::chain::Head;
use super::error::{During, JournalError};
use super::row::{Batch, Note, Row};
use super::shared::{Entry, Group, Shared, lock};
use super::store::{Store, insert, inserting, note_digest};
use crate::engine::{Claim, Key};
use crate::sqlite::Mode;
use crate::values::{Moment, TransferId};

/// Rows that one transaction takes before it is synced, if there are as many.
const ROWS: usize = 4096;

/// A batch, and who waits for it.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) done: Done,
}

/// The writer's thread: until all who may append are gone, or something fails.
pub(super) fn run(store: &Store, mut head: Head, shared: &Shared, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        let (batches, waiting): (Vec<_>, Vec<_>) =
            gather(job, jobs).into_iter().map(|job| (job.batch, job.done)).unzip();
        match commit(store, head, shared, batches) {
            Ok((group, existing)) => {
                head = group.head;
                shared.publish(group);
                for (done, existing) in waiting.into_iter().zip(existing) {
                    done(Ok(existing));
                }
            }
            Err(error) => {
                shared.fail(error.clone());
                // What waits still is answered so, and what comes yet.
                let waiting = waiting.into_iter().chain(jobs.iter().map(|job| job.done));
                return waiting.for_each(|done| done(Err(error.clone())));
            }
        }
    }
}

/// What waits, as far as a transaction takes it.
fn gather(first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
    let mut rows = first.batch.rows.len();
    let mut gathered = vec![first];
    while rows < ROWS
        && let Ok(job) = jobs.try_recv()
    {
        rows += job.batch.rows.len();
        gathered.push(job);
    }
    gathered
}

/// Makes batches durable; gives what was written, and the claims of each that were taken before.
fn commit(
    store: &Store,
    head: Head,
    shared: &Shared,
    batches: Vec<Batch>,
) -> Result<(Group, Vec<Vec<Claim>>), JournalError> {
    if let Some(fault) = shared.fault.get() {
        return Err(fault.clone());
    }
    // All but the last pages are in the store already: this takes little, and lets the log begin again.
    if shared.rewind.swap(false, Ordering::Relaxed) {
        store.checkpoint(Mode::Passive)?;
    }
    let doing = "writing to the store";
    let begun = Transaction::new_unchecked(&store.db, TransactionBehavior::Immediate);
    let transaction = begun.during(doing, &store.path)?;
    let mut writing = Writing::new(store, head, shared)?;
    let existing = batches.into_iter().map(|batch| writing.batch(batch));
    let existing = existing.collect::<Result<_, _>>()?;
    let group = Group { entries: writing.entries, head: writing.head, at: writing.at };
    transaction.commit().during(doing, &store.path)?;
    Ok((group, existing))
}

/// What one transaction writes.
struct Writing<'w> {
    store: &'w Store,
    shared: &'w Shared,
    head: Head,
    at: Moment,
    entries: Vec<Entry>,
    /// The keys that are taken in this transaction.
    keys: HashMap<u128, u64>,
    insert: CachedStatement<'w>,
    scratch: Vec<u8>,
}

impl<'w> Writing<'w> {
    fn new(store: &'w Store, head: Head, shared: &'w Shared) -> Result<Self, JournalError> {
        Ok(Self {
            store,
            shared,
            head,
            at: lock(&shared.head).1,
            entries: Vec::new(),
            keys: HashMap::new(),
            insert: inserting(&store.db).during("writing to the store", &store.path)?,
            scratch: Vec::new(),
        })
    }

    /// Writes a batch, without the transfers whose keys were taken before; gives the claims that were.
    fn batch(&mut self, batch: Batch) -> Result<Vec<Claim>, JournalError> {
        let mut existing = Vec::new();
        let mut left_out: Vec<TransferId> = Vec::new();
        for row in batch.rows {
            if left_out.contains(&row.id) {
                continue;
            }
            let taken = self.taken(&row)?;
            if taken.is_empty() {
                self.append(row)?;
            } else {
                existing.extend(taken);
                left_out.push(row.id);
            }
        }
        batch.notes.iter().try_for_each(|note| self.note(note))?;
        Ok(existing)
    }

    /// The claims that took the keys before under which a row begins a transfer. If one is taken the transfer takes
    /// none of its keys.
    fn taken(&self, row: &Row) -> Result<Vec<Claim>, JournalError> {
        let keys = row.begins.iter().flat_map(|begins| begins.begun.keys());
        keys.filter_map(|key| self.claim(key).transpose()).collect()
    }

    fn claim(&self, key: Key) -> Result<Option<Claim>, JournalError> {
        let seq = match self.keys.get(&key.0) {
            Some(seq) => Some(*seq),
            None => self.shared.find_key(key)?,
        };
        seq.map(|seq| self.store.claim(key, seq)).transpose()
    }

    fn append(&mut self, row: Row) -> Result<(), JournalError> {
        self.head = self.head.follow(&row, &mut self.scratch);
        self.at = row.at;
        let inserted = insert(&mut self.insert, self.head, &row);
        inserted.during("writing to the store", &self.store.path)?;
        let entry = Entry::new(self.head.count, row);
        self.keys.extend(entry.keys());
        self.entries.push(entry);
        Ok(())
    }

    fn note(&self, note: &Note) -> Result<(), JournalError> {
        self.store
            .db
            .prepare_cached("INSERT OR REPLACE INTO notes VALUES (?1, ?2, ?3)")
            .and_then(|mut put| {
                put.execute((&note.name, &note.value, note_digest(&note.name, &note.value)))
            })
            .map(drop)
            .during("writing to the store", &self.store.path)
    }
}
