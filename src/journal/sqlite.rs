//! The journal in an SQLite file.
//!
//! [`Journal::append`](crate::journal::Journal::append) hands a batch to the writer, the only thread that writes. The
//! writer commits all queued batches in one transaction, as one signed batch of rows, and calls back when it is durable. Off
//! that path, the maintenance thread seals the look-ups, the merge thread merges their runs, and the checkpoint thread writes
//! checkpoints. Readers run beside all of them.
//!
//! ```text
//! append ─► queue ─► writer: keys, hash chain, signature, insert, sync ─► callback
//!                       │
//!                       └─► look-ups ─► maintenance: runs, log into store
//!                                          └─► merge: fewer runs
//! ```
//!
//! A write error stops all writing. After it the durability of the last rows is unknown until a restart reads what is
//! on disk, so the journal confirms nothing more.

mod archive;
mod checkpoint_writer;
mod control;
mod errors;
mod lookups;
mod maintenance;
mod opening;
mod process;
mod reader;
mod rotate;
mod shared;
mod store;
mod stored_file;
mod writer;

pub(super) use archive::archive_rows;
pub(super) use process::SqliteJournal;
pub(super) use rotate::record_rotation;
pub(super) use store::file_faults;
pub(super) use stored_file::StoredFile;
