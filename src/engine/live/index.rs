//! Ways to find an entry by keys that it holds itself: five bytes a key, in a table of places, where a map from keys takes forty;
//! and what is open may wait for days.

use std::hash::Hasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry::{Occupied, Vacant};

/// Where a key lies: in which slot, and which of the entry's keys of this kind it is, of two at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

impl Place {
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

/// Places by their keys. Whoever asks says by `at` which key lies at a place: every place in here has one, until it is removed.
#[derive(Debug, Default)]
pub(super) struct Index(HashTable<Place>);

impl Index {
    /// The slot that has a key.
    pub(super) fn find(&self, key: u128, at: impl Fn(Place) -> Option<u128>) -> Option<u32> {
        self.0.find(hash(key), |place| at(*place) == Some(key)).map(|place| place.slot())
    }

    /// Puts in a key that lies here now; an equal one that lies elsewhere is not found any more.
    pub(super) fn insert(&mut self, key: u128, here: Place, at: impl Fn(Place) -> Option<u128>) {
        let is_equal = |place: &Place| at(*place) == Some(key);
        let rehash = |place: &Place| hash(at(*place).unwrap_or_default());
        match self.0.entry(hash(key), is_equal, rehash) {
            Occupied(mut equal) => *equal.get_mut() = here,
            Vacant(free) => drop(free.insert(here)),
        }
    }

    /// Takes out a key that lies here, unless an equal one has taken its place.
    pub(super) fn remove(&mut self, key: u128, here: Place) {
        if let Ok(found) = self.0.find_entry(hash(key), |place| *place == here) {
            found.remove();
        }
    }
}

fn hash(key: u128) -> u64 {
    let mut mixer = Mixer::default();
    mixer.write_u128(key);
    mixer.finish()
}

/// A hasher without a secret: ids and keys are ours or cryptographic hashes, so nobody can aim at it, and the
/// same run gives the same table.
#[derive(Default)]
pub(in crate::engine) struct Mixer(u64);

impl Hasher for Mixer {
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
    fn keys_are_found_where_they_lie_however_many_come_and_go() {
        let mut keys: Vec<[Option<u128>; 2]> = Vec::new();
        let mut index = Index::default();
        for slot in 0..10_000_u32 {
            // Keys that fold alike are told apart all the same.
            let key = u128::from(slot % 5_000) << 64 | u128::from(slot);
            keys.push([Some(key), Some(!key)]);
            let at = |place: Place| keys[place.slot() as usize][place.nth()];
            index.insert(key, Place::new(slot, 0), at);
            index.insert(!key, Place::new(slot, 1), at);
        }
        for slot in (0..10_000).step_by(3) {
            let [first, second] = keys[slot as usize].map(Option::unwrap);
            index.remove(first, Place::new(slot, 1));
            index.remove(second, Place::new(slot, 1));
        }
        let at = |place: Place| keys[place.slot() as usize][place.nth()];
        for slot in 0..10_000 {
            let [first, second] = keys[slot as usize].map(Option::unwrap);
            assert_eq!(index.find(first, at), Some(slot), "which lies at the first place");
            assert_eq!(index.find(second, at), (slot % 3 > 0).then_some(slot));
        }
    }

    #[test]
    fn an_equal_key_takes_the_place_of_the_other() {
        let mut index = Index::default();
        let at = |_| Some(7);
        index.insert(7, Place::new(1, 0), at);
        index.insert(7, Place::new(2, 0), at);
        index.remove(7, Place::new(1, 0));
        assert_eq!(index.find(7, at), Some(2));
        index.remove(7, Place::new(2, 0));
        assert_eq!(index.find(7, at), None);
    }
}
