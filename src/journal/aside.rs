//! Reading a store without being the process that has it: nothing is locked or written, so a running program goes on
//! beside.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::READ_ROWS;
use super::chain::Head;
use super::error::{During, JournalError};
use super::index::{at, open_to_read, path_of, seqs};
use super::row::Row;
use super::store::Store;
use crate::values::TransferId;

/// The rows of a transfer in their order, each with where the chain stands with it; none if the store has none of it.
///
/// What the index lacks, all if there is none that is of this chain, is looked for in the rows themselves.
///
/// # Errors
/// If the store or its index can't be read, or a row is not as it was written.
pub fn life(store: &Path, id: TransferId) -> Result<Vec<(Head, Row)>, JournalError> {
    let rows = Store::open_to_read(store)?;
    let index = open_to_read(store).ok().and_then(|index| Some((at(&index).ok()?, index)));
    // How far the index is, before it is asked: what it takes in meanwhile is seen twice rather than not at all.
    let (mut last, mut found) = match index {
        Some((head, index)) if rows.hash_of(head.count)? == Some(head.hash) => {
            (head.count, indexed(&index, id).during("looking up a transfer", &path_of(store))?)
        }
        _ => (rows.anchor.count, BTreeSet::new()),
    };
    loop {
        let from = last;
        rows.rows_after(from, READ_ROWS, |link| {
            last = link.seq;
            found.extend((link.row.id == id).then_some(link.seq));
            Ok(())
        })?;
        if last == from {
            break;
        }
    }
    let links = found.into_iter().map(|seq| rows.row(seq).map(|link| (link.head(), link.row)));
    links.collect()
}

fn indexed(index: &Connection, id: TransferId) -> rusqlite::Result<BTreeSet<u64>> {
    let mut find = index.prepare("SELECT rows FROM transfers WHERE id = ?1")?;
    let rows: Option<Vec<u8>> =
        find.query_row([id.0.to_be_bytes()], |row| row.get(0)).optional()?;
    Ok(seqs(rows.as_deref().unwrap_or_default()).collect())
}

/// The number of the last row, zero if there is none, and a note as it was with that row. A note that is not as it was
/// written is an error of its own: the first wrong row may be told before.
///
/// # Errors
/// If the store can't be read.
#[expect(clippy::type_complexity, reason = "two results of one reading")]
pub fn noted(
    store: &Path,
    name: &str,
) -> Result<(u64, Result<Option<Vec<u8>>, JournalError>), JournalError> {
    let store = Store::open_to_read(store)?;
    let snapshot = store.db.unchecked_transaction().during("reading a note", &store.path)?;
    let last = store.last()?.unwrap_or(store.anchor.count);
    let note = store.note(name);
    drop(snapshot);
    Ok((last, note))
}
