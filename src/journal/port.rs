//! The port of the journal: what the program asks of a store. A backend of `journal/` is behind it.

use std::path::Path;

use super::chain::{Chain, Head};
use super::checkpoint::CheckpointClock;
use super::error::JournalError;
use super::row::{Batch, ChainedRow, Row};
use super::search::{Page, Query};
use crate::values::{
    IdempotencyKey, Institution, KeyReservation, Moment, RequestIdentity, Rrn, Stan, TransferId,
};

/// The callback of an appended batch. It is called once, on a thread of the journal.
///
/// `Ok` means that the batch is durable. It carries the reservations that other transfers already hold; the rows of
/// the transfers that lost a key were left out. `Err` means that the batch may not be durable.
pub type CommitCallback = Box<dyn FnOnce(Result<Vec<KeyReservation>, JournalError>) + Send>;

/// The journal of this process. Dropping it ends its threads after all queued batches are durable.
pub trait Journal: Send + Sync {
    /// Appends a batch after all earlier ones of its chain. It becomes durable as a whole or not at all.
    ///
    /// A transfer that starts under a key of another transfer is left out: none of its rows in this batch are written,
    /// and it reserves no key. `done` then receives the reservation of the other transfer; both reservations, the one
    /// of the request key first, if both keys were taken.
    ///
    /// If the queue is full or something in the batch is too large, `done` receives the error at once, on this thread.
    fn append(&self, batch: Batch, done: CommitCallback);

    /// Opens a reader of the journal.
    ///
    /// # Errors
    /// If the store can't be read.
    fn reader(&self) -> Result<Box<dyn Reader>, JournalError>;

    /// Returns the durable head of a chain.
    fn head(&self, chain: Chain) -> Head;

    /// Returns the clock that knows the age of the last checkpoint.
    fn checkpoint_clock(&self) -> CheckpointClock;

    /// Makes all queued batches durable, signs a last checkpoint, and closes the journal.
    ///
    /// # Errors
    /// The error that stopped the writing, or that of the last checkpoint.
    fn close(self: Box<Self>) -> Result<(), JournalError>;
}

/// Looks up rows in the journal of this process. Every durable row is found at once. A reader serves one thread; several
/// threads open several readers.
pub trait Reader: Send {
    /// Returns the rows of a transfer in order; an empty list if the transfer is unknown or archived.
    ///
    /// # Errors
    /// If the store can't be read, or a row does not match its hash.
    fn transfer(&self, id: TransferId) -> Result<Vec<Row>, JournalError>;

    /// Returns the rows of the transfer that reserved a key.
    ///
    /// # Errors
    /// See [`Reader::transfer`].
    fn by_key(&self, key: IdempotencyKey) -> Result<Vec<Row>, JournalError>;

    /// Returns the rows of the transfer that reserved one of these keys. The request key is tried before the reference
    /// key.
    ///
    /// # Errors
    /// See [`Reader::transfer`].
    fn by_identity(&self, identity: &RequestIdentity) -> Result<Vec<Row>, JournalError> {
        let mut found = identity.keys().map(|key| self.by_key(key));
        found.find(|rows| !matches!(rows, Ok(rows) if rows.is_empty())).unwrap_or(Ok(Vec::new()))
    }

    /// Returns the rows of the transfer that sent a message with this STAN in this second since 1970.
    ///
    /// # Errors
    /// See [`Reader::transfer`].
    fn by_trace(&self, transmission_second: u64, stan: Stan) -> Result<Vec<Row>, JournalError>;

    /// Returns the rows of each inbound transfer that started since a moment with a request of this bank under this RRN:
    /// at most `limit` transfers, the newest first. Leading zeros of the bank do not count.
    ///
    /// # Errors
    /// See [`Reader::transfer`].
    fn by_inbound_reference(
        &self,
        bank: Institution,
        rrn: Rrn,
        since: Moment,
        limit: usize,
    ) -> Result<Vec<Vec<Row>>, JournalError>;

    /// Returns the rows of each open transfer, the oldest transfer first.
    ///
    /// # Errors
    /// See [`Reader::transfer`], for the list of open transfers and for each transfer.
    fn open_transfers(&self) -> Result<TransferIter<'_>, JournalError>;

    /// Returns the next page of a search.
    ///
    /// # Errors
    /// If the store can't be read.
    fn search(&self, query: &Query) -> Result<Page, JournalError>;

    /// Returns a metadata value of a chain, if it exists.
    ///
    /// # Errors
    /// If the store can't be read, or the value does not match its digest.
    fn metadata(&self, chain: Chain, name: &str) -> Result<Option<Vec<u8>>, JournalError>;
}

/// The rows of one transfer after another.
pub type TransferIter<'r> = Box<dyn Iterator<Item = Result<Vec<Row>, JournalError>> + 'r>;

/// A store or an archive that is read beside a process that may write it. Nothing is written.
pub trait StoredChain {
    /// Returns the path that errors name.
    fn path(&self) -> &Path;

    /// Returns the head of the archived rows: the rows here continue from it.
    fn anchor(&self) -> Head;

    /// Calls `each` with the rows after row `seq` in order, at most `limit` of them. The rows are not checked.
    ///
    /// # Errors
    /// If the store can't be read, a row can't be read as it was written, or `each` fails.
    fn rows_after(
        &self,
        seq: u64,
        limit: u64,
        each: &mut dyn FnMut(ChainedRow) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// Calls `each` for the rows after row `seq` up to `until`, at most `limit` of them, with the transfer, whether the
    /// row starts it, and whether the row leaves it open. Skips rows that can't be read. Returns the last row's number.
    ///
    /// # Errors
    /// If the store can't be read.
    fn scan_transfers(
        &self,
        range: (u64, u64, u64),
        each: &mut dyn FnMut(TransferId, bool, bool),
    ) -> Result<u64, JournalError>;

    /// Returns whether there are rows up to this one. Up to the anchor there must be none.
    ///
    /// # Errors
    /// If the store can't be read.
    fn has_rows_to(&self, seq: u64) -> Result<bool, JournalError>;

    /// Returns the rows of a transfer in order; an empty list if the store has none. They are checked against their
    /// hashes.
    ///
    /// # Errors
    /// If the store can't be read, or a row does not match its hash.
    fn transfer(&self, id: TransferId) -> Result<Vec<ChainedRow>, JournalError>;

    /// Returns the number of the last row, zero if there is none, and the metadata value as of that row.
    ///
    /// Damaged metadata is a separate error inside the result, so that a caller can report the first wrong row before it.
    ///
    /// # Errors
    /// If the store can't be read.
    #[expect(clippy::type_complexity, reason = "two results of one read")]
    fn metadata_at_last_row(
        &self,
        name: &str,
    ) -> Result<(u64, Result<Option<Vec<u8>>, JournalError>), JournalError>;

    /// Checks all metadata values against their digests.
    ///
    /// # Errors
    /// If the store can't be read, or a value does not match its digest.
    fn check_metadata(&self) -> Result<(), JournalError>;

    /// Starts to compare what the store derives from its rows with the rows. `None` if another process may change it
    /// meanwhile, or the next start rebuilds it.
    fn derived_audit(&self) -> Option<Box<dyn DerivedAudit>>;
}

/// Compares what a store derives from its rows, to find them, with the rows.
pub trait DerivedAudit {
    /// Adds a verified row.
    ///
    /// # Errors
    /// If the derived data can't be read.
    fn add_row(&mut self, row: &ChainedRow) -> Result<(), JournalError>;

    /// Returns whether the derived data has exactly what the rows have.
    ///
    /// # Errors
    /// If the derived data can't be read.
    fn matches(&self) -> Result<bool, JournalError>;
}
