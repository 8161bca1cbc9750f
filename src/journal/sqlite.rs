//! The journal in an SQLite file.
//!
//! [`Journal::append`](crate::journal::Journal::append) hands a batch to the writer, the only thread that writes. The
//! writer commits all queued batches in one transaction and calls back when it is durable. The maintenance thread
//! derives the look-up files from the rows, off that path, and signs checkpoints; the merge thread merges key runs.
//! Readers run beside all of them.
//!
//! ```text
//! append ─► queue ─► writer: keys, hash chain, insert, sync ─► callback
//!                       │
//!                       └─► tail ─► maintenance: index, key runs, log into store, checkpoints
//!                                      └─► merge: fewer key runs
//! ```
//!
//! A write error stops all writing. After it the durability of the last rows is unknown until a restart reads what is
//! on disk, so the journal confirms nothing more.

mod archive;
mod columns;
mod errors;
mod index;
mod index_audit;
mod maintenance;
mod process;
mod reader;
mod reservations;
mod search;
mod shared;
mod store;
mod stored_file;
mod writer;

pub(super) use archive::archive_rows;
pub(super) use process::SqliteJournal;
pub(super) use stored_file::StoredFile;
