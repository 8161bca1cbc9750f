//! Errors of reading the engine's records from the journal.

use thiserror::Error;

use crate::engine::stored_facts::StoredFactsError;
use crate::journal::JournalError;
use crate::transfer::IllegalFact;
use crate::values::TransferId;

/// Why records cannot be read from the journal.
#[derive(Debug, Error)]
pub enum RecordsError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The facts of a row cannot be read.
    #[error(
        "transfer {id}, row {nth} of the transfer: {cause}; `titian verify` names the first wrong row"
    )]
    Facts {
        /// The transfer.
        id: TransferId,
        /// Which row of the transfer, from 1.
        nth: usize,
        /// What is wrong.
        cause: StoredFactsError,
    },
    /// The facts of a transfer do not fold.
    #[error("transfer {id}: {cause}; `titian verify` names the first wrong row")]
    Fold {
        /// The transfer.
        id: TransferId,
        /// The fact that cannot follow.
        cause: IllegalFact,
    },
    /// An act cannot be read, or does not follow from those before it.
    #[error("control row {number}: {reason}; `titian verify` names the first wrong row")]
    Act {
        /// The number of its row.
        number: u64,
        /// What is wrong.
        reason: String,
    },
    /// A metadata value cannot be read.
    #[error(
        "metadata `{name}`: cannot be read: {cause}; restore the store from a backup, or use the program version that wrote it"
    )]
    Metadata {
        /// The name of the value.
        name: &'static str,
        /// What is wrong.
        cause: serde_json::Error,
    },
}
