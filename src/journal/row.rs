//! What the journal keeps, and what it is told about it: it does not know what facts mean.

use std::borrow::Cow;

use super::error::JournalError;
use crate::engine::{Begun, Claim, Key};
use crate::values::{AccountNumber, Amount, Institution, Moment, Rrn, Stan, TransferId};

/// The most bytes that a form or the value of a note may have.
pub const FORM_BYTES_MAX: usize = 1 << 20;

/// The most bytes that a state's name may have.
pub const STATE_BYTES_MAX: usize = 64;

/// One step of one transfer: all the facts that became true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The transfer. Its first 48 bits are the time in milliseconds, as in every UUID of version 7.
    pub id: TransferId,
    /// When the facts became true.
    pub at: Moment,
    /// The name of the state that the step leads to.
    pub state: Cow<'static, str>,
    /// Whether something is left to be done after it. What is open is read again at every start.
    pub open: bool,
    /// The numbers of a message of this step. A step that makes two messages ready is two rows.
    pub numbers: Option<Numbers>,
    /// With what the transfer begins, in its first row and there only.
    pub begins: Option<Box<Begins>>,
    /// The facts, as text that an auditor can read, with its version in it.
    pub form: Form,
}

/// The text of facts. It has account numbers and names in it, so its `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Form(pub String);

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Form({} bytes)", self.0.len())
    }
}

/// The numbers that a message goes under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Numbers {
    /// The system trace audit number (DE11).
    pub stan: Stan,
    /// The retrieval reference number (DE37).
    pub rrn: Rrn,
    /// The second of its transmission (DE7), since 1970, of a message of ours; answers are found by it and the
    /// STAN. `None` if the numbers are the other bank's.
    pub second: Option<u64>,
}

/// With what a transfer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begins {
    /// The keys that no other transfer may have, and all that was asked for under them.
    pub begun: Begun,
    /// What it is looked up by.
    pub summary: Summary,
}

impl Begins {
    /// The claim of the transfer to one of its keys.
    pub(super) const fn claim(&self, key: Key, id: TransferId) -> Claim {
        Claim { key, body: self.begun.body, id }
    }
}

/// What a transfer is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Summary {
    /// Whether it leaves our bank or comes to it.
    pub direction: Direction,
    /// The account at our bank.
    pub own: AccountNumber,
    /// The account at the other bank, where it is known.
    pub other: Option<AccountNumber>,
    /// How much.
    pub amount: Amount,
    /// The other bank.
    pub bank: Institution,
}

/// Whether a transfer leaves our bank or comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It leaves our bank.
    Out,
    /// It comes to our bank.
    In,
}

impl Direction {
    /// The directions by their names in the store.
    pub(super) const NAMES: [(&'static str, Self); 2] = [("out", Self::Out), ("in", Self::In)];
}

/// A small value under a name, that each batch may replace: the end of a block of numbers, the business date, the
/// books of closed transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Vec<u8>,
}

/// What is made durable as a whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The rows, in their order.
    pub rows: Vec<Row>,
    /// The notes that it replaces.
    pub notes: Vec<Note>,
}

impl Batch {
    /// Whether everything in it is of a size that the store takes. What isn't is refused before anything is written.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        self.rows.iter().try_for_each(Row::check)?;
        self.notes.iter().try_for_each(|note| {
            at_most("the name of a note", note.name.len(), STATE_BYTES_MAX)?;
            at_most("the value of a note", note.value.len(), FORM_BYTES_MAX)
        })
    }
}

impl Row {
    fn check(&self) -> Result<(), JournalError> {
        at_most("the form of a row", self.form.0.len(), FORM_BYTES_MAX)?;
        at_most("the state of a row", self.state.len(), STATE_BYTES_MAX)?;
        signed("the time of a row", self.at.millis())?;
        signed("an amount", self.begins.as_ref().map_or(0, |b| b.summary.amount.minor()))?;
        signed("a second", self.numbers.and_then(|numbers| numbers.second).unwrap_or(0))
    }
}

fn at_most(what: &'static str, size: usize, max: usize) -> Result<(), JournalError> {
    if size <= max {
        Ok(())
    } else {
        Err(JournalError::TooLarge { what, size: size as u64, max: max as u64 })
    }
}

/// SQLite counts up to 2⁶³ - 1.
fn signed(what: &'static str, size: u64) -> Result<(), JournalError> {
    let max = i64::MAX.unsigned_abs();
    if size <= max { Ok(()) } else { Err(JournalError::TooLarge { what, size, max }) }
}
