//! The long way of writing an element: every coding, values that are to be filled up, and what is wrong.

use bytes::BytesMut;

use super::{EncodeError, EncodeReason, room};
use crate::iso8583::characters::{bcd_nibble, nibble_of};
use crate::iso8583::class::{Class, Filler};
use crate::iso8583::de::De;
use crate::iso8583::layout::{Coding, Indicator, Layout, Pad};
use crate::iso8583::spec::MessageLayout;

/// Writes an element at `at`, whatever its layout, or finds what is wrong with the value; gives where it
/// ends. What is written of a value that is refused is no part of the message yet.
#[inline(never)]
pub(super) fn write(
    message: &MessageLayout,
    de: De,
    value: &[u8],
    buffer: &mut BytesMut,
    at: usize,
) -> Result<usize, EncodeError> {
    let refuse = |reason| EncodeError::at(de, reason);
    let layout = message.layout(de).ok_or(refuse(EncodeReason::Undefined))?;
    let filled = Filled::new(layout, value).map_err(refuse)?;
    let wire = room(buffer, at, filled.width());
    filled.write(wire).map_err(refuse)?;
    if let Some(subfields) = message.subfields(de) {
        subfields
            .walk(layout.characters(wire), |_| ())
            .map_err(|fault| refuse(EncodeReason::Subfields(fault)))?;
    }
    Ok(at + filled.width())
}

/// A value as an element takes it: checked, and filled up to the length of a fixed one.
struct Filled<'a> {
    layout: &'a Layout,
    value: &'a [u8],
    filler: Option<Filler>,
    /// Characters, digits or (class `b`) bytes.
    length: usize,
}

impl<'a> Filled<'a> {
    fn new(layout: &'a Layout, value: &'a [u8]) -> Result<Self, EncodeReason> {
        let (class, bits) = (layout.class, layout.class == Class::B);
        if bits && !(value.len().is_multiple_of(2) && value.iter().all(u8::is_ascii_hexdigit)) {
            return Err(EncodeReason::NotHex);
        }
        if !bits && let Some(place) = class.first_refused(value) {
            return Err(EncodeReason::Class { class, place });
        }
        let (min, max) = (usize::from(layout.min), usize::from(layout.max));
        let given = if bits { value.len() / 2 } else { value.len() };
        let filler = class.filler().filter(|_| layout.indicator == Indicator::Fixed);
        let (least, length) = match filler {
            // What is empty is not filled up: no amount is not the amount zero.
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
        Ok(Self { layout, value, filler, length })
    }

    /// Bytes of the element, with its indicator.
    fn width(&self) -> usize {
        self.layout.indicator.width() + self.layout.bytes_of(self.length)
    }

    /// Writes the element into bytes as many as its width.
    fn write(&self, to: &mut [u8]) -> Result<(), EncodeReason> {
        let width = self.layout.indicator.width();
        let (indicator, content) = to.split_at_mut_checked(width).unwrap_or_default();
        self.layout.indicator.write(self.layout.stated(self.length), indicator);
        for (at, byte) in content.iter_mut().enumerate() {
            *byte = self.byte(at)?;
        }
        Ok(())
    }

    /// The byte of the content at a place.
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

    /// The character at a place of the filled value.
    fn character(&self, place: usize) -> u8 {
        match self.filler {
            Some(Filler::ZerosLeft) => {
                let missing = self.length - self.value.len();
                let own = place.checked_sub(missing).and_then(|place| self.value.get(place));
                own.copied().unwrap_or(b'0')
            }
            Some(Filler::BlanksRight) => self.value.get(place).copied().unwrap_or(b' '),
            None => self.value.get(place).copied().unwrap_or_default(),
        }
    }

    /// The nibble of a character; of track data BCD has but digits and the separator.
    fn nibble(&self, place: usize) -> Result<u8, EncodeReason> {
        let character = self.character(place);
        let (nibble, refused) = match self.layout.class {
            Class::B => (nibble_of(character), EncodeReason::NotHex),
            class => (bcd_nibble(character), EncodeReason::Class { class, place }),
        };
        nibble.ok_or(refused)
    }

    /// Two nibbles from a place on, as a byte.
    fn pair(&self, place: usize) -> Result<u8, EncodeReason> {
        Ok(self.nibble(place)? << 4 | self.nibble(place + 1)?)
    }
}

/// Copies text into a slot that is at least as long, filled up as its class is. What it holds is not
/// checked.
pub(super) fn fill(class: Class, value: &[u8], slot: &mut [u8]) -> Result<(), EncodeReason> {
    let (length, max, unit) = (value.len(), slot.len(), class.unit());
    let missing = max.checked_sub(length).ok_or(EncodeReason::TooLong { length, max, unit })?;
    let (filled, byte, content) = match class.filler() {
        None if missing > 0 => return Err(EncodeReason::TooShort { length, min: max, unit }),
        Some(_) if length == 0 => return Err(EncodeReason::TooShort { length, min: 1, unit }),
        Some(Filler::ZerosLeft) => {
            let (filled, content) = slot.split_at_mut_checked(missing).unwrap_or_default();
            (filled, b'0', content)
        }
        Some(Filler::BlanksRight) | None => {
            let (content, filled) = slot.split_at_mut_checked(length).unwrap_or_default();
            (filled, b' ', content)
        }
    };
    filled.fill(byte);
    content.copy_from_slice(value);
    Ok(())
}
