//! The slow path of encoding: every coding, padding, and all errors.

use bytes::BytesMut;

use super::error::{EncodeError, EncodeReason};
use super::room::room;
use crate::iso8583::characters::{bcd_nibble, nibble_of};
use crate::iso8583::class::{Class, Padding};
use crate::iso8583::coding::{Coding, Pad};
use crate::iso8583::de::De;
use crate::iso8583::layout::{Indicator, Layout};
use crate::iso8583::spec::MessageLayout;

/// Writes an element at `at` by its layout, or finds the error of the value. Returns the end of the element.
/// The bytes of a rejected value do not become part of the message.
#[inline(never)]
pub(super) fn write(
    message: &MessageLayout,
    de: De,
    value: &[u8],
    buffer: &mut BytesMut,
    at: usize,
) -> Result<usize, EncodeError> {
    let refuse = |reason| EncodeError::for_element(de, reason);
    let layout = message.layout(de).ok_or(refuse(EncodeReason::Undefined))?;
    let padded = PaddedValue::new(layout, value).map_err(refuse)?;
    let wire = room(buffer, at, padded.width());
    padded.write(wire).map_err(refuse)?;
    if let Some(subfields) = message.subfields(de) {
        subfields
            .walk(layout.characters(wire), |_| ())
            .map_err(|fault| refuse(EncodeReason::Subfields(fault)))?;
    }
    Ok(at + padded.width())
}

/// A validated value, padded to the length of a fixed element.
struct PaddedValue<'a> {
    layout: &'a Layout,
    value: &'a [u8],
    padding: Option<Padding>,
    /// The number of characters, digits or (class `b`) bytes.
    length: usize,
}

impl<'a> PaddedValue<'a> {
    fn new(layout: &'a Layout, value: &'a [u8]) -> Result<Self, EncodeReason> {
        let (class, bits) = (layout.class, layout.class == Class::B);
        if bits && !(value.len().is_multiple_of(2) && value.iter().all(u8::is_ascii_hexdigit)) {
            return Err(EncodeReason::NotHex);
        }
        if !bits && let Some(position) = class.first_invalid(value) {
            return Err(EncodeReason::Class { class, position });
        }
        let (min, max) = (usize::from(layout.min), usize::from(layout.max));
        let given = if bits { value.len() / 2 } else { value.len() };
        let padding = class.padding().filter(|_| layout.indicator == Indicator::Fixed);
        let (least, length) = match padding {
            // An empty value is not padded: a missing amount is not the amount zero.
            Some(_) => (1, if given == 0 { 0 } else { given.max(max) }),
            None => (min, given),
        };
        let unit = class.unit();
        if length > max {
            return Err(EncodeReason::TooLong { length, max, unit });
        }
        if length < least {
            return Err(EncodeReason::TooShort { length, min: least, unit });
        }
        Ok(Self { layout, value, padding, length })
    }

    /// Returns the number of bytes of the element, with its indicator.
    fn width(&self) -> usize {
        self.layout.indicator.width() + self.layout.byte_count(self.length)
    }

    /// Writes the element into exactly [`width`](Self::width) bytes.
    fn write(&self, to: &mut [u8]) -> Result<(), EncodeReason> {
        let width = self.layout.indicator.width();
        let (indicator, content) = to.split_at_mut_checked(width).unwrap_or_default();
        self.layout.indicator.write(self.layout.indicator_value(self.length), indicator);
        for (at, byte) in content.iter_mut().enumerate() {
            *byte = self.byte(at)?;
        }
        Ok(())
    }

    /// Returns the content byte at an offset.
    fn byte(&self, at: usize) -> Result<u8, EncodeReason> {
        Ok(match self.layout.coding {
            Coding::Ascii => self.character(at),
            Coding::Ebcdic(page) => page.to_ebcdic(self.character(at)),
            Coding::Hex(None) => self.character(at).to_ascii_uppercase(),
            Coding::Hex(Some(page)) => page.to_ebcdic(self.character(at).to_ascii_uppercase()),
            Coding::Bcd(Pad::Left) if self.length % 2 == 1 => match at.checked_sub(1) {
                None => self.nibble(0)?,
                Some(before) => self.pair(2 * before + 1)?,
            },
            Coding::Bcd(Pad::RightF) if 2 * at + 1 == self.length => {
                self.nibble(2 * at)? << 4 | 0xF
            }
            Coding::Bcd(Pad::RightZero) if 2 * at + 1 == self.length => self.nibble(2 * at)? << 4,
            Coding::Binary | Coding::Bcd(Pad::Left | Pad::RightZero | Pad::RightF) => {
                self.pair(2 * at)?
            }
        })
    }

    /// Returns the character at a position of the padded value.
    fn character(&self, position: usize) -> u8 {
        match self.padding {
            Some(Padding::ZerosLeft) => {
                let missing = self.length - self.value.len();
                let own =
                    position.checked_sub(missing).and_then(|position| self.value.get(position));
                own.copied().unwrap_or(b'0')
            }
            Some(Padding::SpacesRight) => self.value.get(position).copied().unwrap_or(b' '),
            None => self.value.get(position).copied().unwrap_or_default(),
        }
    }

    /// Returns the nibble of a character. Track data in BCD has only digits and the separator.
    fn nibble(&self, position: usize) -> Result<u8, EncodeReason> {
        let character = self.character(position);
        let (nibble, refused) = match self.layout.class {
            Class::B => (nibble_of(character), EncodeReason::NotHex),
            class => (bcd_nibble(character), EncodeReason::Class { class, position }),
        };
        nibble.ok_or(refused)
    }

    /// Returns two nibbles from a position on, as a byte.
    fn pair(&self, position: usize) -> Result<u8, EncodeReason> {
        Ok(self.nibble(position)? << 4 | self.nibble(position + 1)?)
    }
}

/// Copies text into a slot that is at least as long, padded by its class. Does not validate the characters.
pub(super) fn pad(class: Class, value: &[u8], slot: &mut [u8]) -> Result<(), EncodeReason> {
    let (length, max, unit) = (value.len(), slot.len(), class.unit());
    let missing = max.checked_sub(length).ok_or(EncodeReason::TooLong { length, max, unit })?;
    let (padded, byte, content) = match class.padding() {
        None if missing > 0 => return Err(EncodeReason::TooShort { length, min: max, unit }),
        Some(_) if length == 0 => return Err(EncodeReason::TooShort { length, min: 1, unit }),
        Some(Padding::ZerosLeft) => {
            let (padded, content) = slot.split_at_mut_checked(missing).unwrap_or_default();
            (padded, b'0', content)
        }
        Some(Padding::SpacesRight) | None => {
            let (content, padded) = slot.split_at_mut_checked(length).unwrap_or_default();
            (padded, b' ', content)
        }
    };
    padded.fill(byte);
    content.copy_from_slice(value);
    Ok(())
}
