//! Reads a store without its lock. Nothing is locked or written, so a running program continues beside it.

use std::collections::BTreeSet;
use std::path::Path;

use super::READ_ROWS;
use super::chain::Head;
use super::error::{ErrorContext, JournalError};
use super::index::{index_head, open_to_read, path_of, rows_of};
use super::row::Row;
use super::store::Store;
use crate::values::TransferId;

/// Returns the rows of a transfer in order, each with the chain's head at that row. The list is empty if the store has
/// no row of the transfer.
///
/// Rows that the index lacks are searched for in the store; all rows, if the index is missing or of another chain.
///
/// # Errors
/// If the store or its index can't be read, or a row does not match its hash.
pub fn transfer_rows(store: &Path, id: TransferId) -> Result<Vec<(Head, Row)>, JournalError> {
    let rows = Store::open_to_read(store)?;
    let index = open_to_read(store).ok().and_then(|index| Some((index_head(&index).ok()?, index)));
    // The index's head is read before its rows: a row indexed meanwhile is found twice rather than missed.
    let (mut last, mut seqs) = match index {
        Some((head, index)) if rows.hash_of(head.count)? == Some(head.hash) => {
            (head.count, rows_of(&index, &path_of(store), id)?)
        }
        _ => (rows.anchor.count, BTreeSet::new()),
    };
    loop {
        let from = last;
        rows.rows_after(from, READ_ROWS, |chained| {
            last = chained.seq;
            seqs.extend((chained.row.id == id).then_some(chained.seq));
            Ok(())
        })?;
        if last == from {
            break;
        }
    }
    let found = seqs.into_iter().map(|seq| rows.row(seq));
    found.map(|row| row.map(|chained| (chained.head(), chained.row))).collect()
}

/// Returns the number of the last row, zero if there is none, and the metadata value as of that row.
///
/// Damaged metadata is a separate error inside the result, so that a caller can report the first wrong row before it.
///
/// # Errors
/// If the store can't be read.
#[expect(clippy::type_complexity, reason = "two results of one read")]
pub fn metadata_at_last_row(
    store: &Path,
    name: &str,
) -> Result<(u64, Result<Option<Vec<u8>>, JournalError>), JournalError> {
    let store = Store::open_to_read(store)?;
    let snapshot = store.db.unchecked_transaction().context("reading metadata", &store.path)?;
    let last = store.last()?.unwrap_or(store.anchor.count);
    let metadata = store.metadata(name);
    drop(snapshot);
    Ok((last, metadata))
}
