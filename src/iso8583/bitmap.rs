//! The bitmap: which data elements a message has.

use super::de::De;
use super::ebcdic::CodePage;

/// The bits of primary, secondary and tertiary bitmap; bit 1 is the highest of the first word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bitmap {
    pub(super) words: [u64; 3],
}

/// How a bitmap lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BitmapCoding {
    /// 8 bytes for 64 bits.
    Binary,
    /// 16 hex characters for 64 bits, in ASCII or EBCDIC.
    Hex(Option<CodePage>),
}

/// The bit of the first element of a word: that another bitmap follows.
pub(super) const ANOTHER: u64 = 1 << 63;

impl Bitmap {
    /// Word and bit of an element.
    #[inline(always)]
    const fn place(de: De) -> (usize, u64) {
        let index = de.number() as usize - 1;
        (index / 64, ANOTHER >> (index % 64))
    }

    #[inline]
    pub(super) fn has(&self, de: De) -> bool {
        let (word, bit) = Self::place(de);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    #[inline(always)]
    pub(super) fn set(&mut self, de: De) {
        let (word, bit) = Self::place(de);
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= bit;
        }
    }

    /// How many elements come before this one.
    #[inline]
    pub(super) fn rank(&self, de: De) -> usize {
        let (word, bit) = Self::place(de);
        let above = !(bit | (bit - 1));
        let masks = match word {
            0 => [above, 0, 0],
            1 => [u64::MAX, above, 0],
            _ => [u64::MAX, u64::MAX, above],
        };
        let count: u32 =
            self.elements().iter().zip(masks).map(|(bits, mask)| (bits & mask).count_ones()).sum();
        count as usize
    }

    /// The words without the bits that only say that another bitmap follows.
    #[inline(always)]
    pub(super) const fn elements(&self) -> [u64; 3] {
        let [first, second, third] = self.words;
        [first & !ANOTHER, second & !ANOTHER, third]
    }

    /// The elements in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = De> {
        self.elements().into_iter().zip([1, 65, 129]).flat_map(|(bits, first)| {
            let mut bits = bits.reverse_bits();
            std::iter::from_fn(move || {
                let place = u8::try_from(bits.trailing_zeros()).ok().filter(|_| bits != 0)?;
                bits &= bits - 1;
                De::new(first + place)
            })
        })
    }
}

impl BitmapCoding {
    /// Bytes of 64 bits.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Binary => 8,
            Self::Hex(_) => 16,
        }
    }

    /// Reads 64 bits from bytes as many as the width; the error is the place of the first that is no hex.
    #[inline(always)]
    pub(super) fn read(self, bytes: &[u8]) -> Result<u64, usize> {
        match (self, bytes.first_chunk::<8>()) {
            (Self::Binary, Some(word)) => Ok(u64::from_be_bytes(*word)),
            (Self::Binary, None) => Err(0),
            (Self::Hex(page), _) => read_hex(page, bytes),
        }
    }

    /// Writes 64 bits into bytes as many as the width.
    #[inline(always)]
    pub(super) fn write(self, bits: u64, bytes: &mut [u8]) {
        match self {
            Self::Binary => {
                if let Some(word) = bytes.first_chunk_mut::<8>() {
                    *word = bits.to_be_bytes();
                }
            }
            Self::Hex(page) => write_hex(page, bits, bytes),
        }
    }
}

fn read_hex(page: Option<CodePage>, bytes: &[u8]) -> Result<u64, usize> {
    bytes.iter().enumerate().try_fold(0, |bits, (place, byte)| {
        let character = page.map_or(*byte, |page| page.to_ascii(*byte));
        let nibble = super::characters::nibble_of(character).ok_or(place)?;
        Ok(bits << 4 | u64::from(nibble))
    })
}

fn write_hex(page: Option<CodePage>, bits: u64, bytes: &mut [u8]) {
    let mut rest = bits;
    for byte in bytes.iter_mut().rev() {
        let character = super::characters::hex_character((rest & 0xF) as u8);
        *byte = page.map_or(character, |page| page.to_ebcdic(character));
        rest >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bitmap(numbers: &[u8]) -> Bitmap {
        let mut bitmap = Bitmap::default();
        for number in numbers {
            bitmap.set(De::new(*number).unwrap());
        }
        bitmap
    }

    #[test]
    fn ranks_count_the_elements_before_and_skip_the_bitmap_bits() {
        let mut bitmap = bitmap(&[2, 64, 66, 128, 129, 192]);
        bitmap.words[0] |= ANOTHER;
        bitmap.words[1] |= ANOTHER;
        for (rank, de) in bitmap.iter().enumerate() {
            assert_eq!(bitmap.rank(de), rank, "{de}");
        }
        assert_eq!(bitmap.iter().count(), 6);
    }

    #[test]
    fn bits_lie_on_the_wire_as_the_coding_says() {
        let bits = bitmap(&[2, 3, 64]).words[0];
        for (coding, wire) in [
            (BitmapCoding::Binary, &[0x60, 0, 0, 0, 0, 0, 0, 0x01][..]),
            (BitmapCoding::Hex(None), b"6000000000000001"),
        ] {
            let mut bytes = vec![0; coding.width()];
            coding.write(bits, &mut bytes);
            assert_eq!(bytes, wire);
            assert_eq!(coding.read(wire), Ok(bits));
        }
        let ebcdic = BitmapCoding::Hex(Some(CodePage::Ibm037));
        let mut bytes = [0; 16];
        ebcdic.write(0xABCD_0000_0000_0000, &mut bytes);
        assert_eq!(bytes[..5], [0xC1, 0xC2, 0xC3, 0xC4, 0xF0]);
        assert_eq!(ebcdic.read(&bytes), Ok(0xABCD_0000_0000_0000));
        assert_eq!(BitmapCoding::Hex(None).read(b"60000g0000000001"), Err(5));
    }
}
