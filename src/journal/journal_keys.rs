//! The keys of a journal.

use crate::personal::RecordKey;
use crate::signing::{SigningKey, TrustedKeys};

/// The keys of a journal.
#[derive(Clone, Debug)]
pub struct JournalKeys {
    /// The key that signs new batches.
    pub signing: SigningKey,
    /// The public keys that may have signed batches.
    pub trusted: TrustedKeys,
    /// The key that protects personal data.
    pub record: RecordKey,
}
