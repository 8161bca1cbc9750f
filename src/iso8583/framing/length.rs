//! The length in front of a frame: reading and writing.

use std::fmt;

use bytes::BytesMut;

use super::{FrameFault, Length};
use crate::spelling::name_of;

/// A length that was read.
#[derive(Clone, Copy)]
pub(super) struct Prefix {
    /// The bytes of the length itself.
    pub(super) width: usize,
    /// The bytes behind the length that it counts.
    pub(super) counted: usize,
}

impl Length {
    /// The lengths with their names in specs.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("big2", Self::Big2),
        ("little2", Self::Little2),
        ("big4", Self::Big4),
        ("little4", Self::Little4),
        ("big2+big4", Self::Big2Big4),
        ("decimal4", Self::Decimal4),
        ("hex4", Self::Hex4),
    ];

    /// Returns the number of bytes of the length itself.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Big2 | Self::Little2 => 2,
            Self::Big4 | Self::Little4 | Self::Decimal4 | Self::Hex4 => 4,
            Self::Big2Big4 => 6,
        }
    }

    /// Returns the maximum number of bytes behind the length that it can count.
    pub(super) const fn max_counted(self, counts_itself: bool) -> usize {
        let (greatest, own) = match self {
            Self::Big2 | Self::Little2 => (0xffff, 2),
            Self::Big4 | Self::Little4 => (0xffff_ffff, 4),
            Self::Big2Big4 => (0xffff - 4, 2),
            Self::Decimal4 => (9_999, 4),
            Self::Hex4 => (0xffff, 4),
        };
        if counts_itself { greatest - own } else { greatest }
    }

    /// Reads the length at the front of `src`; `None` while it is incomplete.
    pub(super) fn read(
        self,
        src: &[u8],
        counts_itself: bool,
    ) -> Result<Option<Prefix>, FrameFault> {
        let indicated = match self {
            Self::Big2 => src.first_chunk().map(|bytes| u16::from_be_bytes(*bytes).into()),
            Self::Little2 => src.first_chunk().map(|bytes| u16::from_le_bytes(*bytes).into()),
            Self::Big4 => src.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)),
            Self::Little4 => src.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)),
            Self::Big2Big4 => return read_pair(src, counts_itself),
            Self::Decimal4 => src.first_chunk().map(|text| read_digits(*text, 10)).transpose()?,
            Self::Hex4 => src.first_chunk().map(|text| read_digits(*text, 16)).transpose()?,
        };
        indicated.map(|indicated| self.prefix(indicated, counts_itself)).transpose()
    }

    fn prefix(self, indicated: u32, counts_itself: bool) -> Result<Prefix, FrameFault> {
        let width = self.width();
        let own = if counts_itself && indicated != 0 { width } else { 0 };
        // A length above `usize` is also above every maximum.
        let total = usize::try_from(indicated).unwrap_or(usize::MAX);
        match total.checked_sub(own) {
            Some(counted) => Ok(Prefix { width, counted }),
            None => Err(FrameFault::LengthBelowItself { width, indicated }),
        }
    }

    /// Writes the length of a frame with `counted` bytes behind it, at most
    /// [`max_counted`](Self::max_counted).
    pub(super) fn write(self, counted: usize, counts_itself: bool, dst: &mut BytesMut) {
        let indicated = counted + if counts_itself { self.width() } else { 0 };
        let [.., a, b, c, d] = indicated.to_be_bytes();
        match self {
            Self::Big2 => dst.extend_from_slice(&[c, d]),
            Self::Little2 => dst.extend_from_slice(&[d, c]),
            Self::Big4 => dst.extend_from_slice(&[a, b, c, d]),
            Self::Little4 => dst.extend_from_slice(&[d, c, b, a]),
            Self::Big2Big4 => write_pair(counted, counts_itself, dst),
            Self::Decimal4 => dst.extend_from_slice(&digits(indicated, 10)),
            Self::Hex4 => dst.extend_from_slice(&digits(indicated, 16)),
        }
    }
}

impl Length {
    /// Writes the length of a keep-alive: zero, whatever a length counts; of two lengths only the first.
    pub(super) fn write_zero(self, dst: &mut BytesMut) {
        match self {
            Self::Big2Big4 => Self::Big2.write(0, false, dst),
            Self::Big2
            | Self::Little2
            | Self::Big4
            | Self::Little4
            | Self::Decimal4
            | Self::Hex4 => self.write(0, false, dst),
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&Self::NAMES, self))
    }
}

fn read_pair(src: &[u8], counts_itself: bool) -> Result<Option<Prefix>, FrameFault> {
    let Some(first) = Length::Big2.read(src, counts_itself)? else { return Ok(None) };
    if first.counted == 0 {
        return Ok(Some(first));
    }
    let rest = src.get(first.width..).unwrap_or_default();
    let Some(second) = Length::Big4.read(rest, counts_itself)? else { return Ok(None) };
    if first.counted.checked_sub(second.width) != Some(second.counted) {
        return Err(FrameFault::LengthsDisagree { first: first.counted, second: second.counted });
    }
    Ok(Some(Prefix { width: first.width + second.width, counted: second.counted }))
}

fn write_pair(counted: usize, counts_itself: bool, dst: &mut BytesMut) {
    Length::Big2.write(counted + Length::Big4.width(), counts_itself, dst);
    Length::Big4.write(counted, counts_itself, dst);
}

fn read_digits(text: [u8; 4], base: u32) -> Result<u32, FrameFault> {
    let mut value = 0;
    for (at, found) in text.into_iter().enumerate() {
        let digit = char::from(found).to_digit(base);
        value = value * base + digit.ok_or(FrameFault::LengthDigit { at, base, found })?;
    }
    Ok(value)
}

/// Returns the last four digits of a number.
fn digits(value: usize, base: usize) -> [u8; 4] {
    [3, 2, 1, 0].map(|position| {
        let [.., digit] = (value / base.pow(position) % base).to_be_bytes();
        if digit < 10 { b'0' + digit } else { b'A' + digit - 10 }
    })
}
