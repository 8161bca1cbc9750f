//! The audit: every row from the first, by what it means. Each transfer's facts fold, each row says the state, the
//! numbers and the summary that its facts give, and all books are made again.
//!
//! Only what is open is kept, and of what is closed that to which something comes later. Which those are a first
//! pass finds, that reads no facts and trusts nothing: if what it went by is wrong, the second pass names the row.

use std::collections::{HashMap, HashSet};

use super::CLOSED_BOOKS;
use super::writing::{begun_by, numbers, summary};
use crate::engine::{BothBooks, Fact, Life, form};
use crate::journal::{self, Evidence, JournalError, Row, Verified, Wrong, skim};
use crate::transfer::Sums;
use crate::values::TransferId;

/// What an audit found to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// What is true of the rows whatever they mean.
    pub verified: Verified,
    /// Transfers that begin in the rows.
    pub transfers: u64,
    /// Of those, how many are open.
    pub open: u64,
    /// Rows of transfers that begin in an archive that was not given. They were not folded.
    pub cut: u64,
    /// The books of all transfers that begin in the rows.
    pub books: BothBooks,
    /// Whether the books of closed transfers were compared with those that the store keeps: they are when all rows from
    /// the first were given.
    pub compared: bool,
}

/// Verifies a store, and audits its rows up to the last that it has when this begins.
///
/// # Errors
/// The first thing that is wrong.
pub fn audit(evidence: &Evidence<'_>) -> Result<Audited, Wrong> {
    let (until, note) = journal::noted(evidence.store, CLOSED_BOOKS)?;
    let mut pass = Pass { until, late: late(evidence, until)?, ..Pass::default() };
    let verified = journal::verify(evidence, |seq, row| pass.row(seq, row))?;
    let compared = verified.from == 0;
    if compared {
        compare(&pass.closed, note?.as_deref()).map_err(|how| Wrong::Note {
            name: CLOSED_BOOKS,
            file: evidence.store.to_owned(),
            how,
        })?;
    }
    let open = pass.kept.values().filter(|life| !life.is_final()).count() as u64;
    let Pass { transfers, cut, books, .. } = pass;
    Ok(Audited { verified, transfers, open, cut, books, compared })
}

/// How many rows come to each transfer when it is closed.
fn late(evidence: &Evidence<'_>, until: u64) -> Result<HashMap<TransferId, u64>, JournalError> {
    let (mut open, mut late) = (HashSet::new(), HashMap::new());
    skim(evidence, until, |id, begins, is_open| {
        let was_open = if is_open { !open.insert(id) } else { open.remove(&id) };
        if !begins && !was_open {
            *late.entry(id).or_default() += 1;
        }
    })?;
    Ok(late)
}

/// Whether the books that the rows give are those that the store keeps.
fn compare(closed: &BothBooks, note: Option<&[u8]>) -> Result<(), String> {
    if note.is_none() && closed.rows().next().is_some() {
        return Err("it is missing".to_owned());
    }
    let kept = note.map(serde_json::from_slice::<BothBooks>).transpose();
    let kept = kept.map_err(|error| error.to_string())?.unwrap_or_default();
    let agree = closed.rows().eq(kept.rows());
    agree.then_some(()).ok_or_else(|| "it says other than the closed transfers give".to_owned())
}

/// Where an audit is.
#[derive(Default)]
struct Pass {
    /// The last row that is audited.
    until: u64,
    /// Whether the rows are from the first.
    whole: bool,
    /// Rows that are still to come to closed transfers.
    late: HashMap<TransferId, u64>,
    /// What is open, and what is closed and not done with.
    kept: HashMap<TransferId, Life>,
    transfers: u64,
    cut: u64,
    books: BothBooks,
    closed: BothBooks,
}

impl Pass {
    /// Takes in a row that is sound, or says what is wrong with it by what it means.
    fn row(&mut self, seq: u64, row: &Row) -> Result<(), String> {
        if seq > self.until {
            return Ok(());
        }
        self.whole |= seq == 1;
        let before = self.kept.remove(&row.id);
        match (&before, &row.begins) {
            (Some(_), Some(_)) => return Err("its transfer began before".to_owned()),
            (None, None) if self.whole => return Err("its transfer never began".to_owned()),
            (None, None) => {
                self.cut += 1;
                return Ok(());
            }
            (None, Some(_)) => self.transfers += 1,
            (Some(_), None) => {}
        }
        let part = before.as_ref().map(|life| (life.share(), life.closed_share()));
        let was_closed = before.as_ref().is_some_and(Life::is_final);
        let life = folded(before, row)?;
        self.book(part.unwrap_or_default(), &life)?;
        if self.is_awaited(row.id, was_closed) || !life.is_final() {
            self.kept.insert(row.id, life);
        }
        Ok(())
    }

    /// Takes a step into the books.
    fn book(&mut self, (share, closed): (Sums, Sums), life: &Life) -> Result<(), String> {
        if !life.share().balance() {
            return Err(format!("its transfer's books don't balance in state {}", life.name()));
        }
        self.books.change(share, life);
        self.closed.change_closed(closed, life);
        Ok(())
    }

    /// Whether more comes to a transfer when it is closed, after a row that came to it so or not.
    fn is_awaited(&mut self, id: TransferId, came_late: bool) -> bool {
        let Some(left) = self.late.get_mut(&id) else { return false };
        *left = left.saturating_sub(u64::from(came_late));
        let awaited = *left > 0;
        if !awaited {
            self.late.remove(&id);
        }
        awaited
    }
}

/// The state that a row leads to, if the row says of it what its facts say.
fn folded(before: Option<Life>, row: &Row) -> Result<Life, String> {
    let facts = form::read(row.form.0.as_bytes()).map_err(|error| error.to_string())?;
    let begins = row.begins.as_ref().map(|begins| begins.summary);
    let first = facts.first().ok_or("it has no facts")?;
    if summary(first) != begins || begun_by(first).is_some_and(|id| id != row.id) {
        return Err("what it says of its transfer is not what its facts say".to_owned());
    }
    if numbers(&facts) != row.numbers {
        return Err("its numbers are not those of its facts".to_owned());
    }
    let fold = |life: Option<Life>, fact: &Fact| Life::fold(life, fact, row.at).map(Some);
    let life = facts.iter().try_fold(before, fold).map_err(|illegal| illegal.to_string())?;
    let life = life.ok_or("it has no facts")?;
    if (life.name(), !life.is_final()) == (row.state.as_ref(), row.open) {
        return Ok(life);
    }
    let end = |open: bool| if open { "open" } else { "closed" };
    Err(format!(
        "its facts lead to {}, {}, and it says {}, {}",
        life.name(),
        end(!life.is_final()),
        row.state,
        end(row.open)
    ))
}
