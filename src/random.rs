//! Random numbers: a generator with a seed, and the sources of seeds and secrets.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};

use rsa::rand_core::{TryCryptoRng, TryRng};

/// The distance of two states in the sequence.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// A small generator (`SplitMix64`, Steele and others 2014) for jitter, faults and generated load: the same seed and the same
/// calls give the same numbers. Not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws any number.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mixed(self.0)
    }

    /// Draws a number of 32 bits.
    pub const fn draw_short(&mut self) -> u32 {
        (self.draw() >> 32) as u32
    }

    /// Draws a number from `least` to `most`, both included; `least` if `most` is below it.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        let span = most.saturating_sub(least).saturating_add(1);
        least.saturating_add(self.draw() % span)
    }

    /// Draws an element of a slice; `None` if the slice is empty.
    pub fn choose<'t, T>(&mut self, slice: &'t [T]) -> Option<&'t T> {
        let last = slice.len().checked_sub(1)?;
        slice.get(usize::try_from(self.between(0, u64::try_from(last).ok()?)).ok()?)
    }

    /// Returns true with a probability in millionths.
    pub fn is_hit(&mut self, millionths: u32) -> bool {
        self.draw() % 1_000_000 < u64::from(millionths)
    }
}

/// Returns the number at an index of a seed's sequence.
#[must_use]
pub const fn nth(seed: u64, index: u64) -> u64 {
    mixed(seed.wrapping_add(index.wrapping_mul(GAMMA)))
}

/// Returns an unpredictable number, from the seed of the standard library's hash maps. It is for seeds, not for secrets.
#[must_use]
pub fn unpredictable() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The random source of the system, for secrets.
#[derive(Debug)]
pub struct SystemRandom(File);

impl SystemRandom {
    /// The file of the source.
    pub const PATH: &str = "/dev/urandom";

    /// Opens the source.
    ///
    /// # Errors
    /// If the system has none.
    pub fn open() -> io::Result<Self> {
        File::open(Self::PATH).map(Self)
    }

    /// Fills a buffer.
    ///
    /// # Errors
    /// If the source can't be read.
    pub fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact(bytes)
    }
}

/// As the RSA library asks for it.
impl TryRng for SystemRandom {
    type Error = io::Error;

    fn try_next_u32(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.fill(bytes)
    }
}

impl TryCryptoRng for SystemRandom {}

/// Mixes the bits of a number, so that similar numbers give dissimilar ones.
#[must_use]
pub const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_numbers_within_the_bounds() {
        let (mut one, mut other) = (Random::new(7), Random::new(7));
        let mut counts = [0_u32; 3];
        for _ in 0..1000 {
            let drawn = one.between(3, 5);
            assert_eq!(drawn, other.between(3, 5));
            counts[usize::try_from(drawn - 3).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (250..420).contains(count)), "{counts:?}");
        assert!(!one.is_hit(0) && one.is_hit(1_000_000));
        assert_eq!(one.choose::<u8>(&[]), None);
    }

    #[test]
    fn a_number_by_its_index_is_that_of_the_sequence() {
        let mut random = Random::new(7);
        assert!((1..100).all(|index| nth(7, index) == random.draw()));
    }
}
