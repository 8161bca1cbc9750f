//! The contents of the secrets and files that keys name: as hashes, so that a reload finds what changed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

/// The hashes by key. They are never shown: that of a secret stays secret.
#[derive(Default)]
pub struct Contents(RefCell<BTreeMap<String, [u8; 32]>>);

impl Contents {
    /// Adds the content of a key: the next file, if it names several.
    pub(super) fn add(&self, key: String, content: &[u8]) {
        let mut known = self.0.borrow_mut();
        let hash = known.entry(key).or_default();
        let added = Sha256::new().chain_update(*hash).chain_update(content);
        *hash = added.finalize().into();
    }

    pub(super) fn take(&self) -> Self {
        Self(RefCell::new(self.0.take()))
    }

    /// Returns the keys with their hashes.
    #[must_use]
    pub fn into_hashes(self) -> BTreeMap<String, [u8; 32]> {
        self.0.into_inner()
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contents({})", self.0.borrow().len())
    }
}
