//! The rows and metadata that the journal stores. The journal does not know what facts mean.

use std::borrow::Cow;

use super::error::JournalError;
use crate::codes::journal_state;
use crate::signing::Head;
use crate::values::{
    IdempotencyKey, Institution, KeyReservation, Moment, PersonalText, RequestIdentity, Rrn, Stan,
    TransferId,
};

/// The maximum size of the facts of a row, or of a metadata value, in bytes.
pub const FACTS_BYTES_MAX: usize = 1 << 20;

/// The maximum size of a state name, in bytes.
const STATE_BYTES_MAX: usize = 64;

/// One step of one transfer, with all facts that became true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The transfer. Its first 48 bits are the time in milliseconds, as in every UUID of version 7.
    pub id: TransferId,
    /// When the facts became true.
    pub recorded_at: Moment,
    /// The name of the state that the step leads to.
    pub state: Cow<'static, str>,
    /// Whether the transfer still has work to do. Every start reads the open transfers.
    pub is_open: bool,
    /// The trace numbers of the message of this step. A step that prepares two messages is two rows.
    pub trace: Option<MessageTrace>,
    /// The start of the transfer; in its first row only.
    pub start: Option<Box<TransferStart>>,
    /// The facts, as text that an auditor can read. The text includes its version.
    pub facts: StoredFacts,
    /// The personal values of the facts, if there are any and they can be read.
    pub personal: Option<PersonalText>,
}

/// A row at its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedRow {
    /// The head of the chain at the row.
    pub head: Head,
    /// The number of the previous row of the same transfer; `None` at its first row.
    pub previous: Option<u64>,
    /// The row.
    pub row: Row,
}

/// The stored text of facts, without their personal values. `Debug` prints its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredFacts(pub String);

impl std::fmt::Debug for StoredFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredFacts({} bytes)", self.0.len())
    }
}

/// The trace numbers of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageTrace {
    /// The system trace audit number (DE11).
    pub stan: Stan,
    /// The retrieval reference number (DE37).
    pub rrn: Rrn,
    /// The transmission time (DE7) of a message that we sent, in seconds since 1970. A response is matched by it and
    /// the STAN. `None` if the other bank assigned the numbers.
    pub transmission_second: Option<u64>,
}

/// The start of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferStart {
    /// The keys, which only one transfer can reserve, and the request fingerprint.
    pub identity: RequestIdentity,
    /// The bank that sent the request of an inbound transfer. With the RRN it finds the transfer.
    pub requested_by: Option<Institution>,
    /// The number of acts up to the moment at which it was admitted.
    pub admitted_under: u64,
}

impl TransferStart {
    /// Returns the transfer's reservation of one of its keys.
    pub(super) const fn reservation(&self, key: IdempotencyKey, id: TransferId) -> KeyReservation {
        KeyReservation { key, fingerprint: self.identity.fingerprint, id }
    }
}

/// How a bank refers to its request: its code without leading zeros, and the RRN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct InboundReference {
    bank: Institution,
    pub(super) rrn: Rrn,
}

impl InboundReference {
    pub(super) const fn new(bank: Institution, rrn: Rrn) -> Self {
        Self { bank, rrn }
    }

    /// Returns the reference of the transfer that starts with a row; `None` for another row.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let bank = row.start.as_ref()?.requested_by?;
        Some(Self::new(bank, row.trace?.rrn))
    }

    /// Returns the bank's code without leading zeros.
    pub(super) fn bank(&self) -> &str {
        self.bank.as_str().trim_start_matches('0')
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.rrn == other.rrn && self.bank() == other.bank()
    }
}

/// A row of the chain `control`: an act of an operator or of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlRow {
    /// When it happened.
    pub recorded_at: Moment,
    /// The act, as a line of JSON. It includes the time and its version. It has no personal data of customers.
    pub act: StoredFacts,
}

/// A small named value that each batch can replace: the trace number watermark, the business date, the books of
/// closed transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The name.
    pub name: Cow<'static, str>,
    /// The value.
    pub value: Vec<u8>,
}

/// Rows and metadata that become durable together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The rows of transfers, in order.
    pub rows: Vec<Row>,
    /// The rows of the chain `control`, in order.
    pub control: Vec<ControlRow>,
    /// The metadata that the batch replaces.
    pub metadata: Vec<Metadata>,
}

impl Batch {
    /// Checks that everything in the batch fits the store's bounds, before anything is written.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        self.rows.iter().try_for_each(Row::check)?;
        self.control.iter().try_for_each(ControlRow::check)?;
        self.metadata.iter().try_for_each(|metadata| {
            check_length("the length of the metadata name", metadata.name.len(), STATE_BYTES_MAX)?;
            check_length("the size of the metadata value", metadata.value.len(), FACTS_BYTES_MAX)
        })
    }
}

impl ControlRow {
    fn check(&self) -> Result<(), JournalError> {
        check_length("the size of the act", self.act.0.len(), FACTS_BYTES_MAX)?;
        check_integer("the time of the act", self.recorded_at.millis())?;
        if self.act.0.contains('\n') { Err(JournalError::NotALine) } else { Ok(()) }
    }
}

impl Row {
    /// The id of the rows of the journal itself, which belong to no transfer.
    pub const JOURNAL: TransferId = TransferId(0);

    /// Returns the row of a batch that changes metadata alone.
    #[must_use]
    pub fn of_metadata<'n>(at: Moment, names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: Vec<_> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
        Self {
            id: Self::JOURNAL,
            recorded_at: at,
            state: Cow::Borrowed(journal_state::METADATA_CHANGED),
            is_open: false,
            trace: None,
            start: None,
            facts: StoredFacts(format!("{{\"names\":[{}]}}", names.join(","))),
            personal: None,
        }
    }

    fn check(&self) -> Result<(), JournalError> {
        let second = self.trace.and_then(|trace| trace.transmission_second).unwrap_or(0);
        let personal = self.personal.as_ref().map_or(0, |personal| personal.0.len());
        check_length("the size of the facts", self.facts.0.len(), FACTS_BYTES_MAX)?;
        check_length("the size of the personal text", personal, FACTS_BYTES_MAX)?;
        check_length("the length of the state name", self.state.len(), STATE_BYTES_MAX)?;
        check_integer("the time of the row", self.recorded_at.millis())?;
        check_integer("the transmission second", second)?;
        let is_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_line = self.state.bytes().all(is_code) && !self.facts.0.contains('\n');
        is_line.then_some(()).ok_or(JournalError::NotALine)
    }
}

fn check_length(what: &'static str, size: usize, max: usize) -> Result<(), JournalError> {
    if size <= max {
        Ok(())
    } else {
        Err(JournalError::TooLarge { what, size: size as u64, max: max as u64 })
    }
}

/// Checks that a number fits a signed integer of 64 bits, the largest that a store has.
fn check_integer(what: &'static str, size: u64) -> Result<(), JournalError> {
    let max = i64::MAX.unsigned_abs();
    if size <= max { Ok(()) } else { Err(JournalError::TooLarge { what, size, max }) }
}
