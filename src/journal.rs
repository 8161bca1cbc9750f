//! The journal: an append-only, hash-chained record. The program acts only on what the journal has made durable. The
//! journal does not know what facts mean.
//!
//! [`Journal`] is the port: [`Journal::append`] makes a [`Batch`] durable and returns the key reservations that it lost;
//! a [`Reader`] finds rows. [`open()`] chooses the backend by the URL of the store; nothing else knows the backends. A store
//! is verified, exported and archived beside the port, from its rows alone ([`StoredChain`]).

mod chain;
mod checkpoint;
mod error;
mod files;
mod hash;
mod location;
mod open;
mod port;
mod row;
mod search;
mod sqlite;
mod verify;

pub use chain::{Chain, Head};
pub use checkpoint::{CheckpointClock, Checkpoints, PublicKeys};
pub use error::JournalError;
pub use location::{InvalidStoreUrl, StoreUrl};
pub use open::{archive, open, open_to_read};
pub use port::{CommitCallback, DerivedAudit, Journal, Reader, StoredChain, TransferIter};
pub use row::{
    Batch, ChainedRow, FACTS_BYTES_MAX, MessageTrace, Metadata, Row, StoredFacts, Summary,
    TransferStart,
};
pub use search::{PAGE_MAX, Page, Query, SearchHit};
pub use verify::{Evidence, VerificationError, Verified, scan_transfers, verify};
