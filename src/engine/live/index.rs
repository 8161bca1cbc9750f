//! Indexes that find a transfer by keys that its entry holds itself. An index takes five bytes a key. A map that stores the keys
//! takes forty, and an open transfer may stay in memory for days.

use std::hash::Hasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry::{Occupied, Vacant};

/// The location of a key: the slot of the entry, and which of its two keys of this kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyLocation(u32);

impl KeyLocation {
    pub(super) fn new(slot: u32, nth: usize) -> Self {
        Self(slot << 1 | u32::from(nth > 0))
    }

    pub(super) const fn slot(self) -> u32 {
        self.0 >> 1
    }

    pub(super) const fn nth(self) -> usize {
        (self.0 & 1) as usize
    }
}

/// Locations by key. The caller passes `key_at`, which reads the key at a location. Every location in the index has a key until
/// the location is removed.
#[derive(Debug, Default)]
pub(super) struct KeyIndex(HashTable<KeyLocation>);

impl KeyIndex {
    /// Returns the slot that has a key.
    pub(super) fn find(
        &self,
        key: u128,
        key_at: impl Fn(KeyLocation) -> Option<u128>,
    ) -> Option<u32> {
        let is_equal = |location: &KeyLocation| key_at(*location) == Some(key);
        self.0.find(hash(key), is_equal).map(|location| location.slot())
    }

    /// Inserts the location of a key. It replaces the location of an equal key, which is not found any more.
    pub(super) fn insert(
        &mut self,
        key: u128,
        location: KeyLocation,
        key_at: impl Fn(KeyLocation) -> Option<u128>,
    ) {
        let is_equal = |location: &KeyLocation| key_at(*location) == Some(key);
        let rehash = |location: &KeyLocation| hash(key_at(*location).unwrap_or_default());
        match self.0.entry(hash(key), is_equal, rehash) {
            Occupied(mut equal) => *equal.get_mut() = location,
            Vacant(free) => drop(free.insert(location)),
        }
    }

    /// Removes the location of a key, unless an equal key has replaced it.
    pub(super) fn remove(&mut self, key: u128, location: KeyLocation) {
        if let Ok(entry) = self.0.find_entry(hash(key), |other| *other == location) {
            entry.remove();
        }
    }
}

fn hash(key: u128) -> u64 {
    let mut hasher = IdHasher::default();
    hasher.write_u128(key);
    hasher.finish()
}

/// A hasher without a secret. Ids are our own and keys are cryptographic hashes, so an attacker cannot choose colliding ones.
/// The same run gives the same table.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn write_u128(&mut self, number: u128) {
        let folded = u64::try_from(number >> 64).unwrap_or_default()
            ^ u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default();
        let mixed = (folded ^ (folded >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_after_many_inserts_and_removes() {
        let mut keys: Vec<[Option<u128>; 2]> = Vec::new();
        let mut index = KeyIndex::default();
        for slot in 0..10_000_u32 {
            // Different keys with the same folded value must stay distinct.
            let key = u128::from(slot % 5_000) << 64 | u128::from(slot);
            keys.push([Some(key), Some(!key)]);
            let at = |location: KeyLocation| keys[location.slot() as usize][location.nth()];
            index.insert(key, KeyLocation::new(slot, 0), at);
            index.insert(!key, KeyLocation::new(slot, 1), at);
        }
        for slot in (0..10_000).step_by(3) {
            let [first, second] = keys[slot as usize].map(Option::unwrap);
            index.remove(first, KeyLocation::new(slot, 1));
            index.remove(second, KeyLocation::new(slot, 1));
        }
        let at = |location: KeyLocation| keys[location.slot() as usize][location.nth()];
        for slot in 0..10_000 {
            let [first, second] = keys[slot as usize].map(Option::unwrap);
            assert_eq!(index.find(first, at), Some(slot), "the first key is still at its location");
            assert_eq!(index.find(second, at), (slot % 3 > 0).then_some(slot));
        }
    }

    #[test]
    fn an_equal_key_replaces_the_earlier_one() {
        let mut index = KeyIndex::default();
        let at = |_| Some(7);
        index.insert(7, KeyLocation::new(1, 0), at);
        index.insert(7, KeyLocation::new(2, 0), at);
        index.remove(7, KeyLocation::new(1, 0));
        assert_eq!(index.find(7, at), Some(2));
        index.remove(7, KeyLocation::new(2, 0));
        assert_eq!(index.find(7, at), None);
    }
}
