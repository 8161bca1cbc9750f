//! The writer: the only thread that writes the store. It commits all queued batches in one transaction, makes it durable
//! with one sync, and only then calls back.

use std::collections::HashMap;
use std::sync::mpsc::Receiver;

use rusqlite::{CachedStatement, Transaction, TransactionBehavior};

use super::columns::{insert, insert_statement};
use super::shared::{CommittedGroup, CommittedRow, Shared, lock};
use super::store::{Store, metadata_digest};
use crate::journal::chain::{Chain, Head};
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::port::CommitCallback;
use crate::journal::row::{Batch, Metadata, Row};
use crate::sqlite::run_writer;
use crate::values::{IdempotencyKey, KeyReservation, Moment, TransferId};

/// Rows at which a transaction takes no further batch.
const ROWS_MAX: usize = 4096;

/// A batch and its callback.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) done: CommitCallback,
}

/// Runs the writer's thread until the journal closes or a write fails.
pub(super) fn run(store: &Store, mut head: Head, shared: &Shared, jobs: &Receiver<Job>) {
    let size = |job: &Job| job.batch.rows.len();
    let ended = run_writer(jobs, ROWS_MAX, size, |jobs| {
        let (batches, callbacks): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.batch, job.done)).unzip();
        match commit(store, head, shared, batches) {
            Ok((group, existing)) => {
                head = group.head;
                shared.publish(group);
                for (done, existing) in callbacks.into_iter().zip(existing) {
                    done(Ok(existing));
                }
                Ok(())
            }
            Err(error) => {
                shared.fail(error.clone());
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

/// Makes batches durable. Returns what was written, and for each batch the reservations that other transfers hold.
fn commit(
    store: &Store,
    head: Head,
    shared: &Shared,
    batches: Vec<Batch>,
) -> Result<(CommittedGroup, Vec<Vec<KeyReservation>>), JournalError> {
    if let Some(fault) = shared.fault.get() {
        return Err(fault.clone());
    }
    let action = "writing to the store";
    shared.log_restart.run(&store.db).context("copying the log into the store", &store.path)?;
    let transaction = Transaction::new_unchecked(&store.db, TransactionBehavior::Immediate);
    let transaction = transaction.context(action, &store.path)?;
    let mut open = OpenTransaction::new(store, head, shared)?;
    let existing = batches.into_iter().map(|batch| open.append_batch(batch));
    let existing = existing.collect::<Result<_, _>>()?;
    let group = CommittedGroup { rows: open.rows, head: open.head, recorded_at: open.recorded_at };
    transaction.commit().context(action, &store.path)?;
    Ok((group, existing))
}

/// The content of a transaction before its commit.
struct OpenTransaction<'w> {
    store: &'w Store,
    shared: &'w Shared,
    head: Head,
    recorded_at: Moment,
    rows: Vec<CommittedRow>,
    /// The keys that this transaction reserves.
    keys: HashMap<u128, u64>,
    insert: CachedStatement<'w>,
    scratch: Vec<u8>,
}

impl<'w> OpenTransaction<'w> {
    fn new(store: &'w Store, head: Head, shared: &'w Shared) -> Result<Self, JournalError> {
        Ok(Self {
            store,
            shared,
            head,
            recorded_at: lock(&shared.head).1,
            rows: Vec::new(),
            keys: HashMap::new(),
            insert: insert_statement(&store.db).context("writing to the store", &store.path)?,
            scratch: Vec::new(),
        })
    }

    /// Writes a batch without the transfers whose keys are taken. Returns the reservations that took them.
    fn append_batch(&mut self, batch: Batch) -> Result<Vec<KeyReservation>, JournalError> {
        let mut existing = Vec::new();
        let mut left_out: Vec<TransferId> = Vec::new();
        for row in batch.rows {
            if left_out.contains(&row.id) {
                continue;
            }
            let taken = self.existing_reservations(&row)?;
            if taken.is_empty() {
                self.append_row(row)?;
            } else {
                existing.extend(taken);
                left_out.push(row.id);
            }
        }
        let chain = batch.chain;
        batch.metadata.iter().try_for_each(|metadata| self.replace_metadata(chain, metadata))?;
        Ok(existing)
    }

    /// Returns the reservations that other transfers hold of the keys of a starting transfer. If there is one, the
    /// transfer reserves none of its keys.
    fn existing_reservations(&self, row: &Row) -> Result<Vec<KeyReservation>, JournalError> {
        let keys = row.start.iter().flat_map(|start| start.identity.keys());
        keys.filter_map(|key| self.reservation(key).transpose()).collect()
    }

    fn reservation(&self, key: IdempotencyKey) -> Result<Option<KeyReservation>, JournalError> {
        let seq = match self.keys.get(&key.0) {
            Some(seq) => Some(*seq),
            None => self.shared.find_key(key)?,
        };
        seq.map(|seq| self.store.reservation(key, seq)).transpose()
    }

    fn append_row(&mut self, row: Row) -> Result<(), JournalError> {
        self.head = self.head.after(&row, &mut self.scratch);
        self.recorded_at = row.recorded_at;
        let inserted = insert(&mut self.insert, self.head, &row);
        inserted.context("writing to the store", &self.store.path)?;
        let committed = CommittedRow::new(self.head.count, row);
        self.keys.extend(committed.keys());
        self.rows.push(committed);
        Ok(())
    }

    fn replace_metadata(&self, chain: Chain, metadata: &Metadata) -> Result<(), JournalError> {
        let Metadata { name, value } = metadata;
        self.store
            .db
            .prepare_cached("INSERT OR REPLACE INTO metadata VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut put| {
                let digest = metadata_digest(chain, name, value);
                put.execute((chain.code(), name, value, digest))
            })
            .map(drop)
            .context("writing to the store", &self.store.path)
    }
}
