//! Reads journal rows as the engine's recorded facts.

use serde::de::DeserializeOwned;

use super::error::RecordsError;
use super::{CLOSED_BOOKS, TRACE_WATERMARK};
use crate::control::{Act, Control};
use crate::engine::{Engine, Lookup, RecordedFact, StoredTransfer, TraceWatermark, stored_facts};
use crate::journal::{Chain, JournalError, Reader, Row};

/// Returns the facts in the rows of one transfer, and the request identity in its first row.
///
/// # Errors
/// If a later program wrote a row, or its facts cannot be read.
fn stored_transfer(rows: &[Row]) -> Result<StoredTransfer, RecordsError> {
    let mut recorded = Vec::with_capacity(2 * rows.len());
    for (row, nth) in rows.iter().zip(1..) {
        let facts = stored_facts::read_whole(&row.facts.0, row.personal.as_ref());
        let facts = facts.map_err(|cause| RecordsError::Facts { id: row.id, nth, cause })?;
        let at = row.recorded_at;
        recorded.extend(facts.into_iter().map(|fact| RecordedFact { id: row.id, at, fact }));
    }
    let identity = rows.first().and_then(|row| row.start.as_ref()).map(|start| start.identity);
    Ok(StoredTransfer { facts: recorded, identity })
}

/// Looks up transfers for the engine: at most one, except for a look-up by RRN.
///
/// # Errors
/// If the journal cannot be read, or a row was not written by an engine.
pub fn look_up(reader: &dyn Reader, lookup: Lookup) -> Result<Vec<StoredTransfer>, RecordsError> {
    let found = match lookup {
        Lookup::Id(id) => vec![reader.transfer(id)?],
        Lookup::IdempotencyKey(key) => vec![reader.by_key(key)?],
        Lookup::TraceNumbers(trace) => {
            vec![reader.by_trace(trace.transmitted_at.seconds(), trace.stan)?]
        }
        Lookup::RequestIdentity(identity) => vec![reader.by_identity(&identity)?],
        Lookup::InboundReference { bank, rrn, since } => {
            reader.by_inbound_reference(bank, rrn, since, Lookup::REFERENCES_MAX)?
        }
    };
    found.iter().filter(|rows| !rows.is_empty()).map(|rows| stored_transfer(rows)).collect()
}

/// Returns how far the trace numbers are used up, or `None` if none was used.
///
/// # Errors
/// If the journal or the stored value cannot be read.
pub fn trace_watermark(reader: &dyn Reader) -> Result<Option<TraceWatermark>, RecordsError> {
    metadata(reader, TRACE_WATERMARK)
}

/// Reads the state of control: the fold of all acts from the first.
///
/// # Errors
/// If the journal cannot be read, or an act does not follow from those before it.
pub fn read_control(reader: &dyn Reader) -> Result<Control, RecordsError> {
    let (mut control, mut failed) = (Control::default(), None);
    let read = reader.acts_after(0, u64::MAX, &mut |number, text| {
        let restored = read_act(text).and_then(|act| Ok(control.apply(&act)?));
        restored.map_err(|reason| {
            failed = Some(RecordsError::Act { number, reason });
            JournalError::Closed
        })
    });
    failed.map_or(Ok(()), Err)?;
    read?;
    Ok(control)
}

/// Reads an act of the record.
///
/// # Errors
/// The reason, if it cannot be read or a later program wrote it.
pub fn read_act(text: &str) -> Result<Act, String> {
    let act: Act = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if act.version == Act::VERSION {
        Ok(act)
    } else {
        Err(format!("its version is {}, and this program knows {}", act.version, Act::VERSION))
    }
}

/// Restores the books of closed transfers and all open transfers into an empty engine. Call [`Engine::resume`] after
/// it. The journal must not get rows meanwhile.
///
/// # Errors
/// If the journal cannot be read, or a row was not written by an engine.
pub fn restore(reader: &dyn Reader, engine: &mut Engine) -> Result<(), RecordsError> {
    engine.restore_books(metadata(reader, CLOSED_BOOKS)?.unwrap_or_default());
    for rows in reader.open_transfers()? {
        let stored = stored_transfer(&rows?)?;
        let Some(first) = stored.facts.first() else { continue };
        let id = first.id;
        engine
            .restore(&stored.facts, stored.identity)
            .map_err(|cause| RecordsError::Fold { id, cause })?;
    }
    Ok(())
}

fn metadata<T: DeserializeOwned>(
    reader: &dyn Reader,
    name: &'static str,
) -> Result<Option<T>, RecordsError> {
    let value = reader.metadata(Chain::Transfers, name)?;
    let read = value.map(|value| serde_json::from_slice(&value)).transpose();
    read.map_err(|cause| RecordsError::Metadata { name, cause })
}
