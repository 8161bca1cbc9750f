//! The columns of a row of the chain.

use std::borrow::Cow;
use std::ops::Range;

use rusqlite::types::{Type, ValueRef};
use rusqlite::{CachedStatement, Connection, params};

use crate::journal::chain::Head;
use crate::journal::row::{ChainedRow, MessageTrace, Row, StoredFacts, Summary, TransferStart};
use crate::values::{
    AccountNumber, Amount, Currency, Direction, IdempotencyKey, Moment, RequestFingerprint,
    RequestIdentity, Stan, TransferId, Value,
};

/// A query for whole rows, in the column order of [`read_row`].
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT seq, id, recorded_at, state, open, stan, rrn, transmission_second, request_key, reference_key, ",
            "fingerprint, direction, own_account, other_account, amount, currency, bank, facts, hash FROM rows ",
            $tail
        )
    };
}
pub(super) use select;

/// Returns the statement that [`insert`] runs.
pub(super) fn insert_statement(db: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    db.prepare_cached(
        "INSERT INTO rows VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)",
    )
}

/// Inserts a row. `head` is the head of the chain after it.
pub(super) fn insert(
    statement: &mut CachedStatement<'_>,
    head: Head,
    row: &Row,
) -> rusqlite::Result<()> {
    let trace = row.trace.as_ref();
    let start = row.start.as_deref();
    let summary = start.map(|start| &start.summary);
    statement.execute(params![
        head.count,
        row.id.0.to_be_bytes(),
        row.recorded_at.millis(),
        row.state,
        row.is_open,
        trace.map(|trace| trace.stan.number()),
        trace.map(|trace| trace.rrn.as_str()),
        trace.and_then(|trace| trace.transmission_second),
        start.map(|start| start.identity.request_key.0.to_be_bytes()),
        start.and_then(|start| start.identity.reference_key).map(|key| key.0.to_be_bytes()),
        start.map(|start| start.identity.fingerprint.0.to_be_bytes()),
        summary.map(|summary| summary.direction.code()),
        summary.map(|summary| summary.own_account.reveal()),
        summary.and_then(|summary| summary.other_account.as_ref()).map(AccountNumber::reveal),
        summary.map(|summary| summary.amount.minor()),
        summary.map(|summary| summary.amount.currency().code()),
        summary.map(|summary| summary.bank.as_str()),
        row.facts.0,
        head.hash,
    ])?;
    Ok(())
}

/// Reads a row of [`select`].
pub(super) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<ChainedRow> {
    Ok(ChainedRow {
        head: Head { count: row.get(0)?, hash: row.get(18)? },
        row: Row {
            id: TransferId(read_u128(row, 1)?),
            recorded_at: Moment::from_millis(row.get(2)?),
            state: Cow::Owned(row.get(3)?),
            is_open: read_bool(row, 4)?,
            trace: read_trace(row)?,
            start: read_start(row)?,
            facts: StoredFacts(row.get(17)?),
        },
    })
}

/// Reads a boolean. Only 0 and 1 are accepted, so that no other value passes for the one that was hashed.
fn read_bool(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<bool> {
    match row.get(column)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(invalid(column, "0 or 1")),
    }
}

/// Returns whether columns are all absent. Partly absent columns are not what was hashed, and are an error.
fn are_absent(row: &rusqlite::Row<'_>, columns: Range<usize>) -> rusqlite::Result<bool> {
    let first = columns.start;
    let mut absent = columns.map(|column| row.get_ref(column).map(|value| value == ValueRef::Null));
    if !absent.next().unwrap_or(Ok(true))? {
        return Ok(false);
    }
    for other in absent {
        if !other? {
            return Err(invalid(first, "a value, because the columns after it have one"));
        }
    }
    Ok(true)
}

fn read_trace(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<MessageTrace>> {
    if are_absent(row, 5..8)? {
        return Ok(None);
    }
    let stan = row.get(5)?;
    let stan = Stan::new(stan).ok_or_else(|| invalid(5, "a STAN of six digits"))?;
    Ok(Some(MessageTrace { stan, rrn: read_value(row, 6)?, transmission_second: row.get(7)? }))
}

fn read_start(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Box<TransferStart>>> {
    if are_absent(row, 8..17)? {
        return Ok(None);
    }
    let reference: Option<[u8; 16]> = row.get(9)?;
    let identity = RequestIdentity {
        request_key: IdempotencyKey(read_u128(row, 8)?),
        reference_key: reference.map(|key| IdempotencyKey(u128::from_be_bytes(key))),
        fingerprint: RequestFingerprint(read_u128(row, 10)?),
    };
    Ok(Some(Box::new(TransferStart { identity, summary: read_summary(row, 11)? })))
}

/// Reads a summary whose columns begin at `first`.
pub(super) fn read_summary(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Summary> {
    let code = row.get_ref(first)?.as_str()?;
    let direction = Direction::CODES.iter().find(|(known, _)| *known == code);
    let (_, direction) = direction.ok_or_else(|| invalid(first, "a direction code"))?;
    let other_account =
        row.get_ref(first + 2)?.as_str_or_null()?.map(|_| read_value(row, first + 2));
    let currency = Currency::new(row.get(first + 4)?)
        .ok_or_else(|| invalid(first + 4, "an ISO 4217 numeric code"))?;
    Ok(Summary {
        direction: *direction,
        own_account: read_value(row, first + 1)?,
        other_account: other_account.transpose()?,
        amount: Amount::new(row.get(first + 3)?, currency),
        bank: read_value(row, first + 5)?,
    })
}

/// Reads a number that is stored as 16 bytes.
pub(super) fn read_u128(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u128> {
    row.get(column).map(u128::from_be_bytes)
}

fn read_value<T: Value>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    T::from_ascii(text.as_bytes()).ok_or_else(|| invalid(column, T::EXPECTED))
}

/// Returns the error of a column with an invalid value. It omits the value, which may be an account.
fn invalid(column: usize, expected: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, expected.into())
}
