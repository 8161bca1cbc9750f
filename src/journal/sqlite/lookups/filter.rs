//! A Bloom filter in blocks of one cache line. It never rules out a key that it has. It fails to rule out about one in a
//! hundred of the other keys.

/// The number of bits for each key.
const BITS: usize = 10;

/// The number of bits that a key sets, all in one block.
const SET: u32 = 6;

#[derive(Debug)]
pub(super) struct Filter {
    blocks: Vec<[u64; 8]>,
}

impl Filter {
    /// Creates a filter for a number of keys.
    pub(super) fn new(keys: usize) -> Self {
        Self { blocks: vec![[0; 8]; (keys * BITS).div_ceil(512).max(1)] }
    }

    pub(super) fn insert(&mut self, key: u128) {
        let (block, bits) = self.place(key);
        if let Some(block) = self.blocks.get_mut(block) {
            for (word, mask) in block.iter_mut().zip(masks(bits)) {
                *word |= mask;
            }
        }
    }

    /// Returns whether the filter may have the key.
    pub(super) fn may_have(&self, key: u128) -> bool {
        let (block, bits) = self.place(key);
        let block = self.blocks.get(block);
        block.is_some_and(|block| {
            block.iter().zip(masks(bits)).all(|(word, mask)| word & mask == mask)
        })
    }

    /// Returns the block of a key, and the number that selects its bits. Keys need not be random, so they are mixed.
    fn place(&self, key: u128) -> (usize, u64) {
        let mixed = (key ^ (key >> 67)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        let (high, low) = (mixed >> 64, (mixed ^ (mixed >> 61)) & u128::from(u64::MAX));
        let block = (high * self.blocks.len() as u128) >> 64;
        (usize::try_from(block).unwrap_or(0), u64::try_from(low).unwrap_or(0))
    }
}

/// Returns the bits of a key in each word of its block. Each of six groups of nine bits selects a word and a bit.
fn masks(bits: u64) -> [u64; 8] {
    let mut masks = [0_u64; 8];
    for nth in 0..SET {
        let place = bits >> (9 * nth);
        if let Some(mask) = masks.get_mut(usize::try_from(place & 7).unwrap_or(0)) {
            *mask |= 1 << (place >> 3 & 63);
        }
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a hash, like a real key.
    fn key(number: u128) -> u128 {
        (number + 1).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D).rotate_left(57)
    }

    #[test]
    fn no_key_is_ruled_out_wrongly_and_few_others_pass() {
        for spread in [key, |number| number] {
            let mut filter = Filter::new(20_000);
            (0..20_000).for_each(|number| filter.insert(spread(number)));
            assert!((0..20_000).all(|number| filter.may_have(spread(number))));
            let passed =
                (20_000..220_000).filter(|number| filter.may_have(spread(*number))).count();
            assert!(passed < 4_000, "{passed} of 200,000, at most 2 %");
        }
    }
}
