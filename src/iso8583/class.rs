//! Content classes: which characters a data element may hold (ISO 8583:1987, 4.3).

use std::fmt;

use crate::spelling::name_of;

/// A content class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Digits.
    N,
    /// Letters and blank.
    A,
    /// Letters, digits and blank.
    An,
    /// Printable ASCII, blank to `~`.
    Ans,
    /// Printable ASCII without letters.
    Ns,
    /// Bits; any byte.
    B,
    /// Track 2 and 3 data: `0` to `?` of ISO/IEC 7813, with `D` as separator too.
    Z,
    /// A sign, `C` or `D`, and then digits.
    Xn,
}

impl Class {
    /// The classes by the names that a spec uses.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("n", Self::N),
        ("a", Self::A),
        ("an", Self::An),
        ("ans", Self::Ans),
        ("ns", Self::Ns),
        ("b", Self::B),
        ("z", Self::Z),
        ("x+n", Self::Xn),
    ];

    /// Whether the class admits this ASCII character at this place of the value.
    pub(super) const fn admits(self, place: usize, byte: u8) -> bool {
        match self {
            Self::Xn if place == 0 => matches!(byte, b'C' | b'D'),
            Self::N | Self::Xn => byte.is_ascii_digit(),
            Self::A => byte.is_ascii_alphabetic() || byte == b' ',
            Self::An => byte.is_ascii_alphanumeric() || byte == b' ',
            Self::Ans => matches!(byte, b' '..=b'~'),
            Self::Ns => matches!(byte, b' '..=b'~') && !byte.is_ascii_alphabetic(),
            Self::B => true,
            Self::Z => matches!(byte, b'0'..=b'?' | b'D'),
        }
    }

    /// Whether the class admits all of this ASCII text.
    #[inline]
    pub(super) fn admits_all(self, text: &[u8]) -> bool {
        match self {
            Self::N => every_word(text, swar::digits),
            Self::An => every_word(text, swar::alphanumeric_or_blank),
            Self::Ans => every_word(text, swar::printable),
            Self::B => true,
            Self::A | Self::Ns | Self::Z | Self::Xn => self.first_refused(text).is_none(),
        }
    }

    /// The place of the first character that the class refuses.
    pub(super) fn first_refused(self, text: &[u8]) -> Option<usize> {
        text.iter().enumerate().position(|(place, byte)| !self.admits(place, *byte))
    }

    /// Whether every value of another class may stand from a place on in a value of this one.
    pub(super) fn includes(self, other: Self, at: usize) -> bool {
        let admitted = |place, byte| !other.admits(place, byte) || self.admits(at + place, byte);
        (0..=u8::MAX).all(|byte| admitted(0, byte) && admitted(1, byte))
    }

    /// What a shorter value of a fixed element is filled with, and on which side (ISO 8583:1987, 4.4.1):
    /// numbers on the left with zeros, text on the right with blanks.
    pub(super) const fn filler(self) -> Option<Filler> {
        match self {
            Self::N => Some(Filler::ZerosLeft),
            Self::A | Self::An | Self::Ans | Self::Ns => Some(Filler::BlanksRight),
            Self::B | Self::Z | Self::Xn => None,
        }
    }

    /// What the length of a value is counted in.
    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::N => Unit::Digits,
            Self::B => Unit::Bytes,
            Self::A | Self::An | Self::Ans | Self::Ns | Self::Z | Self::Xn => Unit::Characters,
        }
    }

    /// What the class takes at a place of the value, in words, for an error.
    pub(super) const fn expected_at(self, place: usize) -> &'static str {
        match (self, place) {
            (Self::Xn, 0) => "C or D as its first character",
            (Self::Xn, _) => "digits after C or D",
            _ => self.expected(),
        }
    }

    /// The class in words, for an error.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::N => "digits",
            Self::A => "letters and blanks",
            Self::An => "letters, digits and blanks",
            Self::Ans => "printable ASCII",
            Self::Ns => "printable ASCII without letters",
            Self::B => "bits",
            Self::Z => "track data",
            Self::Xn => "C or D and then digits",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&Self::NAMES, self))
    }
}

/// What the length of a value is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Characters.
    Characters,
    /// Digits.
    Digits,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// A number of them in words: `1 byte`, `2 bytes`.
    pub(super) fn counted(self, number: usize) -> String {
        let name = match self {
            Self::Characters => "character",
            Self::Digits => "digit",
            Self::Bytes => "byte",
        };
        format!("{number} {name}{}", if number == 1 { "" } else { "s" })
    }
}

/// How a value that is shorter than its fixed element is filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filler {
    /// Zeros in front.
    ZerosLeft,
    /// Blanks behind.
    BlanksRight,
}

/// Runs a check of eight bytes at a time over the whole text. The check sets a bit for each byte that it
/// refuses, and never minds seeing a byte twice, so a text that is no multiple of eight is covered by
/// words that overlap.
#[inline(always)]
pub(super) fn every_word(text: &[u8], refused: impl Fn(u64) -> u64) -> bool {
    // Stopping at the first word refused keeps the loop from being vectorized, which would cost more than
    // it brings at the lengths that elements have.
    let (words, rest) = text.as_chunks::<8>();
    words.iter().all(|word| refused(u64::from_ne_bytes(*word)) == 0)
        && (rest.is_empty() || refused(last_word(text)) == 0)
}

/// The last eight bytes of a text that isn't empty; of a shorter text its bytes, some of them twice.
#[inline(always)]
pub(super) fn last_word(text: &[u8]) -> u64 {
    if let Some(word) = text.last_chunk::<8>() {
        u64::from_ne_bytes(*word)
    } else if let (Some(head), Some(tail)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u64::from(u32::from_ne_bytes(*head)) << 32 | u64::from(u32::from_ne_bytes(*tail))
    } else {
        tiny_word(text)
    }
}

/// The bytes of a text of one to three, each at least twice.
#[inline(always)]
pub(super) fn tiny_word(text: &[u8]) -> u64 {
    if let (Some(head), Some(tail)) = (text.first_chunk::<2>(), text.last_chunk::<2>()) {
        let both =
            u64::from(u16::from_ne_bytes(*head)) << 16 | u64::from(u16::from_ne_bytes(*tail));
        both << 32 | both
    } else {
        text.first().map_or(0, |byte| u64::from(*byte) * swar::EACH)
    }
}

/// Checks of eight bytes in one word. Each sets the high bit of every byte that it refuses.
///
/// They compare by adding: for a byte below 0x80, adding `0x80 - low` sets the high bit just when the byte
/// is `low` or more, without a carry into its neighbour. A byte of 0x80 or more may carry, but it is
/// refused itself, and so the word is.
pub(super) mod swar {
    /// One in each byte.
    pub(crate) const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;

    #[inline(always)]
    const fn at_least(word: u64, low: u8) -> u64 {
        word.wrapping_add((0x80 - low as u64) * EACH)
    }

    #[inline(always)]
    const fn between(word: u64, low: u8, high: u8) -> u64 {
        at_least(word, low) & !at_least(word, high + 1)
    }

    /// A range of characters, as data.
    pub(crate) struct Range {
        to_low: u64,
        to_over: u64,
    }

    impl Range {
        /// No byte.
        pub(crate) const NOTHING: Self = Self { to_low: 0, to_over: 0 };

        /// The ASCII characters from `low` to `high`.
        pub(crate) const fn new(low: u8, high: u8) -> Self {
            let (to_low, to_over) = (0x80 - low as u64, 0x80 - (high as u64 + 1));
            Self { to_low: to_low * EACH, to_over: to_over * EACH }
        }

        #[inline(always)]
        pub(crate) const fn refused(&self, word: u64) -> u64 {
            let inside = word.wrapping_add(self.to_low) & !word.wrapping_add(self.to_over);
            (word | !inside) & HIGH
        }
    }

    #[inline(always)]
    pub(crate) const fn digits(word: u64) -> u64 {
        let value = word ^ (b'0' as u64 * EACH);
        (at_least(value, 10) | value) & HIGH
    }

    #[inline(always)]
    pub(crate) const fn printable(word: u64) -> u64 {
        (word | !between(word, b' ', b'~')) & HIGH
    }

    #[inline(always)]
    pub(crate) const fn alphanumeric_or_blank(word: u64) -> u64 {
        let letter = between(word | (0x20 * EACH), b'a', b'z');
        let digit = between(word, b'0', b'9');
        let blank = between(word, b' ', b' ');
        (word | !(letter | digit | blank)) & HIGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Class; 8] =
        [Class::N, Class::A, Class::An, Class::Ans, Class::Ns, Class::B, Class::Z, Class::Xn];

    #[test]
    fn words_and_bytes_agree_on_every_byte_at_every_place_of_every_length() {
        for class in ALL {
            let good = if class == Class::A { b'A' } else { b'0' };
            for length in 1..=19 {
                for place in 0..length {
                    for byte in 0..=u8::MAX {
                        let mut text = vec![good; length];
                        if class == Class::Xn {
                            text[0] = b'C';
                        }
                        text[place] = byte;
                        let expected = class.admits(place, byte);
                        assert_eq!(class.admits_all(&text), expected, "{class} {text:?}");
                        assert_eq!(class.first_refused(&text), (!expected).then_some(place));
                    }
                }
            }
        }
    }

    #[test]
    fn no_text_is_text_of_every_class() {
        assert!(ALL.iter().all(|class| class.admits_all(b"")));
    }
}
