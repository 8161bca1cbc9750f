//! Archives: the oldest batches in a file of their own, with the schema of a store. The store keeps the head at which the
//! archive ends in its signed metadata. The chain continues from there, and `verify` follows it through both files.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::opening::{self, Opened, UseOfStore};
use super::reader::ProvenRows;
use super::shared::Shared;
use super::store::{Store, lock_store};
use super::writer::OpenBatch;
use crate::codes::{journal_state, metadata_key};
use crate::hex::hex;
use crate::journal::checkpoint::Checkpoints;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::journal_keys::JournalKeys;
use crate::journal::line;
use crate::journal::metadata;
use crate::journal::row::{Row, StoredFacts};
use crate::private_files::sync_name;
use crate::signing::Head;
use crate::sqlite::with_suffix;
use crate::values::{Moment, TransferId};

/// Batches that are copied in a transaction.
const COPY_BATCHES: u64 = 1024;

/// Moves the batches recorded before a moment to the file `to`. The store's file does not shrink; later rows reuse its space.
///
/// # Errors
/// See [`crate::journal::archive`].
pub(in crate::journal) fn archive_rows(
    store: &Path,
    keys: &JournalKeys,
    checkpoints: &Checkpoints,
    (before, to): (Moment, &Path),
) -> Result<Head, JournalError> {
    if to.exists() {
        return Err(JournalError::Archive {
            path: to.to_owned(),
            detail: "the file exists; name a new file",
        });
    }
    let _lock = lock_store(store)?;
    let Opened { store, shared, archived, .. } =
        opening::open(store, keys, checkpoints, UseOfStore::Append)?;
    let trusted = Arc::new(keys.trusted.clone());
    let mut rows = ProvenRows::new(store, trusted, archived);
    let end = first_open_row(&mut rows, &shared)?.unwrap_or(u64::MAX);
    let part = with_suffix(to, ".part");
    remove_database(&part)?;
    let head = copy(&rows.store, keys, &part, (archived, before, end))?;
    let Some(head) = head else {
        fs::remove_file(&part).context("removing", &part)?;
        let anchor = opening::proven_anchor(&rows.store, &shared.end())?;
        return Ok(anchor);
    };
    fs::rename(&part, to).and_then(|()| sync_name(to)).context("renaming the archive to", to)?;
    remove_archived(&mut rows, &shared, keys, head)?;
    rows.store.empty_log().map(|()| head)
}

/// Returns the number of the first row of the oldest open transfer.
fn first_open_row(rows: &mut ProvenRows, shared: &Shared) -> Result<Option<u64>, JournalError> {
    let mut first = None;
    for id in shared.open_ids() {
        let mut next = shared.last_row(TransferId(id))?;
        while let Some(number) = next {
            first = Some(first.map_or(number, |first: u64| first.min(number)));
            next = rows.line(number)?.previous;
        }
    }
    Ok(first)
}

/// Copies the batches whose rows were recorded before a moment and end before row `end`. Proves each. Returns the head at
/// which they end, if there are any.
fn copy(
    from: &Store,
    keys: &JournalKeys,
    to: &Path,
    (after, before, end): (u64, Moment, u64),
) -> Result<Option<Head>, JournalError> {
    let action = "writing the archive";
    let archive = Store::create_of(to, from.chain_id)?;
    for (month, wrapped) in from.month_keys()? {
        archive.insert_month_key(&month, &wrapped)?;
    }
    let mut head = None;
    let mut last = after;
    loop {
        let first = last;
        let transaction = archive.begin()?;
        let mut is_done = false;
        from.batches_after(first, COPY_BATCHES, |stored| {
            if is_done {
                return Ok(());
            }
            let batch = from.prove(stored, &keys.trusted)?;
            let statement = &batch.signed.statement;
            is_done =
                statement.last() >= end || statement.at >= before || !is_before(&batch, before);
            if is_done {
                return Ok(());
            }
            (head, last) = (Some(statement.head), statement.last());
            archive.insert(&batch)?;
            let sealed = from.sealed_of((statement.first(), statement.last()))?;
            archive.insert_sealed(statement.first(), &sealed)
        })?;
        transaction.commit().context(action, to)?;
        if is_done || last == first {
            return archive.seal().map(|()| head);
        }
    }
}

/// Whether all rows of a batch were recorded before a moment.
fn is_before(batch: &crate::signing::SignedBatch, moment: Moment) -> bool {
    batch.lines().all(|text| line::read(text).is_ok_and(|line| line.row.recorded_at < moment))
}

/// Records the archive in the chain, and removes the archived batches, in one transaction.
fn remove_archived(
    rows: &mut ProvenRows,
    shared: &Shared,
    keys: &JournalKeys,
    head: Head,
) -> Result<(), JournalError> {
    let path = rows.store.path.clone();
    let value = metadata::head_value(head)
        .map_err(|error| JournalError::failed("writing metadata of", &path, &error))?;
    let at = shared.end().signed.map(|signed| signed.statement.at).unwrap_or_default();
    let mut open = OpenBatch::new(rows, shared);
    open.change(metadata_key::ANCHOR, value);
    open.append_row(&Row {
        id: Row::JOURNAL,
        recorded_at: at,
        state: journal_state::ARCHIVED.into(),
        is_open: false,
        trace: None,
        start: None,
        facts: StoredFacts(format!("{{\"rows\":{},\"head\":\"{}\"}}", head.count, hex(&head.hash))),
        personal: None,
    })?;
    let (_, _, finished) = open.finish(&keys.signing)?;
    let transaction = rows.store.begin()?;
    if let Some(finished) = finished {
        finished.write(&rows.store)?;
    }
    rows.store.remove_to(head.count)?;
    transaction.commit().context("writing to the store", &path)
}

/// Removes a database and SQLite's files beside it, as far as they exist.
fn remove_database(path: &Path) -> Result<(), JournalError> {
    ["", "-wal", "-shm"].iter().map(|suffix| with_suffix(path, suffix)).try_for_each(|path| {
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.context("removing", &path),
        }
    })
}
