//! A key that seals secrets which do not belong to a month, such as the credentials of operators.

use std::fmt;

use zeroize::Zeroizing;

use super::error::PersonalError;
use super::key::{RecordKey, SecretBytes};
use super::seal::{self, SALT};
use crate::random::SystemRandom;

/// A key for one purpose, derived from the record key. It is overwritten when it is dropped.
#[derive(Clone)]
pub struct SealingKey(SecretBytes);

impl SealingKey {
    /// Derives the key of a purpose.
    #[must_use]
    pub fn new(record: &RecordKey, purpose: &str) -> Self {
        Self(Zeroizing::new(record.derive(purpose)))
    }

    /// Seals a text. It opens only with the same associated text.
    ///
    /// # Errors
    /// If the text is too long, or the system has no random numbers.
    pub fn seal(&self, associated: &str, text: &[u8]) -> Result<Vec<u8>, PersonalError> {
        let mut salt = [0; SALT];
        SystemRandom::open()?.fill(&mut salt)?;
        let sealed = seal::seal(&self.0, salt, associated.as_bytes(), text);
        sealed.ok_or(PersonalError::TooLong(text.len()))
    }

    /// Opens a sealed text; `None` if it was altered, or sealed under another key or with another associated text.
    #[must_use]
    pub fn open(&self, associated: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        seal::open(&self.0, associated.as_bytes(), sealed).map(Zeroizing::new)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_for_its_purpose_and_its_associated_text_only() {
        let record = RecordKey::new([7; 32]);
        let key = SealingKey::new(&record, "one");
        let sealed = key.seal("person", b"secret").unwrap();
        assert_eq!(key.open("person", &sealed).unwrap().as_slice(), b"secret");
        assert_ne!(sealed, key.seal("person", b"secret").unwrap(), "salts are random");
        assert!(key.open("other", &sealed).is_none());
        assert!(SealingKey::new(&record, "two").open("person", &sealed).is_none());
        assert!(SealingKey::new(&RecordKey::new([8; 32]), "one").open("person", &sealed).is_none());
        assert_eq!(format!("{key:?}"), "SealingKey(***)");
    }
}
