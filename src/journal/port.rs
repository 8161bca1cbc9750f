//! The port of the journal: what the program asks of a store. A backend of `journal/` is behind it.

use std::path::Path;

use super::checkpoint::CheckpointClock;
use super::error::JournalError;
use super::metadata::MetadataValues;
use super::row::{Batch, ChainedRow, Row};
use super::sealed::SealedRows;
use crate::signing::{Chain, ChainId, Head, SignedStatement, StoredBatch};
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
    /// Appends a batch after all earlier ones. It becomes durable as a whole or not at all.
    ///
    /// A transfer that starts under a key of another transfer is left out: none of its rows in this batch are written,
    /// and it reserves no key. `done` then receives the reservation of the other transfer; both reservations, the one
    /// of the request key first, if both keys were taken.
    ///
    /// If the queue is full or something in the batch is too large, `done` receives the error at once, on this thread.
    /// The acts in the batch become durable with it, in the chain `control`.
    fn append(&self, batch: Batch, done: CommitCallback);

    /// Opens a reader of the journal.
    ///
    /// # Errors
    /// If the store can't be read.
    fn reader(&self) -> Result<Box<dyn Reader>, JournalError>;

    /// Returns the id of the store's chains.
    fn chain_id(&self) -> ChainId;

    /// Returns the durable head of a chain.
    fn head(&self, chain: Chain) -> Head;

    /// Returns the error that stopped the writing, also while no batch comes.
    fn fault(&self) -> Option<JournalError>;

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

    /// Calls `each` with the acts of the chain `control` after row `number`, in order, at most `limit` of them: the number, and the
    /// act as it was appended. Each is proven.
    ///
    /// # Errors
    /// If the store can't be read, a row is not what was signed, or `each` fails.
    fn acts_after(
        &self,
        number: u64,
        limit: u64,
        each: &mut dyn FnMut(u64, &str) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// Returns a metadata value of a chain, if it exists.
    ///
    /// # Errors
    /// If the chain is not in the store.
    fn metadata(&self, chain: Chain, name: &str) -> Result<Option<Vec<u8>>, JournalError>;
}

/// The rows of one transfer after another.
pub type TransferIter<'r> = Box<dyn Iterator<Item = Result<Vec<Row>, JournalError>> + 'r>;

/// A store or an archive that is only read. Another process may write it meanwhile.
pub trait StoredChain {
    /// Returns the path that errors name.
    fn path(&self) -> &Path;

    /// Returns the id of the chain.
    fn chain_id(&self) -> ChainId;

    /// Returns the head from which the first batch says that it continues: zero rows, or the archived ones.
    ///
    /// # Errors
    /// If the store can't be read.
    fn begin(&self) -> Result<Head, JournalError>;

    /// Calls `each` with the batches whose rows begin after row `number`, in order, at most `limit` of them. They are not
    /// checked.
    ///
    /// # Errors
    /// If the store can't be read, or `each` fails.
    fn batches_after(
        &self,
        number: u64,
        limit: u64,
        each: &mut dyn FnMut(StoredBatch) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// Calls `each` with the batches of the chain `control` whose rows begin after row `number`, as [`StoredChain::batches_after`]
    /// does. They are not checked.
    ///
    /// # Errors
    /// If the store can't be read, or `each` fails.
    fn control_batches_after(
        &self,
        number: u64,
        limit: u64,
        each: &mut dyn FnMut(StoredBatch) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// Returns the rows of a transfer in order; an empty list if the store has none. They are compared with the heads that the
    /// batches state.
    ///
    /// # Errors
    /// If the store can't be read, or a row differs.
    fn transfer(&self, id: TransferId) -> Result<Vec<ChainedRow>, JournalError>;

    /// Returns the sealed personal data of the batch that begins with a row.
    ///
    /// # Errors
    /// If the store can't be read.
    fn sealed(&self, first: u64) -> Result<SealedRows, JournalError>;

    /// Returns the wrapped key of each month.
    ///
    /// # Errors
    /// If the store can't be read.
    fn month_keys(&self) -> Result<Vec<(String, Vec<u8>)>, JournalError>;

    /// Returns the first row with personal data that no batch has, or that is empty.
    ///
    /// # Errors
    /// If the store can't be read.
    fn orphaned_personal(&self) -> Result<Option<i64>, JournalError>;

    /// Returns the number of the last row; zero if there is none. Nothing is checked.
    ///
    /// # Errors
    /// If the store can't be read.
    fn last_row(&self) -> Result<u64, JournalError>;

    /// Returns the last statement and the metadata after it; `None` for a store without rows.
    ///
    /// # Errors
    /// If the store can't be read, or the metadata is not what the statement says.
    fn end(&self) -> Result<Option<(SignedStatement, MetadataValues)>, JournalError>;

    /// Starts to compare what the store derives from its rows, to find them, with the rows.
    ///
    /// # Errors
    /// If the derived data can't be read.
    fn derived_audit(&self) -> Result<Derived, JournalError>;

    /// Checks that the store has exactly the tables, indexes and views that this program makes.
    ///
    /// # Errors
    /// If it has others.
    fn check_schema(&self) -> Result<(), JournalError>;
}

/// What a store derives from its rows.
pub enum Derived {
    /// It is compared with the rows.
    Audit(Box<dyn DerivedAudit>),
    /// There is nothing on the disk yet.
    Nothing,
    /// Another process uses the store and may change it.
    InUse,
}

/// Compares what a store derives from its rows with the rows.
pub trait DerivedAudit {
    /// Adds a verified row.
    fn add_row(&mut self, number: u64, row: &Row);

    /// Checks that the derived data has exactly what the rows have.
    ///
    /// # Errors
    /// If it has not.
    fn check(&self) -> Result<(), JournalError>;
}
