//! The journal: an append-only, hash-chained and signed record. The program acts only on what the journal has made durable,
//! and reads only rows that are proven. The journal does not know what facts mean.
//!
//! [`Journal`] is the port: [`Journal::append`] makes a [`Batch`] durable and returns the key reservations that it lost;
//! a [`Reader`] finds rows. [`open()`] chooses the backend by the URL of the store; nothing else knows the backends. A store
//! is verified, exported and archived beside the port, from its batches alone ([`StoredChain`]).

mod checkpoint;
mod error;
mod journal_keys;
mod line;
mod location;
mod metadata;
mod open;
mod port;
mod rotation;
mod row;
mod row_check;
mod sealed;
mod sqlite;
mod unique;
mod verification_error;
mod verification_pass;
mod verify;
mod verify_control;

pub use checkpoint::{CheckpointClock, Checkpoints};
pub use error::JournalError;
pub use journal_keys::JournalKeys;
pub use location::{InvalidStoreUrl, StoreUrl};
pub use metadata::MetadataValues;
pub use open::{archive, file_faults, open, open_to_read, rotate};
pub use port::{CommitCallback, Journal, Reader, StoredChain, TransferIter};
pub use rotation::LastRows;
pub use row::{
    Batch, ChainedRow, ControlRow, FACTS_BYTES_MAX, MessageTrace, Metadata, Row, StoredFacts,
    TransferStart,
};
pub use row_check::RowCheck;
pub use sealed::SealedRows;
pub use verification_error::VerificationError;
pub use verify::{Evidence, Verified, scan_transfers, verify, verify_with};
pub use verify_control::scan_acts;

pub use crate::signing::{Chain, Head};
