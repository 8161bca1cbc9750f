//! Why what the journal has is not what an engine wrote.

use thiserror::Error;

use crate::engine::form::FormError;
use crate::journal::JournalError;
use crate::transfer::Illegal;
use crate::values::TransferId;

/// Why records can't be had from the journal.
#[derive(Debug, Error)]
pub enum RecordsError {
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The facts of a row.
    #[error("step {nth} of transfer {id}: {why}; let `titian verify` name the first wrong row")]
    Facts {
        /// The transfer.
        id: TransferId,
        /// Which of its rows, from 1.
        nth: usize,
        /// What is wrong.
        why: FormError,
    },
    /// The facts of a transfer.
    #[error("transfer {id}: {why}; let `titian verify` name the first wrong row")]
    Fold {
        /// The transfer.
        id: TransferId,
        /// What can't follow.
        why: Illegal,
    },
    /// A note.
    #[error(
        "the note `{name}` can't be read: {why}; restore the store from a copy, or use the program that wrote it"
    )]
    Note {
        /// Its name.
        name: &'static str,
        /// What is wrong.
        why: serde_json::Error,
    },
}
