//! The bitmap: which data elements are present in a message.

use super::de::De;
use super::ebcdic::CodePage;

/// The bits of the primary, secondary and tertiary bitmap. Bit 1 is the highest bit of the first word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bitmap {
    pub(super) words: [u64; 3],
}

/// How a bitmap is encoded on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BitmapCoding {
    /// 8 bytes for 64 bits.
    Binary,
    /// 16 hex characters for 64 bits, in ASCII or EBCDIC.
    Hex(Option<CodePage>),
}

/// The first bit of a bitmap: another bitmap follows (ISO 8583:1987, 4.2).
pub(super) const CONTINUATION_BIT: u64 = 1 << 63;

impl Bitmap {
    /// Returns the word and the bit of a data element.
    #[inline(always)]
    const fn position(de: De) -> (usize, u64) {
        let index = de.number() as usize - 1;
        (index / 64, CONTINUATION_BIT >> (index % 64))
    }

    #[inline]
    pub(super) fn has(&self, de: De) -> bool {
        let (word, bit) = Self::position(de);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    #[inline(always)]
    pub(super) fn set(&mut self, de: De) {
        let (word, bit) = Self::position(de);
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= bit;
        }
    }

    /// Returns the number of data elements in front of this one.
    #[inline]
    pub(super) fn rank(&self, de: De) -> usize {
        let (word, bit) = Self::position(de);
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

    /// Returns the words without the continuation bits.
    #[inline(always)]
    pub(super) const fn elements(&self) -> [u64; 3] {
        let [first, second, third] = self.words;
        [first & !CONTINUATION_BIT, second & !CONTINUATION_BIT, third]
    }

    /// Iterates over the data elements that are present, in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = De> {
        self.elements().into_iter().zip([1, 65, 129]).flat_map(|(bits, first)| {
            let mut bits = bits.reverse_bits();
            std::iter::from_fn(move || {
                let position = u8::try_from(bits.trailing_zeros()).ok().filter(|_| bits != 0)?;
                bits &= bits - 1;
                De::new(first + position)
            })
        })
    }
}

impl BitmapCoding {
    /// Returns the number of bytes that encode 64 bits.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Binary => 8,
            Self::Hex(_) => 16,
        }
    }

    /// Reads 64 bits from exactly [`width`](Self::width) bytes. The error is the position of the first byte
    /// that is not a hex digit.
    #[inline(always)]
    pub(super) fn read(self, bytes: &[u8]) -> Result<u64, usize> {
        match (self, bytes.first_chunk::<8>()) {
            (Self::Binary, Some(word)) => Ok(u64::from_be_bytes(*word)),
            (Self::Binary, None) => Err(0),
            (Self::Hex(page), _) => read_hex(page, bytes),
        }
    }

    /// Writes 64 bits into exactly [`width`](Self::width) bytes.
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
    bytes.iter().enumerate().try_fold(0, |bits, (position, byte)| {
        let character = page.map_or(*byte, |page| page.to_ascii(*byte));
        let nibble = super::characters::nibble_of(character).ok_or(position)?;
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
    fn ranks_count_preceding_elements_and_skip_continuation_bits() {
        let mut bitmap = bitmap(&[2, 64, 66, 128, 129, 192]);
        bitmap.words[0] |= CONTINUATION_BIT;
        bitmap.words[1] |= CONTINUATION_BIT;
        for (rank, de) in bitmap.iter().enumerate() {
            assert_eq!(bitmap.rank(de), rank, "{de}");
        }
        assert_eq!(bitmap.iter().count(), 6);
    }

    #[test]
    fn bitmaps_match_their_wire_encoding() {
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
