//! The month keys, and sealing with them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use super::error::PersonalError;
use super::key::{RecordKey, SecretBytes};
use super::month::Month;
use super::seal::{self, Place, SALT};
use crate::random::SystemRandom;
use crate::signing::ChainId;

/// Bytes that are read from the random source at once: enough for 64 salts.
const BUFFER: usize = 64 * SALT;

/// Whether a month has a key already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MonthKey {
    /// The month has a key.
    Known,
    /// The month has got a key now. Its wrapped form must be stored in the same transaction as what is sealed with it.
    New(Vec<u8>),
}

/// The keys of the months. Keys are overwritten when they are dropped.
pub struct MonthKeys {
    record: RecordKey,
    chain_id: ChainId,
    keys: BTreeMap<Month, SecretBytes>,
    salts: Mutex<RandomBuffer>,
}

impl MonthKeys {
    /// Creates keys for no month yet.
    #[must_use]
    pub fn new(record: RecordKey, chain_id: ChainId) -> Self {
        Self { record, chain_id, keys: BTreeMap::new(), salts: Mutex::default() }
    }

    /// Unwraps the stored key of a month.
    ///
    /// # Errors
    /// If it was not wrapped for this month under this record key.
    pub fn restore(&mut self, month: Month, wrapped: &[u8]) -> Result<(), PersonalError> {
        let key =
            seal::open(self.record.wrapping(), &self.wrapping(month), wrapped).map(Zeroizing::new);
        let key = key.and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok());
        self.keys.insert(month, Zeroizing::new(key.ok_or(PersonalError::Wrapped(month))?));
        Ok(())
    }

    /// Makes a random key for a month that has none.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn key(&mut self, month: Month) -> Result<MonthKey, PersonalError> {
        if self.keys.contains_key(&month) {
            return Ok(MonthKey::Known);
        }
        let mut key = Zeroizing::new([0; 32]);
        SystemRandom::open()?.fill(key.as_mut_slice())?;
        let wrapped =
            seal::seal(self.record.wrapping(), self.salt()?, &self.wrapping(month), key.as_slice());
        let wrapped = wrapped.ok_or(PersonalError::TooLong(key.len()))?;
        self.keys.insert(month, key);
        Ok(MonthKey::New(wrapped))
    }

    /// Seals a text for a place.
    ///
    /// # Errors
    /// If the month has no key, or the system has no random numbers.
    pub fn seal(&self, place: Place, month: Month, text: &[u8]) -> Result<Vec<u8>, PersonalError> {
        let key = self.key_of(month)?;
        let sealed = seal::seal(key, self.salt()?, &self.sealing(place, month), text);
        sealed.ok_or(PersonalError::TooLong(text.len()))
    }

    /// Opens a text that was sealed for a place.
    ///
    /// # Errors
    /// If the month has no key, or this is not what was sealed for the place in this month.
    pub fn open(
        &self,
        place: Place,
        month: Month,
        sealed: &[u8],
    ) -> Result<Vec<u8>, PersonalError> {
        let opened = seal::open(self.key_of(month)?, &self.sealing(place, month), sealed);
        let Place { chain, row, field } = place;
        opened.ok_or(PersonalError::Altered { chain: chain.code(), row, field })
    }

    /// Returns the associated data of a sealed text: chain with its id, row, field and month.
    fn sealing(&self, Place { chain, row, field }: Place, month: Month) -> Vec<u8> {
        format!("{}/{}/{row}/{field}/{month}", chain.code(), self.chain_id).into_bytes()
    }

    /// Returns the associated data of a wrapped key: the id of the chain, and the month.
    fn wrapping(&self, month: Month) -> Vec<u8> {
        format!("month_key/{}/{month}", self.chain_id).into_bytes()
    }

    fn key_of(&self, month: Month) -> Result<&SecretBytes, PersonalError> {
        self.keys.get(&month).ok_or(PersonalError::NoKey(month))
    }

    fn salt(&self) -> io::Result<[u8; SALT]> {
        self.salts.lock().unwrap_or_else(PoisonError::into_inner).salt()
    }
}

impl fmt::Debug for MonthKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MonthKeys({} months, ***)", self.keys.len())
    }
}

/// Random bytes, read many at once. They are for salts, which are not secret.
#[derive(Default)]
struct RandomBuffer {
    source: Option<SystemRandom>,
    bytes: Vec<u8>,
}

impl RandomBuffer {
    fn salt(&mut self) -> io::Result<[u8; SALT]> {
        if let Some(salt) = self.take() {
            return Ok(salt);
        }
        let source = match &mut self.source {
            Some(source) => source,
            none => none.insert(SystemRandom::open()?),
        };
        let mut bytes = vec![0; BUFFER];
        source.fill(&mut bytes)?;
        self.bytes = bytes;
        self.take().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn take(&mut self) -> Option<[u8; SALT]> {
        let salt = *self.bytes.last_chunk()?;
        self.bytes.truncate(self.bytes.len() - SALT);
        Some(salt)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::signing::Chain;
    use crate::values::Value;

    const PLACE: Place = Place { chain: Chain::Transfers, row: 17, field: "personal" };

    fn month(text: &str) -> Month {
        Month::from_ascii(text.as_bytes()).unwrap()
    }

    fn with_key(record: [u8; 32]) -> (MonthKeys, Vec<u8>) {
        let mut keys = MonthKeys::new(RecordKey::new(record), ChainId([3; 16]));
        let MonthKey::New(wrapped) = keys.key(month("2026-11")).unwrap() else { panic!("known") };
        (keys, wrapped)
    }

    #[test]
    fn a_restored_key_opens_what_the_first_one_sealed() {
        let (mut keys, wrapped) = with_key([7; 32]);
        assert_eq!(keys.key(month("2026-11")).unwrap(), MonthKey::Known);
        let sealed = keys.seal(PLACE, month("2026-11"), b"Siti Rahayu").unwrap();
        let mut restored = MonthKeys::new(RecordKey::new([7; 32]), ChainId([3; 16]));
        let missing = restored.open(PLACE, month("2026-11"), &sealed).unwrap_err();
        assert!(missing.to_string().contains("2026-11: the key of the month is missing"));
        restored.restore(month("2026-11"), &wrapped).unwrap();
        assert_eq!(restored.open(PLACE, month("2026-11"), &sealed).unwrap(), b"Siti Rahayu");
        assert_eq!(restored.key(month("2026-11")).unwrap(), MonthKey::Known);
        assert_eq!(format!("{restored:?}"), "MonthKeys(1 months, ***)");
    }

    #[test]
    fn a_sealed_text_opens_at_its_place_and_in_its_month_only() {
        let (mut keys, _) = with_key([7; 32]);
        assert_ne!(keys.key(month("2026-12")).unwrap(), MonthKey::Known);
        let sealed = keys.seal(PLACE, month("2026-11"), b"1234567890").unwrap();
        for place in [
            Place { row: 18, ..PLACE },
            Place { chain: Chain::Ledger, ..PLACE },
            Place { field: "summary", ..PLACE },
        ] {
            let error = keys.open(place, month("2026-11"), &sealed).unwrap_err();
            assert!(matches!(error, PersonalError::Altered { .. }), "{error}");
        }
        assert!(keys.open(PLACE, month("2026-12"), &sealed).is_err());
    }

    #[test]
    fn a_wrapped_key_is_of_its_month_and_its_record_key() {
        let (mut keys, wrapped) = with_key([7; 32]);
        assert!(!wrapped.windows(32).any(|bytes| bytes == keys.keys[&month("2026-11")].as_slice()));
        let refused = |error: PersonalError| error.to_string();
        let error = refused(keys.restore(month("2026-12"), &wrapped).unwrap_err());
        assert!(error.contains("the stored key of 2026-12 cannot be unwrapped"), "{error}");
        let mut other = MonthKeys::new(RecordKey::new([8; 32]), ChainId([3; 16]));
        assert!(other.restore(month("2026-11"), &wrapped).is_err());
        assert!(keys.restore(month("2026-11"), &wrapped[..40]).is_err());
        let (_, another) = with_key([7; 32]);
        assert_ne!(wrapped, another, "keys are random");
    }

    #[test]
    fn no_salt_occurs_twice() {
        let (keys, _) = with_key([7; 32]);
        let seal = |_| keys.seal(PLACE, month("2026-11"), b"same").unwrap();
        assert_eq!((0..300).map(seal).collect::<BTreeSet<_>>().len(), 300);
    }
}
