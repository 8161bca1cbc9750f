//! Records a new signing key.

use std::path::Path;
use std::sync::Arc;

use super::control::CONTROL;
use super::opening::{self, Opened, UseOfStore};
use super::reader::ProvenRows;
use super::store::{CHAIN, lock_store};
use super::writer::OpenBatch;
use crate::codes::journal_state;
use crate::journal::checkpoint::Checkpoints;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::journal_keys::JournalKeys;
use crate::journal::metadata;
use crate::journal::rotation::{LastRows, Rotation};
use crate::journal::row::{Row, StoredFacts};
use crate::signing::SigningKey;

/// Records the rotation in the last row of the old key. Returns the last row of the old key in each chain. If the last row is this rotation already, nothing
/// is written.
///
/// # Errors
/// See [`crate::journal::rotate`].
pub(in crate::journal) fn record_rotation(
    path: &Path,
    keys: &JournalKeys,
    checkpoints: &Checkpoints,
    new: &SigningKey,
) -> Result<LastRows, JournalError> {
    let _lock = lock_store(path)?;
    let Opened { store, shared, archived, .. } =
        opening::open(path, keys, checkpoints, UseOfStore::Rotate)?;
    let chain = (CHAIN, store.chain_id);
    let mut rows = ProvenRows::new(store, Arc::new(keys.trusted.clone()), archived);
    let last = shared.end().head().count;
    let control = metadata::control(&shared.end().metadata).unwrap_or_default().count;
    let last_rows = |last| vec![(CHAIN, last), (CONTROL, control)];
    match opening::rotated_to(&rows.store, last)? {
        Some(known) if known == new.id() => return Ok(last_rows(last)),
        Some(known) => {
            let detail = format!("row {last} rotates to key {known} already: use that key");
            return Err(JournalError::Keys { path: path.to_owned(), detail: detail.into() });
        }
        None => {}
    }
    let rotation = Rotation::sign(chain, last + 1, keys.signing.id(), new);
    let facts = serde_json::to_string(&rotation)
        .map_err(|error| JournalError::failed("recording the rotation in", path, &error))?;
    let at = shared.end().signed.map(|signed| signed.statement.at).unwrap_or_default();
    let mut open = OpenBatch::new(&mut rows, &shared);
    open.append_row(&Row {
        id: Row::JOURNAL,
        recorded_at: at,
        state: journal_state::KEY_ROTATED.into(),
        is_open: false,
        trace: None,
        start: None,
        facts: StoredFacts(facts),
        personal: None,
    })?;
    let (_, _, finished) = open.finish(&keys.signing)?;
    let transaction = rows.store.begin()?;
    if let Some(finished) = finished {
        finished.write(&rows.store)?;
    }
    transaction.commit().context("writing to the store", path)?;
    rows.store.empty_log()?;
    Ok(last_rows(last + 1))
}
