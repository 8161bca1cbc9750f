//! The compiled table entry of a data element: how its length and content are encoded on the wire.

use std::fmt;

use super::characters::Characters;
use super::class::Class;
use super::coding::{Coding, Pad};

/// How the length of a value is indicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indicator {
    /// No length indicator: the length is fixed.
    Fixed,
    /// One to four decimal digits in ASCII.
    Ascii(u8),
    /// One to four decimal digits in EBCDIC.
    Ebcdic(u8),
    /// One or two bytes with two decimal digits each.
    Bcd(u8),
    /// One or two bytes, big-endian.
    Binary(u8),
}

/// How a data element is encoded, and which values it accepts.
///
/// A [`validated`](Self::validated) layout has `min <= max`, and an indicator that can express `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) coding: Coding,
    pub(super) class: Class,
    pub(super) indicator: Indicator,
    /// Whether the indicator counts bytes, although the value is counted in digits.
    pub(super) counts_bytes: bool,
    /// Minimum and maximum number of characters, digits or (class `b`) bytes of the value.
    pub(super) min: u16,
    pub(super) max: u16,
}

/// A length indicator that is not a number.
#[derive(Debug)]
pub(super) struct NotNumeric;

impl Indicator {
    /// Returns the number of bytes in front of the content.
    #[inline]
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Fixed => 0,
            Self::Ascii(width) | Self::Ebcdic(width) | Self::Bcd(width) | Self::Binary(width) => {
                width as usize
            }
        }
    }

    /// Returns the maximum length that it can express.
    pub(super) const fn max_length(self) -> usize {
        match self {
            Self::Fixed => usize::MAX,
            Self::Ascii(width) | Self::Ebcdic(width) => 10_usize.pow(width as u32) - 1,
            Self::Bcd(width) => 100_usize.pow(width as u32) - 1,
            Self::Binary(width) => 256_usize.pow(width as u32) - 1,
        }
    }

    /// Reads the indicated length from exactly [`width`](Self::width) bytes.
    #[inline(always)]
    pub(super) fn read(self, bytes: &[u8]) -> Result<usize, NotNumeric> {
        match (self, bytes) {
            (Self::Ascii(2), [tens, ones]) => decimal(b'0', &[*tens, *ones]),
            (Self::Ascii(3), [hundreds, tens, ones]) => decimal(b'0', &[*hundreds, *tens, *ones]),
            _ => self.read_rare(bytes),
        }
    }

    #[inline(never)]
    fn read_rare(self, bytes: &[u8]) -> Result<usize, NotNumeric> {
        match self {
            Self::Fixed => Ok(0),
            Self::Ascii(_) => decimal(b'0', bytes),
            Self::Ebcdic(_) => decimal(0xF0, bytes),
            Self::Binary(_) => {
                Ok(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
            }
            Self::Bcd(_) => bytes.iter().try_fold(0, |length, byte| {
                let (high, low) = (byte >> 4, byte & 0xF);
                if high > 9 || low > 9 {
                    return Err(NotNumeric);
                }
                Ok(length * 100 + usize::from(high * 10 + low))
            }),
        }
    }

    /// Writes the length into exactly [`width`](Self::width) bytes. The caller has checked the maximum.
    #[inline(always)]
    pub(super) fn write(self, length: usize, bytes: &mut [u8]) {
        match self {
            Self::Fixed => {}
            Self::Ascii(_) => write_digits::<10>(length, bytes, |digit| b'0' + digit),
            Self::Ebcdic(_) => write_digits::<10>(length, bytes, |digit| 0xF0 + digit),
            Self::Bcd(_) => {
                write_digits::<100>(length, bytes, |pair| ((pair / 10) << 4) | (pair % 10));
            }
            Self::Binary(_) => write_digits::<256>(length, bytes, |byte| byte),
        }
    }
}

/// Writes a number in a base, the last digit into the last byte.
#[inline(always)]
fn write_digits<const BASE: usize>(number: usize, bytes: &mut [u8], code: impl Fn(u8) -> u8) {
    let mut rest = number;
    for byte in bytes.iter_mut().rev() {
        #[expect(clippy::cast_possible_truncation, reason = "a remainder of at most 256")]
        let digit = (rest % BASE) as u8;
        *byte = code(digit);
        rest /= BASE;
    }
}

/// Reads decimal digits whose codes begin at `zero`.
#[inline(always)]
fn decimal(zero: u8, digits: &[u8]) -> Result<usize, NotNumeric> {
    let mut length = 0;
    let mut wrong = false;
    for byte in digits {
        let digit = byte.wrapping_sub(zero);
        wrong |= digit > 9;
        length = length * 10 + usize::from(digit);
    }
    if wrong { Err(NotNumeric) } else { Ok(length) }
}

impl Layout {
    /// Returns the layout if it is consistent. Otherwise returns the keys of the spec that conflict, and why.
    pub(super) fn validated(self) -> Result<Self, Vec<(&'static str, String)>> {
        let (min, max, highest) = (self.min, self.max, self.indicator.max_length());
        let length_key = if self.indicator == Indicator::Fixed { "len" } else { "max" };
        let odd_digits_in_bytes = self.counts_bytes && self.coding != Coding::Bcd(Pad::RightF);
        let faults = [
            (max == 0, length_key, "must be at least 1 (got 0)".to_owned()),
            (max > 0 && min > max, "min", format!("must not exceed max, {max} (got {min})")),
            (
                self.indicator_value(usize::from(max)) > highest,
                "max",
                format!("exceeds the maximum of the length indicator, {highest}"),
            ),
            (
                odd_digits_in_bytes,
                "length_in",
                "`bytes` requires `pad: right-F`, which marks an odd number of digits".to_owned(),
            ),
        ];
        let faults: Vec<_> = faults
            .into_iter()
            .filter(|(wrong, ..)| *wrong)
            .map(|(_, key, why)| (key, why))
            .collect();
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }

    /// Returns the wire bytes of a value of this many characters, digits or (class `b`) bytes.
    #[inline(always)]
    pub(super) const fn byte_count(&self, length: usize) -> usize {
        match self.coding {
            Coding::Ascii | Coding::Ebcdic(_) | Coding::Binary => length,
            Coding::Bcd(_) => length.div_ceil(2),
            Coding::Hex(_) => length * 2,
        }
    }

    /// Returns the number of characters of the text of a value. The text of bits is hex.
    pub(super) const fn character_count(&self, length: usize) -> usize {
        match self.coding {
            Coding::Ascii | Coding::Ebcdic(_) | Coding::Bcd(_) => length,
            Coding::Binary | Coding::Hex(_) => length * 2,
        }
    }

    /// Returns the length of a value from its indicator and the bytes behind it.
    #[inline(always)]
    pub(super) fn length(&self, stated: usize, rest: &[u8]) -> usize {
        if !self.counts_bytes {
            return stated;
        }
        // Lengths in bytes require padding with F on the right.
        let last = stated.checked_sub(1).and_then(|last| rest.get(last));
        stated * 2 - usize::from(last.is_some_and(|byte| byte & 0xF == 0xF))
    }

    /// Returns the length of a validated value.
    #[inline(always)]
    fn valid_length(&self, indicator: &[u8], rest: &[u8]) -> usize {
        if self.indicator == Indicator::Fixed {
            return usize::from(self.max);
        }
        self.length(self.indicator.read(indicator).unwrap_or_default(), rest)
    }

    /// Returns the number of bytes of a validated element, with its indicator, at the front of `wire`.
    pub(super) fn element_width(&self, wire: &[u8]) -> usize {
        let width = self.indicator.width();
        let (indicator, rest) = wire.split_at_checked(width).unwrap_or_default();
        width + self.byte_count(self.valid_length(indicator, rest))
    }

    /// Returns the characters of a validated value, from its wire bytes with the indicator.
    #[inline]
    pub(super) fn characters<'m>(&self, wire: &'m [u8]) -> Characters<'m> {
        let (indicator, content) =
            wire.split_at_checked(self.indicator.width()).unwrap_or((&[], wire));
        let length = self.valid_length(indicator, content);
        Characters::new(self.coding, content, self.character_count(length))
    }

    /// Returns the number that the indicator has for a value of this length.
    #[inline(always)]
    pub(super) const fn indicator_value(&self, length: usize) -> usize {
        if self.counts_bytes { self.byte_count(length) } else { length }
    }
}

impl fmt::Display for Layout {
    /// Writes the notation of ISO 8583: `n 6`, `ans..40 LLVAR`. Codings other than ASCII follow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, max, .. } = self;
        match self.indicator {
            Indicator::Fixed => write!(f, "{class} {max}")?,
            Indicator::Ascii(width) | Indicator::Ebcdic(width) => variable(f, *class, *max, width)?,
            Indicator::Bcd(width) => variable(f, *class, *max, width * 2)?,
            Indicator::Binary(width) => write!(f, "{class}..{max} {width}-byte length")?,
        }
        match self.coding {
            Coding::Ascii | Coding::Binary => Ok(()),
            Coding::Ebcdic(_) => f.write_str(", EBCDIC"),
            Coding::Bcd(_) => f.write_str(", BCD"),
            Coding::Hex(_) => f.write_str(", hex"),
        }
    }
}

fn variable(f: &mut fmt::Formatter<'_>, class: Class, max: u16, digits: u8) -> fmt::Result {
    write!(f, "{class}..{max} {}VAR", "L".repeat(usize::from(digits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Indicator; 12] = [
        Indicator::Ascii(1),
        Indicator::Ascii(2),
        Indicator::Ascii(3),
        Indicator::Ascii(4),
        Indicator::Ebcdic(1),
        Indicator::Ebcdic(2),
        Indicator::Ebcdic(3),
        Indicator::Ebcdic(4),
        Indicator::Bcd(1),
        Indicator::Bcd(2),
        Indicator::Binary(1),
        Indicator::Binary(2),
    ];

    #[test]
    fn indicators_read_every_length_they_write() {
        for indicator in ALL {
            for length in 0..=indicator.max_length() {
                let mut bytes = vec![0; indicator.width()];
                indicator.write(length, &mut bytes);
                assert!(
                    matches!(indicator.read(&bytes), Ok(read) if read == length),
                    "{indicator:?}"
                );
            }
        }
    }

    #[test]
    fn indicators_match_their_wire_encoding() {
        for (indicator, wire) in [
            (Indicator::Ascii(3), &b"042"[..]),
            (Indicator::Ebcdic(2), &[0xF4, 0xF2]),
            (Indicator::Bcd(2), &[0x00, 0x42]),
            (Indicator::Binary(2), &[0x00, 0x2A]),
        ] {
            let mut bytes = vec![0; indicator.width()];
            indicator.write(42, &mut bytes);
            assert_eq!(bytes, wire);
        }
    }

    #[test]
    fn non_numeric_indicators_are_rejected() {
        for (indicator, wire) in [
            (Indicator::Ascii(2), &b"1 "[..]),
            (Indicator::Ascii(3), b"-01"),
            (Indicator::Ascii(4), b"00A1"),
            (Indicator::Ebcdic(2), b"12"),
            (Indicator::Bcd(1), &[0x1A]),
            (Indicator::Bcd(2), &[0xA0, 0x01]),
        ] {
            assert!(indicator.read(wire).is_err(), "{indicator:?} {wire:?}");
        }
    }
}
