//! What the engine decides, as rows of the journal, and back: the journal does not know what facts mean, and the
//! engine knows no journal.
//!
//! ```text
//! engine::Batch ─► rows ─► Journal::append           a step is a row; notes: how far numbers have come, closed books
//! Journal ─► counted, restore, look_up ─► Engine     open transfers at a start, others when they are asked for
//! Journal ─► audit                                   every row from the first: folds, states, books
//! ```

mod audit;
mod error;
mod reading;
mod writing;

pub use audit::{Audited, audit};
pub use error::RecordsError;
pub use reading::{counted, look_up, records, restore};
pub use writing::rows;

/// The note of how far the numbers have come.
const COUNTED: &str = "counted";

/// The note of the books of all closed transfers, which a start does not read.
const CLOSED_BOOKS: &str = "closed books";
