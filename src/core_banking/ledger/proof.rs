//! The proof of a whole ledger: its schema, each batch of its chain, and the table of postings against the rows.
//!
//! Both the start and `titian verify` run it. It streams: it holds the accounts, and of the postings a sum of codes for every
//! segment.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use super::balances::Balances;
use super::chain::{self, ChainEnd, Trust};
use super::keyed_code::CodeKey;
use super::postings::{self, Effect, StoredPosting};
use super::rows::Change;
use super::schema;
use super::segments::{Segments, damaged_posting, read_postings};
use super::totals::{self, BooksByCurrency};
use crate::core_banking::error::{CoreBankingError, ErrorContext};
use crate::signing::Head;
use crate::values::TransferId;

/// What the proof found.
pub(super) struct Proven {
    pub(super) end: ChainEnd,
    pub(super) balances: Balances,
    pub(super) segments: Segments,
    pub(super) postings: u64,
}

/// Proves a ledger within a transaction, and calls `each` with every change.
///
/// # Errors
/// The first thing that is not what was signed.
pub(super) fn prove(
    db: &Connection,
    path: &Path,
    trust: Trust<'_>,
    mut each: impl FnMut(&Change),
) -> Result<Proven, CoreBankingError> {
    schema::check(db, path)?;
    let others = postings::other_ids(db);
    let others = others.map_err(|error| CoreBankingError::reading(path, &error))?;
    if others > 0 {
        let detail = format!("table of postings: {others} ids are not of 16 bytes");
        return Err(CoreBankingError::damaged(path, detail));
    }
    let key = CodeKey::random().context("reading random numbers for", path)?;
    let (segments, postings) = Segments::read(db, path, key)?;
    let mut sums = segments.sums();
    let mut balances = Balances::default();
    let end = chain::read(db, path, Some(trust), |row, change| {
        each(change);
        balances.apply(row, change, segments.key())?;
        Effect::all(change).for_each(|(id, effect)| segments.subtract(&mut sums, id, &effect));
        Ok(())
    })?;
    match sums.iter().position(|rest| *rest != 0) {
        None => Ok(Proven { end, balances, segments, postings }),
        Some(wrong) => Err(wrong_posting(db, path, segments.ids(wrong))?),
    }
}

/// Returns the error that names the first wrong posting among some ids.
fn wrong_posting(
    db: &Connection,
    path: &Path,
    ids: (u128, u128),
) -> Result<CoreBankingError, CoreBankingError> {
    let mut signed = BTreeMap::<u128, StoredPosting>::new();
    chain::read(db, path, None, |_, change| {
        let effects = Effect::all(change).filter(|(id, _)| (ids.0..=ids.1).contains(&id.0));
        effects.for_each(|(id, effect)| effect.apply(signed.entry(id.0).or_default()));
        Ok(())
    })?;
    let mut wrong = None;
    read_postings(db, path, ids, |id, posting| {
        match signed.remove(&id.0) {
            Some(known) if known == posting => {}
            Some(_) => note(&mut wrong, id, "differs from the signed rows"),
            None => note(&mut wrong, id, "no signed row made it"),
        }
        Ok(())
    })?;
    if let Some(id) = signed.keys().next() {
        note(&mut wrong, TransferId(*id), "is missing in the table of postings");
    }
    let (id, reason) = wrong.unwrap_or((TransferId(ids.0), "has more than one signed row"));
    Ok(damaged_posting(path, id, reason))
}

/// Keeps the finding with the lowest id.
fn note<'r>(wrong: &mut Option<(TransferId, &'r str)>, id: TransferId, reason: &'r str) {
    if wrong.is_none_or(|(known, _)| id < known) {
        *wrong = Some((id, reason));
    }
}

/// A ledger that was verified from its first row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLedger {
    /// The head of its chain. Its count is the number of rows.
    pub head: Head,
    /// The number of accounts.
    pub accounts: u64,
    /// The number of postings, the refused and cancelled ones included.
    pub postings: u64,
    /// The books by currency, with the balances.
    pub books: BooksByCurrency,
}

/// Proves a ledger and sums its books.
pub(super) fn verify(
    db: &Connection,
    path: &Path,
    trust: Trust<'_>,
) -> Result<VerifiedLedger, CoreBankingError> {
    let mut books = BooksByCurrency::new();
    let proven = prove(db, path, trust, |change| totals::add(&mut books, change))?;
    let Proven { end, balances, segments: _, postings } = proven;
    let accounts = balances.count() as u64;
    Ok(VerifiedLedger { head: end.head, accounts, postings, books })
}

/// Sums the books without a proof.
pub(super) fn sum_books(db: &Connection, path: &Path) -> Result<BooksByCurrency, CoreBankingError> {
    let mut books = BooksByCurrency::new();
    chain::read(db, path, None, |_, change| {
        totals::add(&mut books, change);
        Ok(())
    })?;
    Ok(books)
}
