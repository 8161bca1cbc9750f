//! Content classes: the characters that a data element accepts (ISO 8583:1987, 4.3).

use std::fmt;

use crate::spelling::name_of;

/// A content class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Digits.
    N,
    /// Letters and space.
    A,
    /// Letters, digits and space.
    An,
    /// Printable ASCII, space to `~`.
    Ans,
    /// Printable ASCII without letters.
    Ns,
    /// Bits; any byte.
    B,
    /// Track 2 and 3 data: `0` to `?` of ISO/IEC 7813, and `D` as separator.
    Z,
    /// A sign (`C` or `D`) followed by digits.
    Xn,
}

impl Class {
    /// The classes with their names in specs.
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

    /// Returns whether the class accepts this ASCII character at this position of the value.
    pub(super) const fn accepts(self, position: usize, byte: u8) -> bool {
        match self {
            Self::Xn if position == 0 => matches!(byte, b'C' | b'D'),
            Self::N | Self::Xn => byte.is_ascii_digit(),
            Self::A => byte.is_ascii_alphabetic() || byte == b' ',
            Self::An => byte.is_ascii_alphanumeric() || byte == b' ',
            Self::Ans => matches!(byte, b' '..=b'~'),
            Self::Ns => matches!(byte, b' '..=b'~') && !byte.is_ascii_alphabetic(),
            Self::B => true,
            Self::Z => matches!(byte, b'0'..=b'?' | b'D'),
        }
    }

    /// Returns whether the class accepts all of this ASCII text.
    #[inline]
    pub(super) fn accepts_all(self, text: &[u8]) -> bool {
        match self {
            Self::N => every_word(text, swar::digits),
            Self::An => every_word(text, swar::alphanumeric_or_space),
            Self::Ans => every_word(text, swar::printable),
            Self::B => true,
            Self::A | Self::Ns | Self::Z | Self::Xn => self.first_invalid(text).is_none(),
        }
    }

    /// Returns the position of the first character that the class does not accept.
    pub(super) fn first_invalid(self, text: &[u8]) -> Option<usize> {
        text.iter().enumerate().position(|(position, byte)| !self.accepts(position, *byte))
    }

    /// Returns whether every value of another class is valid in a value of this class, from position `at` on.
    pub(super) fn includes(self, other: Self, at: usize) -> bool {
        let accepted =
            |position, byte| !other.accepts(position, byte) || self.accepts(at + position, byte);
        (0..=u8::MAX).all(|byte| accepted(0, byte) && accepted(1, byte))
    }

    /// Returns how a short value of a fixed element is padded (ISO 8583:1987, 4.4.1): numbers with zeros on
    /// the left, text with spaces on the right.
    pub(super) const fn padding(self) -> Option<Padding> {
        match self {
            Self::N => Some(Padding::ZerosLeft),
            Self::A | Self::An | Self::Ans | Self::Ns => Some(Padding::SpacesRight),
            Self::B | Self::Z | Self::Xn => None,
        }
    }

    /// Returns the unit in which the length of a value is counted.
    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::N => Unit::Digits,
            Self::B => Unit::Bytes,
            Self::A | Self::An | Self::Ans | Self::Ns | Self::Z | Self::Xn => Unit::Characters,
        }
    }

    /// Returns the characters that the class accepts at a position, for error messages.
    pub(super) const fn expected_at(self, position: usize) -> &'static str {
        match (self, position) {
            (Self::Xn, 0) => "C or D as the first character",
            (Self::Xn, _) => "digits after C or D",
            _ => self.expected(),
        }
    }

    /// Returns the characters that the class accepts, for error messages.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::N => "digits",
            Self::A => "letters and spaces",
            Self::An => "letters, digits and spaces",
            Self::Ans => "printable ASCII",
            Self::Ns => "printable ASCII without letters",
            Self::B => "bits",
            Self::Z => "track data",
            Self::Xn => "C or D followed by digits",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&Self::NAMES, self))
    }
}

/// The unit of a length.
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
    /// Formats a number with the unit: `1 byte`, `2 bytes`.
    pub(super) fn with_count(self, number: usize) -> String {
        let name = match self {
            Self::Characters => "character",
            Self::Digits => "digit",
            Self::Bytes => "byte",
        };
        format!("{number} {name}{}", if number == 1 { "" } else { "s" })
    }
}

/// How a value that is shorter than its fixed element is padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Padding {
    /// Zeros on the left.
    ZerosLeft,
    /// Spaces on the right.
    SpacesRight,
}

/// Checks a whole text, eight bytes at a time. The check sets a bit for each byte that it rejects. A text
/// whose length is not a multiple of eight is covered by overlapping words, because checking a byte twice is
/// harmless.
#[inline(always)]
pub(super) fn every_word(text: &[u8], refused: impl Fn(u64) -> u64) -> bool {
    // Stopping at the first rejected word keeps the loop from being vectorized. At the lengths of data
    // elements, vectorizing costs more than it saves.
    let (words, rest) = text.as_chunks::<8>();
    words.iter().all(|word| refused(u64::from_ne_bytes(*word)) == 0)
        && (rest.is_empty() || refused(last_word(text)) == 0)
}

/// Returns the last eight bytes of a text that is not empty; for a shorter text its bytes, some of them
/// twice.
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

/// Returns the bytes of a text of one to three bytes, each at least twice.
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

/// Checks of eight bytes in one word. Each sets the high bit of every byte that it rejects.
///
/// The comparison is an addition. For a byte below 0x80, adding `0x80 - low` sets the high bit exactly if the
/// byte is `low` or more, without a carry into the next byte. A byte of 0x80 or more may carry, but it is
/// rejected itself, and so is the word.
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
        /// The empty range.
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
    pub(crate) const fn alphanumeric_or_space(word: u64) -> u64 {
        let letter = between(word | (0x20 * EACH), b'a', b'z');
        let digit = between(word, b'0', b'9');
        let space = between(word, b' ', b' ');
        (word | !(letter | digit | space)) & HIGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Class; 8] =
        [Class::N, Class::A, Class::An, Class::Ans, Class::Ns, Class::B, Class::Z, Class::Xn];

    #[test]
    fn words_and_bytes_agree_on_every_byte_at_every_position_of_every_length() {
        for class in ALL {
            let good = if class == Class::A { b'A' } else { b'0' };
            for length in 1..=19 {
                for position in 0..length {
                    for byte in 0..=u8::MAX {
                        let mut text = vec![good; length];
                        if class == Class::Xn {
                            text[0] = b'C';
                        }
                        text[position] = byte;
                        let expected = class.accepts(position, byte);
                        assert_eq!(class.accepts_all(&text), expected, "{class} {text:?}");
                        assert_eq!(class.first_invalid(&text), (!expected).then_some(position));
                    }
                }
            }
        }
    }

    #[test]
    fn the_empty_text_is_valid_in_every_class() {
        assert!(ALL.iter().all(|class| class.accepts_all(b"")));
    }
}
