//! Translates between the engine's decisions and the journal's rows. The journal does not know what facts mean, and
//! the engine does not know the journal.
//!
//! ```text
//! engine::Batch ─► journal_batch ─► Journal::append            one row per step; metadata: watermark, closed books
//! Journal ─► trace_watermark, restore, look_up ─► Engine       open transfers at a start, others on request
//! LedgerHead ◄─► metadata `ledger`                            the last known head of the embedded ledger
//! Journal ─► audit                                             all rows from the first: folds, states, books
//! ```

mod audit;
mod error;
mod ledger_head;
mod reading;
mod writing;

pub use audit::{AuditReport, audit};
pub use error::RecordsError;
pub use ledger_head::{ledger_batch, ledger_metadata, ledger_of_store, recorded_ledger};
pub use reading::{look_up, read_act, read_control, restore, trace_watermark};
pub use writing::journal_batch;

use crate::codes::metadata_key::{CLOSED_BOOKS, LEDGER, TRACE_WATERMARK};
