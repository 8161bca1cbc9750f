//! The characters of a value, independent of its wire encoding.

use std::borrow::Cow;

use super::class::Class;
use super::coding::{Coding, Pad};

/// A run of characters of a value, as ASCII: digits for BCD, upper-case hex for bits.
#[derive(Clone, Copy)]
pub(super) struct Characters<'m> {
    coding: Coding,
    raw: &'m [u8],
    start: usize,
    count: usize,
}

impl<'m> Characters<'m> {
    /// Creates a view of the `count` characters that are encoded in `raw`.
    pub(super) fn new(coding: Coding, raw: &'m [u8], count: usize) -> Self {
        let padded = matches!(coding, Coding::Bcd(Pad::Left)) && count % 2 == 1;
        Self { coding, raw, start: usize::from(padded), count }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns the character at a position. Returns 0, which no class accepts, for a byte that is not a
    /// character of the coding.
    pub(super) fn at(&self, position: usize) -> u8 {
        let byte_at = |at: usize| self.raw.get(at).copied().unwrap_or_default();
        let position = self.start + position;
        match self.coding {
            Coding::Ascii => byte_at(position),
            Coding::Ebcdic(page) => page.to_ascii(byte_at(position)),
            Coding::Bcd(_) => bcd_character(nibble(byte_at(position / 2), position)),
            Coding::Binary => hex_character(nibble(byte_at(position / 2), position)),
            Coding::Hex(None) => byte_at(position).to_ascii_uppercase(),
            Coding::Hex(Some(page)) => page.to_ascii(byte_at(position)).to_ascii_uppercase(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u8> {
        (0..self.count).map(|position| self.at(position))
    }

    /// Returns `count` characters from a position on; `None` if there are fewer.
    pub(super) fn slice(&self, from: usize, count: usize) -> Option<Self> {
        (from.checked_add(count)? <= self.count).then_some(Self {
            start: self.start + from,
            count,
            ..*self
        })
    }

    /// Returns the wire bytes if they are ASCII.
    #[inline]
    pub(super) fn as_ascii(&self) -> Option<&'m [u8]> {
        match self.coding {
            Coding::Ascii => self.raw.get(self.start..self.start + self.count),
            Coding::Ebcdic(_) | Coding::Bcd(_) | Coding::Binary | Coding::Hex(_) => None,
        }
    }

    /// Returns the characters as text, without a copy if the wire is ASCII.
    pub(super) fn text(&self) -> Cow<'m, str> {
        match self.as_ascii().map(std::str::from_utf8) {
            Some(Ok(text)) => Cow::Borrowed(text),
            Some(Err(_)) | None => Cow::Owned(self.iter().map(char::from).collect()),
        }
    }

    /// Returns the position of the first character that the class does not accept.
    #[inline]
    pub(super) fn first_invalid(&self, class: Class) -> Option<usize> {
        if let Some(text) = self.as_ascii() {
            return if class.accepts_all(text) { None } else { class.first_invalid(text) };
        }
        match self.coding {
            Coding::Hex(_) => self.iter().position(|character| !character.is_ascii_hexdigit()),
            Coding::Ascii | Coding::Ebcdic(_) | Coding::Bcd(_) | Coding::Binary => {
                self.iter().enumerate().position(|(position, character)| {
                    character == 0 || !class.accepts(position, character)
                })
            }
        }
    }

    /// Returns the offset of the content byte that holds the character at a position.
    pub(super) fn byte_of(&self, position: usize) -> usize {
        match self.coding {
            Coding::Bcd(_) | Coding::Binary => (self.start + position) / 2,
            Coding::Ascii | Coding::Ebcdic(_) | Coding::Hex(_) => self.start + position,
        }
    }

    /// Returns the offset of the content byte whose padding is not what the spec requires. Only an odd number
    /// of BCD digits has padding.
    pub(super) fn invalid_padding(&self) -> Option<usize> {
        let Coding::Bcd(pad) = self.coding else { return None };
        if self.count.is_multiple_of(2) {
            return None;
        }
        let last = self.raw.len().saturating_sub(1);
        let byte_at = |at: usize| self.raw.get(at).copied().unwrap_or_default();
        let (at, right) = match pad {
            Pad::Left => (0, byte_at(0) >> 4 == 0),
            Pad::RightZero => (last, byte_at(last) & 0xF == 0),
            Pad::RightF => (last, byte_at(last) & 0xF == 0xF),
        };
        (!right).then_some(at)
    }
}

/// Returns the high nibble of a byte for an even position, the low nibble for an odd one.
const fn nibble(byte: u8, position: usize) -> u8 {
    if position.is_multiple_of(2) { byte >> 4 } else { byte & 0xF }
}

/// Returns a BCD digit, or `D`, the separator of track data.
const fn bcd_character(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        0xD => b'D',
        _ => 0,
    }
}

pub(super) const fn hex_character(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 }
}

/// Returns the BCD nibble of a digit, or of the track data separator, which is `D` or `=`.
pub(super) const fn bcd_nibble(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'D' | b'=' => Some(0xD),
        _ => None,
    }
}

/// Returns the nibble of a hex digit.
pub(super) const fn nibble_of(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'F' => Some(character - b'A' + 10),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso8583::ebcdic::CodePage;

    #[test]
    fn every_coding_yields_the_same_text() {
        for (coding, raw, count, text) in [
            (Coding::Ascii, &b"12345"[..], 5, "12345"),
            (Coding::Ebcdic(CodePage::Ibm037), &[0xF1, 0xF2, 0xF3, 0xF4, 0xF5], 5, "12345"),
            (Coding::Bcd(Pad::Left), &[0x01, 0x23, 0x45], 5, "12345"),
            (Coding::Bcd(Pad::RightZero), &[0x12, 0x34, 0x50], 5, "12345"),
            (Coding::Bcd(Pad::RightF), &[0x12, 0x34, 0x5F], 5, "12345"),
            (Coding::Bcd(Pad::Left), &[0x12, 0x34], 4, "1234"),
            (Coding::Binary, &[0x0A, 0xBC], 4, "0ABC"),
            (Coding::Hex(None), b"0aBc", 4, "0ABC"),
        ] {
            let characters = Characters::new(coding, raw, count);
            assert_eq!(characters.text(), text);
            assert_eq!(characters.invalid_padding(), None);
            assert_eq!(characters.slice(1, 2).unwrap().text(), &text[1..3]);
            assert!(characters.slice(count, 1).is_none());
        }
    }

    #[test]
    fn invalid_padding_is_located() {
        for (pad, raw, byte) in [
            (Pad::Left, [0x11, 0x23], 0),
            (Pad::RightZero, [0x12, 0x3F], 1),
            (Pad::RightF, [0x12, 0x30], 1),
        ] {
            assert_eq!(Characters::new(Coding::Bcd(pad), &raw, 3).invalid_padding(), Some(byte));
        }
    }
}
