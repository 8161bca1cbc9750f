//! The secrets that were read so far: no two may be equal, or one party could sign as another.

use std::cell::RefCell;
use std::fmt;

use sha2::{Digest, Sha256};

/// The secrets with the keys of the settings that name them. Only their hashes are kept.
#[derive(Default)]
pub(super) struct DistinctSecrets(RefCell<Vec<([u8; 32], String)>>);

impl DistinctSecrets {
    /// Adds the secret of a key. Returns the key that had an equal secret before.
    pub(super) fn add(&self, key: String, secret: &str) -> Option<String> {
        let is_hex = secret.bytes().all(|byte| byte.is_ascii_hexdigit());
        // Hexadecimal digits in upper and lower case are the same secret.
        let hash =
            if is_hex { Sha256::digest(secret.to_lowercase()) } else { Sha256::digest(secret) };
        let mut known = self.0.borrow_mut();
        let equal = known.iter().find(|(other, _)| other[..] == hash[..]);
        let equal = equal.map(|(_, key)| key.clone());
        known.push((hash.into(), key));
        equal
    }
}

impl fmt::Debug for DistinctSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinctSecrets({})", self.0.borrow().len())
    }
}
