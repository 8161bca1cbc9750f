//! The table of postings: the terms and the state of each id. It follows from the rows of the chain, and answers a repeat
//! and a cancel without a search in them.

use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, Row};

use super::keyed_code::CodeKey;
use super::names::Coded;
use super::rows::{Change, Part, PostingTerms};
use crate::core_banking::wire::PostingState;
use crate::transfer::{Refusal, Side};
use crate::values::{AccountNumber, Institution, TransferId, Value};

/// The stored posting of an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StoredPosting {
    /// The terms; `None` if the id was barred before a posting came.
    pub(super) terms: Option<PostingTerms>,
    /// Why it was refused, if it was.
    pub(super) refusal: Option<Refusal>,
    pub(super) is_cancelled: bool,
    /// The sum of the postings in effect that reverse it.
    pub(super) reversed: i64,
}

impl StoredPosting {
    pub(super) const fn state(&self) -> PostingState {
        match self {
            Self { is_cancelled: true, .. } => PostingState::Cancelled,
            Self { refusal: Some(_), .. } => PostingState::Refused,
            Self { .. } => PostingState::Posted,
        }
    }

    /// Returns the code of the content. It is the sum of the codes of all effects that led to it.
    pub(super) fn code(&self, key: &CodeKey, id: TransferId) -> u128 {
        let terms = self.terms.as_ref().map(|terms| key.of_terms(id, terms, self.refusal));
        let cancel = self.is_cancelled.then(|| key.of_cancel(id));
        let reversed = (self.reversed != 0).then(|| key.of_reversed(id, self.reversed));
        [terms, cancel, reversed].into_iter().flatten().fold(0, u128::wrapping_add)
    }
}

/// The effect of a change on a posting.
#[derive(Clone, Copy)]
pub(super) enum Effect {
    /// It was made, or refused.
    Stored(PostingTerms, Option<Refusal>),
    /// It was cancelled, or its id barred.
    Cancelled,
    /// The amount that is reversed in parts changes by this.
    Reversed(i64),
}

impl Effect {
    /// Returns the effects of a change with the ids of their postings.
    pub(super) fn all(change: &Change) -> impl Iterator<Item = (TransferId, Self)> {
        let reversed =
            |part: Part, sign: i64| (part.posting, Self::Reversed(sign.wrapping_mul(part.amount)));
        let effects = match change {
            Change::AccountOpened(_) => [None, None],
            Change::PostingMade { id, terms, entry: _ } => {
                let part = terms.reverses.map(|posting| Part { posting, amount: terms.amount });
                [Some((*id, Self::Stored(*terms, None))), part.map(|part| reversed(part, 1))]
            }
            Change::PostingRefused { id, terms, reason } => {
                [Some((*id, Self::Stored(*terms, Some(*reason)))), None]
            }
            Change::PostingCancelled { id, restores, entry: _ } => {
                [Some((*id, Self::Cancelled)), restores.map(|part| reversed(part, -1))]
            }
            Change::PostingBarred { id } => [Some((*id, Self::Cancelled)), None],
        };
        effects.into_iter().flatten()
    }

    /// Returns the code by which the effect changes that of the posting.
    pub(super) fn code(&self, key: &CodeKey, id: TransferId) -> u128 {
        match self {
            Self::Stored(terms, refusal) => key.of_terms(id, terms, *refusal),
            Self::Cancelled => key.of_cancel(id),
            Self::Reversed(change) => key.of_reversed(id, *change),
        }
    }

    /// Changes a posting.
    pub(super) const fn apply(self, posting: &mut StoredPosting) {
        match self {
            Self::Stored(terms, refusal) => {
                (posting.terms, posting.refusal) = (Some(terms), refusal);
            }
            Self::Cancelled => posting.is_cancelled = true,
            Self::Reversed(change) => {
                posting.reversed = posting.reversed.saturating_add(change);
            }
        }
    }

    /// Changes the row of a posting.
    pub(super) fn store(&self, db: &Connection, id: TransferId) -> rusqlite::Result<()> {
        let key = id.0.to_be_bytes();
        let cancelled = PostingState::Cancelled.code();
        match self {
            Self::Stored(terms, refusal) => insert(db, key, terms, *refusal),
            Self::Cancelled => db.prepare_cached(CANCEL)?.execute((key, cancelled)).map(drop),
            Self::Reversed(change) => db.prepare_cached(REVERSE)?.execute((key, change)).map(drop),
        }
    }
}

const INSERT: &str = "INSERT INTO postings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)";
const CANCEL: &str =
    "INSERT INTO postings (id, state) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET state = ?2";
const REVERSE: &str = "UPDATE postings SET reversed = reversed + ?2 WHERE id = ?1";
const SCAN: &str = "SELECT id, state, reason, side, account, amount, currency, counterparty, reverses, reversed \
    FROM postings WHERE id >= ?1 AND id <= ?2 ORDER BY id";

/// Returns how many ids are outside those of 16 bytes, where no [`scan`] comes.
///
/// # Errors
/// The error of SQLite.
pub(super) fn other_ids(db: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT (SELECT count(*) FROM postings WHERE id < ?1)
        + (SELECT count(*) FROM postings WHERE id > ?2)";
    db.query_row(sql, (u128::MIN.to_be_bytes(), u128::MAX.to_be_bytes()), |row| row.get(0))
}

fn insert(
    db: &Connection,
    id: [u8; 16],
    terms: &PostingTerms,
    refusal: Option<Refusal>,
) -> rusqlite::Result<()> {
    let state = if refusal.is_some() { PostingState::Refused } else { PostingState::Posted };
    let PostingTerms { side, account, amount, currency, counterparty, reverses } = terms;
    let values = (
        id,
        state.code(),
        refusal.map(Refusal::code),
        side.code(),
        account.reveal(),
        amount,
        currency,
        counterparty.as_str(),
        reverses.map(|id| id.0.to_be_bytes()),
    );
    db.prepare_cached(INSERT)?.execute(values).map(drop)
}

/// A row of the table, or why it is not one that the ledger writes.
pub(super) type ReadPosting = Result<StoredPosting, &'static str>;

/// Calls `each` with the postings from one id to another, both included, in order.
///
/// # Errors
/// The error of SQLite, or of `each`.
pub(super) fn scan<E: From<rusqlite::Error>>(
    db: &Connection,
    (first, last): (u128, u128),
    mut each: impl FnMut(TransferId, ReadPosting) -> Result<(), E>,
) -> Result<(), E> {
    let mut find = db.prepare_cached(SCAN)?;
    let mut rows = find.query((first.to_be_bytes(), last.to_be_bytes()))?;
    while let Some(row) = rows.next()? {
        let found = row.get_ref(0)?.as_blob().unwrap_or_default();
        let posting = if found.len() == 16 { read(row) } else { Err("its id is not of 16 bytes") };
        let mut id = [0; 16];
        id.iter_mut().zip(found).for_each(|(byte, found)| *byte = *found);
        each(TransferId(u128::from_be_bytes(id)), posting)?;
    }
    Ok(())
}

/// Reads a row. Only what the ledger writes is accepted, so that the parsed posting is all that the row says.
fn read(row: &Row<'_>) -> ReadPosting {
    let state = code::<PostingState>(row, 1)?.ok_or("has no state")?;
    let refusal = code(row, 2)?;
    let terms = terms(row)?;
    let reversed = value(row, 9)?.ok_or("has no reversed amount")?;
    let is_cancelled = state == PostingState::Cancelled;
    let posting = StoredPosting { terms, refusal, is_cancelled, reversed };
    let is_complete = match terms {
        Some(_) => true,
        None => is_cancelled && refusal.is_none() && reversed == 0,
    };
    if is_complete && posting.state() == state { Ok(posting) } else { Err("has another state") }
}

fn terms(row: &Row<'_>) -> Result<Option<PostingTerms>, &'static str> {
    let side = code::<Side>(row, 3)?;
    let account = parsed(row, 4, AccountNumber::from_ascii)?;
    let (amount, currency) = (value(row, 5)?, value(row, 6)?);
    let counterparty = parsed(row, 7, Institution::from_ascii)?;
    let reverses = value::<[u8; 16]>(row, 8)?.map(|id| TransferId(u128::from_be_bytes(id)));
    match (side, account, amount, currency, counterparty) {
        (Some(side), Some(account), Some(amount), Some(currency), Some(counterparty)) => {
            Ok(Some(PostingTerms { side, account, amount, currency, counterparty, reverses }))
        }
        (None, None, None, None, None) if reverses.is_none() => Ok(None),
        _ => Err("has incomplete terms"),
    }
}

fn value<T: FromSql>(row: &Row<'_>, column: usize) -> Result<Option<T>, &'static str> {
    row.get(column).map_err(|_| "has an invalid value")
}

fn parsed<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>, &'static str> {
    match row.get_ref(column) {
        Ok(ValueRef::Null) => Ok(None),
        Ok(ValueRef::Text(text)) => parse(text).map(Some).ok_or("has an invalid value"),
        Ok(_) | Err(_) => Err("has an invalid value"),
    }
}

fn code<T: Coded>(row: &Row<'_>, column: usize) -> Result<Option<T>, &'static str> {
    parsed(row, column, |text| T::of(std::str::from_utf8(text).ok()?))
}
