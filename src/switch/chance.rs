//! Chance that a seed decides: the same seed and the same calls give the same draws.

/// A small generator (`SplitMix64`). For faults and made-up traffic, never for keys.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(super) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// A number from `least` to `most`, both included; `least` if that is not below.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        let span = most.saturating_sub(least).saturating_add(1);
        least.saturating_add(self.draw() % span)
    }

    /// One of a slice; none of an empty one.
    pub(super) fn of<'t, T>(&mut self, things: &'t [T]) -> Option<&'t T> {
        let last = things.len().checked_sub(1)?;
        things.get(usize::try_from(self.between(0, u64::try_from(last).ok()?)).ok()?)
    }

    /// True so many times in a million.
    pub(super) fn millionths(&mut self, times: u32) -> bool {
        self.draw() % 1_000_000 < u64::from(times)
    }
}

/// A number from another, without a visible pattern.
pub(super) const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_and_the_bounds_are_kept() {
        let (mut one, mut other) = (Chance::new(7), Chance::new(7));
        let mut seen = [0_u32; 3];
        for _ in 0..1000 {
            let drawn = one.between(3, 5);
            assert_eq!(drawn, other.between(3, 5));
            seen[usize::try_from(drawn - 3).unwrap()] += 1;
        }
        assert!(seen.iter().all(|times| (250..420).contains(times)), "{seen:?}");
        assert!(!one.millionths(0) && one.millionths(1_000_000));
        assert_eq!(one.of::<u8>(&[]), None);
    }
}
