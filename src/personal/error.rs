//! Errors of sealing and opening personal data.

use std::io;

use thiserror::Error;

use super::month::Month;

/// Why personal data cannot be sealed or opened.
#[derive(Debug, Error)]
pub enum PersonalError {
    /// The month has no key here.
    #[error(
        "personal data of {0}: the key of the month is missing: it was destroyed, or the store is incomplete"
    )]
    NoKey(Month),
    /// The stored key of a month cannot be unwrapped.
    #[error(
        "the stored key of {0} cannot be unwrapped: it was altered, or keys.record_key_file holds another record key"
    )]
    Wrapped(Month),
    /// A sealed value is not the one that was sealed at this place.
    #[error(
        "{field} of row {row} in chain {chain}: the personal data cannot be decrypted: it was altered, or belongs to another row"
    )]
    Altered {
        /// The code of the chain.
        chain: &'static str,
        /// The row.
        row: u64,
        /// The field.
        field: &'static str,
    },
    /// A value is too long to seal.
    #[error("personal data of {0} bytes: too long to encrypt")]
    TooLong(usize),
    /// The system has no random numbers.
    #[error("the random source of the system: {0}")]
    Random(#[from] io::Error),
}
