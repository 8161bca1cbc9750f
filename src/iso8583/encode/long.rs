//! The long way of writing an element: every coding, values that are to be filled up, and what is wrong.

use bytes::BytesMut;

use super::{EncodeError, EncodeReason, room};
use crate::iso8583::characters::nibble_of;
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
    filled.write(wire);
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
        let bits = matches!(layout.coding, Coding::Binary | Coding::Hex(_));
        if bits && !(value.len().is_multiple_of(2) && value.iter().all(u8::is_ascii_hexdigit)) {
            return Err(EncodeReason::NotHex);
        }
        if !bits && let Some(place) = layout.class.first_refused(value) {
            return Err(EncodeReason::Class { class: layout.class, place });
        }
        let (min, max) = (usize::from(layout.min), usize::from(layout.max));
        let given = if bits { value.len() / 2 } else { value.len() };
        let filler = layout.class.filler().filter(|_| layout.indicator == Indicator::Fixed);
        let length = if filler.is_some() { given.max(max) } else { given };
        if length > max {
            return Err(EncodeReason::TooLong { length, max });
        }
        if length < min {
            return Err(EncodeReason::TooShort { length, min });
        }
        Ok(Self { layout, value, filler, length })
    }

    /// Bytes of the element, with its indicator.
    fn width(&self) -> usize {
        self.layout.indicator.width() + self.layout.bytes_of(self.length)
    }

    /// Writes the element into bytes as many as its width.
    fn write(&self, to: &mut [u8]) {
        let width = self.layout.indicator.width();
        let (indicator, content) = to.split_at_mut_checked(width).unwrap_or_default();
        self.layout.indicator.write(self.layout.stated(self.length), indicator);
        for (at, byte) in content.iter_mut().enumerate() {
            *byte = self.byte(at);
        }
    }

    /// The byte of the content at a place.
    fn byte(&self, at: usize) -> u8 {
        match self.layout.coding {
            Coding::Ascii => self.character(at),
            Coding::Ebcdic(page) => page.from_ascii(self.character(at)),
            Coding::Hex(None) => self.character(at).to_ascii_uppercase(),
            Coding::Hex(Some(page)) => page.from_ascii(self.character(at).to_ascii_uppercase()),
            Coding::Bcd(Pad::Left) if self.length % 2 == 1 => match at.checked_sub(1) {
                None => self.nibble(0),
                Some(before) => self.pair(2 * before + 1),
            },
            Coding::Bcd(Pad::RightF) if 2 * at + 1 == self.length => self.nibble(2 * at) << 4 | 0xF,
            Coding::Bcd(Pad::RightZero) if 2 * at + 1 == self.length => self.nibble(2 * at) << 4,
            Coding::Binary | Coding::Bcd(Pad::Left | Pad::RightZero | Pad::RightF) => {
                self.pair(2 * at)
            }
        }
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

    fn nibble(&self, place: usize) -> u8 {
        nibble_of(self.character(place)).unwrap_or_default()
    }

    /// Two digits from a place on, as a byte.
    fn pair(&self, place: usize) -> u8 {
        self.nibble(place) << 4 | self.nibble(place + 1)
    }
}

/// Copies text into a slot that is at least as long, filled up as its class is. What it holds is checked
/// with the element.
pub(super) fn fill(class: Class, value: &[u8], slot: &mut [u8]) -> Result<(), EncodeReason> {
    let (length, max) = (value.len(), slot.len());
    let missing = max.checked_sub(length).ok_or(EncodeReason::TooLong { length, max })?;
    let (filled, byte, content) = match class.filler() {
        None if missing > 0 => return Err(EncodeReason::TooShort { length, min: max }),
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
