//! A row of the chain as a row of the table.

use std::borrow::Cow;
use std::ops::Range;

use rusqlite::types::{Type, ValueRef};
use rusqlite::{CachedStatement, Connection, params};

use crate::engine::{Begun, Body, Key};
use crate::journal::chain::Head;
use crate::journal::row::{Begins, Direction, Form, Numbers, Row, Summary};
use crate::spelling::name_of;
use crate::values::{AccountNumber, Amount, Currency, Moment, Stan, TransferId, Value};

/// A row in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::journal) struct Link {
    pub(in crate::journal) seq: u64,
    pub(in crate::journal) row: Row,
    pub(in crate::journal) hash: [u8; 32],
}

impl Link {
    /// Where the chain stands with it, as the row itself says.
    pub(in crate::journal) const fn head(&self) -> Head {
        Head { count: self.seq, hash: self.hash }
    }
}

/// A query for whole rows, which [`link`] reads.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT seq, id, at, state, open, stan, rrn, second, key, reference, body, direction, own, other, amount, ",
            "currency, bank, form, hash FROM rows ",
            $tail
        )
    };
}
pub(super) use select;

/// The statement that [`insert`] runs.
pub(in crate::journal) fn inserting(db: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    db.prepare_cached(
        "INSERT INTO rows VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)",
    )
}

/// Appends a row, where the chain stands with it.
pub(in crate::journal) fn insert(
    statement: &mut CachedStatement<'_>,
    head: Head,
    row: &Row,
) -> rusqlite::Result<()> {
    let numbers = row.numbers.as_ref();
    let begins = row.begins.as_deref();
    let summary = begins.map(|begins| &begins.summary);
    statement.execute(params![
        head.count,
        row.id.0.to_be_bytes(),
        row.at.millis(),
        row.state,
        row.open,
        numbers.map(|numbers| numbers.stan.number()),
        numbers.map(|numbers| numbers.rrn.as_str()),
        numbers.and_then(|numbers| numbers.second),
        begins.map(|begins| begins.begun.request.0.to_be_bytes()),
        begins.and_then(|begins| begins.begun.reference).map(|key| key.0.to_be_bytes()),
        begins.map(|begins| begins.begun.body.0.to_be_bytes()),
        summary.map(|summary| name_of(&Direction::NAMES, &summary.direction)),
        summary.map(|summary| summary.own.reveal()),
        summary.and_then(|summary| summary.other.as_ref()).map(AccountNumber::reveal),
        summary.map(|summary| summary.amount.minor()),
        summary.map(|summary| summary.amount.currency().code()),
        summary.map(|summary| summary.bank.as_str()),
        row.form.0,
        head.hash,
    ])?;
    Ok(())
}

/// Reads a row of [`select`].
pub(super) fn link(row: &rusqlite::Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        seq: row.get(0)?,
        row: Row {
            id: TransferId(number(row, 1)?),
            at: Moment::from_millis(row.get(2)?),
            state: Cow::Owned(row.get(3)?),
            open: is_open(row, 4)?,
            numbers: numbers(row)?,
            begins: begins(row)?,
            form: Form(row.get(17)?),
        },
        hash: row.get(18)?,
    })
}

/// A truth value has one form only, so that no other passes for what was hashed.
fn is_open(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<bool> {
    match row.get(at)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(unreadable(at, "0 or 1")),
    }
}

/// Whether columns are all absent; what is half there is not what was hashed.
fn are_absent(row: &rusqlite::Row<'_>, columns: Range<usize>) -> rusqlite::Result<bool> {
    let first = columns.start;
    let mut absent = columns.map(|at| row.get_ref(at).map(|value| value == ValueRef::Null));
    if !absent.next().unwrap_or(Ok(true))? {
        return Ok(false);
    }
    for other in absent {
        if !other? {
            return Err(unreadable(first, "a value, as others beside it have one"));
        }
    }
    Ok(true)
}

fn numbers(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Numbers>> {
    if are_absent(row, 5..8)? {
        return Ok(None);
    }
    let stan = row.get(5)?;
    let stan = Stan::new(stan).ok_or_else(|| unreadable(5, "a STAN of six digits"))?;
    Ok(Some(Numbers { stan, rrn: value(row, 6)?, second: row.get(7)? }))
}

fn begins(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Box<Begins>>> {
    if are_absent(row, 8..17)? {
        return Ok(None);
    }
    let reference: Option<[u8; 16]> = row.get(9)?;
    let begun = Begun {
        request: Key(number(row, 8)?),
        reference: reference.map(|key| Key(u128::from_be_bytes(key))),
        body: Body(number(row, 10)?),
    };
    Ok(Some(Box::new(Begins { begun, summary: summary(row, 11)? })))
}

/// Reads a summary whose columns begin at `first`.
pub(in crate::journal) fn summary(
    row: &rusqlite::Row<'_>,
    first: usize,
) -> rusqlite::Result<Summary> {
    let direction = row.get_ref(first)?.as_str()?;
    let direction = Direction::NAMES.iter().find(|(name, _)| *name == direction);
    let (_, direction) = direction.ok_or_else(|| unreadable(first, "out or in"))?;
    let other = row.get_ref(first + 2)?.as_str_or_null()?.map(|_| value(row, first + 2));
    let currency = Currency::new(row.get(first + 4)?)
        .ok_or_else(|| unreadable(first + 4, "an ISO 4217 numeric code"))?;
    Ok(Summary {
        direction: *direction,
        own: value(row, first + 1)?,
        other: other.transpose()?,
        amount: Amount::new(row.get(first + 3)?, currency),
        bank: value(row, first + 5)?,
    })
}

/// Reads a number of 16 bytes.
pub(in crate::journal) fn number(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<u128> {
    row.get(at).map(u128::from_be_bytes)
}

fn value<T: Value>(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(at)?.as_str()?;
    T::from_ascii(text.as_bytes()).ok_or_else(|| unreadable(at, T::EXPECTED))
}

/// A column that has no valid value. The value is not told: it may be an account.
fn unreadable(at: usize, expected: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Text, expected.into())
}
