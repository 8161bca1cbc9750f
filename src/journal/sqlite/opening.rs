//! What a start checks before it uses anything: files, schema, the signed head, the metadata, the checkpoints, the key, and the
//! look-ups.

use std::path::Path;
use std::sync::Arc;

use super::control::{CONTROL, proven_control};
use super::lookups::{Lookups, RowOutline};
use super::shared::{End, Shared};
use super::store::{CHAIN, Store, lookups_folder};
use crate::codes::journal_state;
use crate::journal::checkpoint::{CheckpointPlace, Checkpoints};
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::journal_keys::JournalKeys;
use crate::journal::line;
use crate::journal::metadata;
use crate::journal::rotation::Rotation;
use crate::journal::row::Row;
use crate::personal::{Month, MonthKeys};
use crate::signing::{Head, KeyId, SignedStatement, TrustedKeys};
use crate::sqlite;
use crate::values::Value;

/// Batches that one read of the store returns at most.
const READ_BATCHES: u64 = 1024;

/// The purpose of the key that makes the codes of the look-ups.
const CODES: &str = "titian look-ups";

/// An opened store, ready to run.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) shared: Shared,
    pub(super) places: Vec<CheckpointPlace>,
    pub(super) archived: u64,
}

/// What an opened store is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UseOfStore {
    /// Rows are appended. After a rotation only the new key may do that.
    Append,
    /// A rotation is recorded, or was.
    Rotate,
}

/// Opens a store. The caller holds the lock.
pub(super) fn open(
    path: &Path,
    keys: &JournalKeys,
    checkpoints: &Checkpoints,
    use_of_store: UseOfStore,
) -> Result<Opened, JournalError> {
    let store = Store::open(path)?;
    store.check_schema()?;
    store.check_tables()?;
    let end = proven_end(&store, &keys.trusted)?;
    // A process that was killed may not have synced its last commit.
    sqlite::sync_log(path).context("syncing the log of", path)?;
    store.check_personal()?;
    let head = end.head();
    let anchor = proven_anchor(&store, &end)?;
    let control = proven_control(&store, &end.metadata, &keys.trusted)?;
    let places = open_places(&store, &end, (checkpoints, &keys.trusted))?;
    check_signing_key(&store, keys, (&end, control), use_of_store)?;
    let folder = lookups_folder(path);
    if head.count == 0 && Lookups::has_runs(&folder)? {
        let detail = "it has look-ups, but the store has no rows: restore the store, or remove this folder to begin a new record";
        return Err(JournalError::mismatch(&folder, detail));
    }
    // A run is ours and of this chain, so the store once had its last row.
    let is_head = |at: Head| {
        if at.count > head.count {
            return Err(JournalError::older(path, head.count, at.count, "its look-ups"));
        }
        let batch = store.containing(at.count)?;
        let batch = batch.map(|batch| store.prove(batch, &keys.trusted)).transpose()?;
        match batch {
            Some(batch) if batch.head() == at => Ok(()),
            _ => {
                let detail = format!("row {}: differs from what its look-ups know", at.count);
                Err(JournalError::damaged(path, detail))
            }
        }
    };
    let code_key = keys.record.derive(&format!("{CODES} of chain {}", store.chain_id));
    let mut lookups = Lookups::open(folder, code_key, anchor, is_head)?;
    catch_up(&store, head, &mut lookups)?;
    let months = restore_months(&store, keys, &end)?;
    let names = places.iter().map(CheckpointPlace::name).collect();
    let shared = Shared::new(end, lookups, months, names);
    // The last checkpoint of the process before this one, which no batch has recorded yet.
    for place in places.iter().filter(|place| place.last() > 0) {
        shared.record_checkpoint(place.name(), place.last());
    }
    while shared.seal()? {}
    shared.merge()?;
    Ok(Opened { store, shared, places, archived: anchor.count })
}

/// Proves the last batch, and compares the metadata with it.
pub(super) fn proven_end(store: &Store, keys: &TrustedKeys) -> Result<End, JournalError> {
    let values = store.metadata()?;
    let Some(last) = store.last()? else {
        return if values.is_empty() {
            Ok(End::default())
        } else {
            Err(JournalError::damaged(&store.path, "metadata: values without any row"))
        };
    };
    let batch = store.prove(last, keys)?;
    if batch.signed.statement.metadata != metadata::hash(&values) {
        return Err(JournalError::damaged(&store.path, "metadata: differs from what was signed"));
    }
    Ok(End { signed: Some(Arc::new(batch.signed)), metadata: Arc::new(values) })
}

/// Returns the head of the archived rows, from which the first batch must continue.
pub(super) fn proven_anchor(store: &Store, end: &End) -> Result<Head, JournalError> {
    let anchor = metadata::anchor(&end.metadata);
    let anchor =
        anchor.ok_or_else(|| JournalError::damaged(&store.path, "metadata anchor: malformed"))?;
    let continues = store.first()?.is_none_or(|batch| {
        let signed = SignedStatement::parse(&batch.statement);
        signed.is_ok_and(|signed| signed.statement.before == anchor)
    });
    if continues {
        return Ok(anchor);
    }
    let detail =
        format!("row {}: missing, or the first batch does not continue from it", anchor.count + 1);
    Err(JournalError::damaged(&store.path, detail))
}

/// Unwraps the month keys. The metadata has the digest of each.
fn restore_months(store: &Store, keys: &JournalKeys, end: &End) -> Result<MonthKeys, JournalError> {
    let stored = store.month_keys()?;
    if metadata::month_keys(&end.metadata).as_ref() != Some(&metadata::digests(&stored)) {
        let detail = "month_keys: a key is missing or differs from what was signed";
        return Err(JournalError::damaged(&store.path, detail));
    }
    let mut months = MonthKeys::new(keys.record.clone(), store.chain_id);
    for (month, wrapped) in stored {
        let named = Month::from_ascii(month.as_bytes());
        let restored = named.map(|month| months.restore(month, &wrapped));
        let error = match restored {
            Some(Ok(())) => continue,
            Some(Err(error)) => error.to_string(),
            None => format!("month_keys: {month:?} is not a month"),
        };
        return Err(JournalError::Keys { path: store.path.clone(), detail: error.into() });
    }
    Ok(months)
}

/// Checks that the signing key may sign the next row.
fn check_signing_key(
    store: &Store,
    keys: &JournalKeys,
    (end, control): (&End, Head),
    use_of_store: UseOfStore,
) -> Result<(), JournalError> {
    let error = |detail: String| {
        Err(JournalError::Keys { path: store.path.clone(), detail: detail.into() })
    };
    let (id, next) = (keys.signing.id(), end.head().count + 1);
    for (chain, next) in [(CHAIN, next), (CONTROL, control.count + 1)] {
        if let Err(distrust) = keys.trusted.key(chain, (next, next), id) {
            return error(format!(
                "{distrust}: it cannot sign the next row; see `titian keys rotate`"
            ));
        }
    }
    match rotated_to(store, next - 1)?.filter(|new| *new != id) {
        Some(new) if use_of_store == UseOfStore::Append => error(format!(
            "row {} rotates to key {new}: set keys.signing_key_file to it and keys.trusted_files to its public keys",
            next - 1
        )),
        Some(_) | None => Ok(()),
    }
}

/// Returns the key that a row rotates to, if it does.
pub(super) fn rotated_to(store: &Store, row: u64) -> Result<Option<KeyId>, JournalError> {
    let Some(stored) = store.containing(row)?.filter(|_| row > 0) else { return Ok(None) };
    let batch = store.linked(stored)?;
    let read = batch.line(row).and_then(|text| line::read(text).ok());
    let rotation = read
        .filter(|read| read.row.id == Row::JOURNAL && read.row.state == journal_state::KEY_ROTATED);
    let chain = (CHAIN, store.chain_id);
    let rotation = rotation.and_then(|read| Rotation::read(&read.row.facts.0, chain, row));
    Ok(rotation.and_then(|rotation| rotation.new_key()))
}

/// Opens the checkpoint places, and compares each with the store: the store must have what the last checkpoint covers, and the
/// place must have the checkpoint that the store knows to be there.
fn open_places(
    store: &Store,
    end: &End,
    (checkpoints, keys): (&Checkpoints, &TrustedKeys),
) -> Result<Vec<CheckpointPlace>, JournalError> {
    let known = metadata::places(&end.metadata);
    let known = known
        .ok_or_else(|| JournalError::damaged(&store.path, "metadata checkpoints: malformed"))?;
    let head = end.head();
    let mut places = Vec::new();
    for file in &checkpoints.files {
        let (place, last) = CheckpointPlace::open(file)?;
        if let Some(last) = last {
            if (last.statement.chain, last.statement.chain_id) != (CHAIN, store.chain_id) {
                return Err(JournalError::mismatch(file, other_chain(head)));
            }
            last.check(keys).map_err(|reason| {
                let detail =
                    format!("its last checkpoint: {reason}: restore the file, or name another one");
                JournalError::mismatch(file, detail)
            })?;
            check_checkpoint(store, head, &last)?;
        }
        if let Some(row) = known.get(&place.name()).filter(|row| **row > place.last()) {
            let detail = format!(
                "the checkpoint of row {row}, which the store knows to be here, is missing: see whether its disk is mounted, restore the file, or name another one"
            );
            return Err(JournalError::mismatch(file, detail));
        }
        places.push(place);
    }
    Ok(places)
}

/// Says why a place has checkpoints of another chain.
fn other_chain(head: Head) -> String {
    let why = if head.count == 0 { "the store is new" } else { "the store is another one" };
    format!("its checkpoints are of another chain: {why}; restore the store, or name another file")
}

/// Checks that the store has the batch that a checkpoint is a copy of.
fn check_checkpoint(
    store: &Store,
    head: Head,
    checkpoint: &SignedStatement,
) -> Result<(), JournalError> {
    let row = checkpoint.statement.last();
    if row > head.count {
        return Err(JournalError::older(&store.path, head.count, row, "a checkpoint"));
    }
    // An archived batch is not here.
    let Some(batch) = store.containing(row)? else { return Ok(()) };
    if batch.statement == checkpoint.to_string() {
        return Ok(());
    }
    let detail = format!("row {row}: the batch differs from the signed checkpoint");
    Err(JournalError::damaged(&store.path, detail))
}

/// Brings the look-ups up to the store's head. The rows that it reads are linked to the head, which is signed.
fn catch_up(store: &Store, head: Head, lookups: &mut Lookups) -> Result<(), JournalError> {
    let mut at = lookups.head();
    while at.count < head.count {
        let before = at;
        store.batches_after(before.count, READ_BATCHES, |stored| {
            let batch = store.linked(stored)?;
            let statement = &batch.signed.statement;
            if statement.before != at {
                return Err(unlinked(store, at.count + 1));
            }
            let mut rows = Vec::new();
            for (number, text) in batch.numbered() {
                let row = line::read(text).map_err(|error| {
                    JournalError::damaged(&store.path, format!("row {number}: {error}"))
                })?;
                rows.push(RowOutline::new(&row.row, number));
            }
            lookups.extend(&rows, statement.head);
            at = statement.head;
            Ok(())
        })?;
        if at == before {
            return Err(unlinked(store, at.count + 1));
        }
        lookups.seal_if_due()?;
        lookups.merge_if_due()?;
    }
    if at == head { Ok(()) } else { Err(unlinked(store, at.count)) }
}

fn unlinked(store: &Store, row: u64) -> JournalError {
    let detail = format!("row {row}: missing, or it does not follow the row before it");
    JournalError::damaged(&store.path, detail)
}
