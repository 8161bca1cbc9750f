//! A random generator with a seed: the same seed and the same calls give the same numbers.

/// A small generator (`SplitMix64`) for faults and generated traffic. Not for cryptographic keys.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws any number.
    pub(super) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// Draws a number from `least` to `most`, both included; `least` if `most` is below it.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        let span = most.saturating_sub(least).saturating_add(1);
        least.saturating_add(self.draw() % span)
    }

    /// Draws an element of a slice; `None` if the slice is empty.
    pub(super) fn choose<'t, T>(&mut self, slice: &'t [T]) -> Option<&'t T> {
        let last = slice.len().checked_sub(1)?;
        slice.get(usize::try_from(self.between(0, u64::try_from(last).ok()?)).ok()?)
    }

    /// Returns true with a probability in millionths.
    pub(super) fn is_hit(&mut self, millionths: u32) -> bool {
        self.draw() % 1_000_000 < u64::from(millionths)
    }
}

/// Mixes the bits of a number, so that similar numbers give dissimilar ones.
pub(super) const fn mixed(number: u64) -> u64 {
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
}
