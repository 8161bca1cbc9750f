//! What the journal keeps, as what the engine takes in.

use serde::de::DeserializeOwned;

use super::error::RecordsError;
use super::{CLOSED_BOOKS, COUNTED};
use crate::engine::{Begun, Counted, Engine, Lookup, Record, form};
use crate::journal::{Reader, Row};

/// What the engine had decided of a transfer whose rows these are, and what it began under.
///
/// # Errors
/// If a later program wrote a row, or its facts can't be read.
pub fn records(rows: &[Row]) -> Result<(Vec<Record>, Option<Begun>), RecordsError> {
    let mut records = Vec::with_capacity(2 * rows.len());
    for (row, nth) in rows.iter().zip(1..) {
        let facts = form::read(row.form.0.as_bytes());
        let facts = facts.map_err(|why| RecordsError::Facts { id: row.id, nth, why })?;
        records.extend(facts.into_iter().map(|fact| Record { id: row.id, at: row.at, fact }));
    }
    let begun = rows.first().and_then(|row| row.begins.as_ref()).map(|begins| begins.begun);
    Ok((records, begun))
}

/// What the journal has of a transfer that an event of the engine looks up; nothing, if it has none.
///
/// # Errors
/// If the journal can't be read, or what it has is not what an engine wrote.
pub fn look_up(
    reader: &Reader,
    about: Lookup,
) -> Result<(Vec<Record>, Option<Begun>), RecordsError> {
    records(&match about {
        Lookup::Id(id) => reader.transfer(id)?,
        Lookup::Key(key) => reader.by_key(key)?,
        Lookup::Trace(trace) => reader.by_trace(trace.at.millis() / 1000, trace.stan)?,
        Lookup::Begun(begun) => reader.by_begun(&begun)?,
    })
}

/// How far the numbers have come, for the engine that is to go on; none, if none was ever used.
///
/// # Errors
/// If the journal can't be read, or the note is not what an engine wrote.
pub fn counted(reader: &Reader) -> Result<Option<Counted>, RecordsError> {
    note(reader, COUNTED)
}

/// Takes the books of closed transfers and all open transfers of the journal into an engine without transfers, which
/// is then told to [`Engine::resume`]. The journal has no more rows while this is done.
///
/// # Errors
/// If the journal can't be read, or what it has is not what an engine wrote.
pub fn restore(reader: &Reader, engine: &mut Engine) -> Result<(), RecordsError> {
    engine.restore_books(note(reader, CLOSED_BOOKS)?.unwrap_or_default());
    for rows in reader.open_transfers()? {
        let (records, begun) = records(&rows?)?;
        let Some(first) = records.first() else { continue };
        let id = first.id;
        engine.restore(&records, begun).map_err(|why| RecordsError::Fold { id, why })?;
    }
    Ok(())
}

fn note<T: DeserializeOwned>(
    reader: &Reader,
    name: &'static str,
) -> Result<Option<T>, RecordsError> {
    let value = reader.note(name)?;
    let read = value.map(|value| serde_json::from_slice(&value)).transpose();
    read.map_err(|why| RecordsError::Note { name, why })
}
