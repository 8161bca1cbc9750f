//! The record key, and what is derived from it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A secret of 32 bytes. It is overwritten when it is dropped.
pub(super) type SecretBytes = Zeroizing<[u8; 32]>;

/// The key that protects personal data: it wraps the month keys and makes look-up hashes. Secret.
///
/// Only keys that are derived from it are kept, one for each use.
#[derive(Clone)]
pub struct RecordKey {
    wrapping: SecretBytes,
    hashing: Hmac<Sha256>,
}

impl RecordKey {
    /// Creates the key from its 32 bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        let key = hmac_of(&Zeroizing::new(bytes));
        let derived = |purpose: &str| -> SecretBytes {
            Zeroizing::new(key.clone().chain_update(purpose).finalize().into_bytes().into())
        };
        Self {
            wrapping: derived("titian record key: month keys"),
            hashing: hmac_of(&derived("titian record key: look-up hashes")),
        }
    }

    /// Returns the look-up hash of a text: the first 16 bytes of an HMAC-SHA-256. Hashes of different purposes cannot be
    /// compared.
    #[must_use]
    pub fn lookup_hash(&self, purpose: &str, text: &[u8]) -> u128 {
        let mac = self
            .hashing
            .clone()
            .chain_update((purpose.len() as u64).to_be_bytes())
            .chain_update(purpose)
            .chain_update(text);
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        hash.first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
    }

    /// Derives a key for a purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        // A look-up hash begins with a length, which these words are not.
        let mac = self.hashing.clone().chain_update("derived key: ").chain_update(purpose);
        mac.finalize().into_bytes().into()
    }

    /// Returns the key that wraps month keys.
    pub(super) const fn wrapping(&self) -> &SecretBytes {
        &self.wrapping
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(***)")
    }
}

/// Returns the HMAC under a key. RFC 2104 pads the key with zeros to a block.
fn hmac_of(key: &SecretBytes) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key.iter()).for_each(|(to, from)| *to = *from);
    Hmac::new(&(*block).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        // Test case 3, whose key of 20 bytes is padded with zeros as ours is.
        let mut key = [0; 32];
        key[..20].fill(0xaa);
        let mac = hmac_of(&Zeroizing::new(key)).chain_update([0xdd; 50]).finalize().into_bytes();
        let expected = "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe";
        assert_eq!(crate::hex::hex(&mac), expected);
    }

    #[test]
    fn a_hash_depends_on_the_key_the_purpose_and_the_text() {
        let key = RecordKey::new([7; 32]);
        let hash = key.lookup_hash("account", b"1234567890");
        assert_eq!(hash, RecordKey::new([7; 32]).lookup_hash("account", b"1234567890"));
        assert_ne!(hash, RecordKey::new([8; 32]).lookup_hash("account", b"1234567890"));
        assert_ne!(hash, key.lookup_hash("account", b"1234567891"));
        assert_ne!(hash, key.lookup_hash("account1", b"234567890"), "the purpose has its length");
        assert_eq!(format!("{key:?}"), "RecordKey(***)");
    }
}
