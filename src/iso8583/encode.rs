//! Encoding into a reused buffer: values are checked while they are copied.

use std::fmt;

use bytes::BytesMut;
use thiserror::Error;

use super::bitmap::{ANOTHER, Bitmap};
use super::characters::nibble_of;
use super::class::{Class, Filler, last_word, swar};
use super::de::De;
use super::layout::{Coding, Indicator, Layout, Pad};
use super::mti::Mti;
use super::spec::{MessageLayout, Spec};
use super::subfields::{SubfieldFault, Subfields};

/// A message being written at the end of a buffer, its data elements in ascending order.
///
/// Dropped before [`Encoder::finish`], it leaves the buffer as it was: half a message is never sent.
pub struct Encoder<'s, 'b> {
    spec: &'s Spec,
    layout: &'s MessageLayout,
    buffer: &'b mut BytesMut,
    /// Where the message begins; cut back to it unless finished.
    start: usize,
    /// Where the next data element goes. The buffer may be longer: [`Encoder::room`] makes room in steps.
    at: usize,
    bitmap: Bitmap,
    /// How many bitmaps there is room for.
    bitmaps: usize,
    last: Option<De>,
    finished: bool,
}

/// A value that can't be written. What is sensitive is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{place}: {reason}", place = At(*de))]
pub struct EncodeError {
    /// The data element; `None` for the message type.
    pub de: Option<De>,
    /// What is wrong.
    pub reason: EncodeReason,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeReason {
    /// No message layout of the spec selects the MTI.
    #[error("MTI {0} is in no message layout of the spec")]
    UnknownMti(Mti),
    /// The message is a response, which has neither a repeat nor a response.
    #[error("MTI {0} is a response and has neither a repeat nor a response")]
    NoAnswer(Mti),
    /// The bytes are not a message that could be repeated.
    #[error("the original does not begin with an MTI of the spec")]
    NotAMessage,
    /// The message layout does not define the data element.
    #[error("the message layout does not define it")]
    Undefined,
    /// Data elements are written in ascending order.
    #[error("it comes after {0}; data elements are written in ascending order")]
    OutOfOrder(De),
    /// The value is longer than the element.
    #[error("the value has {length}, the element takes at most {max}")]
    TooLong {
        /// Characters, digits or bytes of the value.
        length: usize,
        /// The most it takes.
        max: usize,
    },
    /// The value is shorter than the element.
    #[error("the value has {length}, the element takes at least {min}")]
    TooShort {
        /// Characters, digits or bytes of the value.
        length: usize,
        /// The least it takes.
        min: usize,
    },
    /// A character that the content class does not admit.
    #[error("character {} is none of class {class}, which takes {}", place + 1, class.expected())]
    Class {
        /// The class.
        class: Class,
        /// The place of the character, from 0.
        place: usize,
    },
    /// Bits that are not given as pairs of hex digits.
    #[error("bits are given in hex, two digits a byte")]
    NotHex,
    /// The value is not made of the subfields that the spec describes.
    #[error("{0}")]
    Subfields(SubfieldFault),
    /// The spec describes no such subfields of the data element.
    #[error("the spec describes no such subfields")]
    NoSuchSubfields,
    /// The two messages lay the data element out differently.
    #[error("the two messages lay it out differently")]
    OtherLayout,
}

struct At(Option<De>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(de) => write!(f, "{de}"),
            None => f.write_str("MTI"),
        }
    }
}

impl EncodeError {
    pub(super) const fn no_answer(mti: Mti) -> Self {
        Self { de: None, reason: EncodeReason::NoAnswer(mti) }
    }
}

/// Room that is made at once; most messages fit in it.
const ROOM: usize = 512;

/// The most characters that fixed subfields can be put together to.
const PARTS_MAX: usize = 1024;

impl Spec {
    /// Begins a message of this type behind what `buffer` holds.
    ///
    /// # Errors
    /// If no message layout selects the MTI.
    #[inline]
    pub fn encoder<'s, 'b>(
        &'s self,
        mti: Mti,
        buffer: &'b mut BytesMut,
    ) -> Result<Encoder<'s, 'b>, EncodeError> {
        let unknown = EncodeError { de: None, reason: EncodeReason::UnknownMti(mti) };
        let layout = self.layout_of(mti).ok_or(unknown)?;
        let start = buffer.len();
        let head = self.mti.width() + self.bitmap.width();
        buffer.resize(start + ROOM, 0);
        if let Some(bytes) = buffer.get_mut(start..) {
            self.mti.write(mti, bytes);
        }
        Ok(Encoder {
            spec: self,
            layout,
            buffer,
            start,
            at: start + head,
            bitmap: Bitmap::default(),
            bitmaps: 1,
            last: None,
            finished: false,
        })
    }

    /// Writes the repeat of an encoded request or advice behind what `buffer` holds: the same bytes but
    /// for the MTI. The original is not decoded again; it is bytes that this spec encoded or decoded.
    ///
    /// # Errors
    /// If the original is a response, or does not begin with an MTI of the spec.
    pub fn repeat(&self, original: &[u8], buffer: &mut BytesMut) -> Result<(), EncodeError> {
        let not_a_message = EncodeError { de: None, reason: EncodeReason::NotAMessage };
        let mti = self.mti.read(original).ok_or(not_a_message)?;
        let repeat = mti.repeat().ok_or(EncodeError::no_answer(mti))?;
        if self.layout_of(repeat).is_none() {
            return Err(EncodeError { de: None, reason: EncodeReason::UnknownMti(repeat) });
        }
        let start = buffer.len();
        buffer.extend_from_slice(original);
        if let Some(bytes) = buffer.get_mut(start..) {
            self.mti.write(repeat, bytes);
        }
        Ok(())
    }
}

impl<'s> Encoder<'s, '_> {
    /// Writes a value from its text; bits from hex. A value that is shorter than a fixed element is filled
    /// up as its class is: numbers with zeros on the left, text with blanks on the right.
    ///
    /// # Errors
    /// If the value does not fit, has characters that the class does not admit, or is not made of the
    /// subfields that the spec describes; the message is as before.
    #[inline]
    pub fn text(&mut self, de: De, value: impl AsRef<[u8]>) -> Result<&mut Self, EncodeError> {
        let value = value.as_ref();
        let layout = self.enter(de)?;
        let written = match layout.coding {
            Coding::Ascii => self.ascii(layout, value),
            Coding::Ebcdic(_) | Coding::Bcd(_) | Coding::Binary | Coding::Hex(_) => {
                self.coded(layout, value)
            }
        };
        let end = written.map_err(|reason| EncodeError { de: Some(de), reason })?;
        if layout.has_subfields {
            self.check_subfields(de, layout, end)?;
        }
        self.leave(de, end);
        Ok(self)
    }

    /// Writes a number into a numeric element, filled up with zeros where it is fixed.
    ///
    /// # Errors
    /// If it has more digits than the element, or the element's class is not `n`.
    #[inline]
    pub fn number(&mut self, de: De, value: u64) -> Result<&mut Self, EncodeError> {
        let mut digits = [b'0'; 20];
        let mut rest = value;
        let mut first = digits.len();
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            first = place;
            if rest == 0 {
                break;
            }
        }
        self.text(de, digits.get(first..).unwrap_or_default())
    }

    /// Writes a value from its fixed subfields, in order, each filled up as its class is. Optional ones may
    /// be left out at the end.
    ///
    /// # Errors
    /// As [`Encoder::text`], and if the spec describes no fixed subfields of the element or fewer.
    pub fn parts(&mut self, de: De, values: &[&str]) -> Result<&mut Self, EncodeError> {
        let refuse = |reason| EncodeError { de: Some(de), reason };
        let element = self.layout.elements.get(&de).ok_or(refuse(EncodeReason::Undefined))?;
        let Some(Subfields::Fixed(parts)) = &element.subfields else {
            return Err(refuse(EncodeReason::NoSuchSubfields));
        };
        if values.len() > parts.len() {
            return Err(refuse(EncodeReason::NoSuchSubfields));
        }
        let mut text = [0; PARTS_MAX];
        let mut at = 0;
        for (part, value) in parts.iter().zip(values) {
            let (length, max) = (value.len(), part.length);
            if length > max {
                return Err(refuse(EncodeReason::TooLong { length, max }));
            }
            let slot = text
                .get_mut(at..at + max)
                .ok_or(refuse(EncodeReason::TooLong { length: at + max, max: PARTS_MAX }))?;
            fill(part.class, value.as_bytes(), slot).map_err(refuse)?;
            at += max;
        }
        self.text(de, text.get(..at).unwrap_or_default())
    }

    /// Writes a value from tagged subfields, in the given order.
    ///
    /// # Errors
    /// As [`Encoder::text`], and if the spec describes no tagged subfields of the element or a tag's value
    /// is longer than its length can say.
    pub fn tags(&mut self, de: De, values: &[(&str, &str)]) -> Result<&mut Self, EncodeError> {
        let refuse = |reason| EncodeError { de: Some(de), reason };
        let element = self.layout.elements.get(&de).ok_or(refuse(EncodeReason::Undefined))?;
        let Some(Subfields::Tagged(tagged)) = &element.subfields else {
            return Err(refuse(EncodeReason::NoSuchSubfields));
        };
        let mut text = String::new();
        for (tag, value) in values {
            let (length, width) = (value.len(), tagged.length_width);
            let max = 10_usize.pow(u32::try_from(width).unwrap_or_default()) - 1;
            if tag.len() != tagged.tag_width {
                return Err(refuse(EncodeReason::NoSuchSubfields));
            }
            if length > max {
                return Err(refuse(EncodeReason::TooLong { length, max }));
            }
            text.push_str(tag);
            text.extend([format!("{length:0width$}").as_str(), value]);
        }
        self.text(de, text)
    }

    /// Writes a data element from its bytes in another message, with the length indicator.
    pub(super) fn wire(
        &mut self,
        de: De,
        from: &Layout,
        wire: &[u8],
    ) -> Result<&mut Self, EncodeError> {
        let layout = self.enter(de)?;
        if layout != from {
            return Err(EncodeError { de: Some(de), reason: EncodeReason::OtherLayout });
        }
        let end = self.at + wire.len();
        copy_words(wire, self.room(wire.len()), |_| 0);
        self.leave(de, end);
        Ok(self)
    }

    /// Ends the message: writes its bitmap.
    #[inline]
    pub fn finish(mut self) {
        self.finished = true;
        let mut at = self.start + self.spec.mti.width();
        let width = self.spec.bitmap.width();
        for (nth, word) in self.bitmap.words.into_iter().take(self.bitmaps).enumerate() {
            let another = if nth + 1 < self.bitmaps { ANOTHER } else { 0 };
            if let Some(bytes) = self.buffer.get_mut(at..at + width) {
                self.spec.bitmap.write(word | another, bytes);
            }
            at += width;
        }
        self.buffer.truncate(self.at);
    }

    /// The layout of the element, if it may come next.
    #[inline(always)]
    fn enter(&self, de: De) -> Result<&'s Layout, EncodeError> {
        let refuse = |reason| EncodeError { de: Some(de), reason };
        match self.last {
            Some(last) if last >= de => Err(refuse(EncodeReason::OutOfOrder(last))),
            _ => self.layout.layout(de).ok_or(refuse(EncodeReason::Undefined)),
        }
    }

    /// Takes the element in that was written from `at` to `end`. What lies there before is no part of the
    /// message, so a value that was refused half-way leaves no trace.
    #[inline(always)]
    fn leave(&mut self, de: De, end: usize) {
        let needed = usize::from(de.number() - 1) / 64 + 1;
        self.at = end;
        if needed > self.bitmaps {
            self.widen(needed);
        }
        self.bitmap.set(de);
        self.last = Some(de);
    }

    /// Moves the elements written so far back, to make room for more bitmaps.
    fn widen(&mut self, needed: usize) {
        let width = self.spec.bitmap.width();
        let body = self.start + self.spec.mti.width() + self.bitmaps * width;
        let shift = (needed - self.bitmaps) * width;
        self.room(shift);
        self.buffer.copy_within(body..self.at, body + shift);
        self.at += shift;
        self.bitmaps = needed;
    }

    /// The next `length` bytes of the buffer.
    #[inline(always)]
    fn room(&mut self, length: usize) -> &mut [u8] {
        let end = self.at + length;
        if end > self.buffer.len() {
            self.buffer.resize(end + ROOM, 0);
        }
        self.buffer.get_mut(self.at..end).unwrap_or_default()
    }

    /// Writes an ASCII element; gives where it ends.
    #[inline(always)]
    fn ascii(&mut self, layout: &Layout, value: &[u8]) -> Result<usize, EncodeReason> {
        let (length, max) = (value.len(), usize::from(layout.max));
        if length > max {
            return Err(EncodeReason::TooLong { length, max });
        }
        let width = layout.indicator.width();
        if layout.indicator == Indicator::Fixed {
            if length < max {
                return self.filled(layout, value);
            }
        } else if length < usize::from(layout.min) {
            return Err(EncodeReason::TooShort { length, min: usize::from(layout.min) });
        }
        let (indicator, content) =
            self.room(width + length).split_at_mut_checked(width).unwrap_or_default();
        layout.indicator.write(length, indicator);
        if !copy_checked(layout.class, value, content) {
            return Err(refused(layout.class, value));
        }
        Ok(self.at + width + length)
    }

    /// Writes a fixed ASCII element from a shorter value.
    fn filled(&mut self, layout: &Layout, value: &[u8]) -> Result<usize, EncodeReason> {
        let length = usize::from(layout.max);
        if !fill(layout.class, value, self.room(length))? {
            return Err(refused(layout.class, value));
        }
        Ok(self.at + length)
    }

    /// Writes an element that isn't plain ASCII; gives where it ends.
    #[inline(never)]
    fn coded(&mut self, layout: &Layout, value: &[u8]) -> Result<usize, EncodeReason> {
        let (max, min) = (usize::from(layout.max), usize::from(layout.min));
        let bits = matches!(layout.coding, Coding::Binary | Coding::Hex(_));
        if bits && !(value.len().is_multiple_of(2) && value.iter().all(u8::is_ascii_hexdigit)) {
            return Err(EncodeReason::NotHex);
        }
        if !bits && let Some(place) = layout.class.first_refused(value) {
            return Err(EncodeReason::Class { class: layout.class, place });
        }
        let given = if bits { value.len() / 2 } else { value.len() };
        let filler = layout.class.filler().filter(|_| layout.indicator == Indicator::Fixed);
        let length = if filler.is_some() { given.max(max) } else { given };
        if length > max {
            return Err(EncodeReason::TooLong { length, max });
        }
        if length < min {
            return Err(EncodeReason::TooShort { length, min });
        }
        let width = layout.indicator.width();
        let bytes = layout.bytes_of(length);
        let (indicator, content) =
            self.room(width + bytes).split_at_mut_checked(width).unwrap_or_default();
        layout.indicator.write(layout.stated(length), indicator);
        let missing = length - given;
        let character = |place: usize| match filler {
            Some(Filler::ZerosLeft) if place < missing => b'0',
            Some(Filler::ZerosLeft) => value.get(place - missing).copied().unwrap_or_default(),
            Some(Filler::BlanksRight) => value.get(place).copied().unwrap_or(b' '),
            None => value.get(place).copied().unwrap_or_default(),
        };
        write_coded(layout.coding, length, character, content);
        Ok(self.at + width + bytes)
    }

    fn check_subfields(&self, de: De, layout: &Layout, end: usize) -> Result<(), EncodeError> {
        let subfields = self.layout.elements.get(&de).and_then(|it| it.subfields.as_ref());
        let (Some(subfields), Some(wire)) = (subfields, self.buffer.get(self.at..end)) else {
            return Ok(());
        };
        subfields
            .walk(layout.characters(wire), |_| ())
            .map_err(|fault| EncodeError { de: Some(de), reason: EncodeReason::Subfields(fault) })
    }
}

impl Drop for Encoder<'_, '_> {
    fn drop(&mut self) {
        if !self.finished {
            self.buffer.truncate(self.start);
        }
    }
}

#[cold]
fn refused(class: Class, value: &[u8]) -> EncodeReason {
    EncodeReason::Class { class, place: class.first_refused(value).unwrap_or_default() }
}

/// Copies ASCII text of a class into as many bytes; false if the class does not admit all of it.
#[inline(always)]
fn copy_checked(class: Class, from: &[u8], to: &mut [u8]) -> bool {
    match class {
        Class::N => copy_words(from, to, swar::digits),
        Class::An => copy_words(from, to, swar::alphanumeric_or_blank),
        Class::Ans => copy_words(from, to, swar::printable),
        Class::A | Class::Ns | Class::B | Class::Z | Class::Xn => {
            to.copy_from_slice(from);
            class.admits_all(from)
        }
    }
}

/// Copies and checks at once, eight bytes at a time; as [`every_word`] does, with words that overlap.
#[inline(always)]
fn copy_words(from: &[u8], to: &mut [u8], refused: impl Fn(u64) -> u64) -> bool {
    let mut found = 0;
    let (words, _) = from.as_chunks::<8>();
    let (places, _) = to.as_chunks_mut::<8>();
    for (word, place) in words.iter().zip(places) {
        found |= refused(u64::from_ne_bytes(*word));
        *place = *word;
    }
    if from.len() >= 8 {
        copy_tail::<8>(from, to);
    } else if from.len() >= 4 {
        copy_head::<4>(from, to);
        copy_tail::<4>(from, to);
    } else if from.len() >= 2 {
        copy_head::<2>(from, to);
        copy_tail::<2>(from, to);
    } else if let (Some(byte), Some(place)) = (from.first(), to.first_mut()) {
        *place = *byte;
    }
    (found | if from.is_empty() { 0 } else { refused(last_word(from)) }) == 0
}

#[inline(always)]
fn copy_head<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(word), Some(place)) = (from.first_chunk::<N>(), to.first_chunk_mut::<N>()) {
        *place = *word;
    }
}

#[inline(always)]
fn copy_tail<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(word), Some(place)) = (from.last_chunk::<N>(), to.last_chunk_mut::<N>()) {
        *place = *word;
    }
}

/// Copies a value into more bytes than it has, filled up as its class is; false if the class does not
/// admit all of it.
fn fill(class: Class, value: &[u8], to: &mut [u8]) -> Result<bool, EncodeReason> {
    let (length, min) = (value.len(), to.len());
    let (filled, byte, content) = match class.filler() {
        None => return Err(EncodeReason::TooShort { length, min }),
        Some(Filler::ZerosLeft) => {
            let (filled, content) = to.split_at_mut_checked(min - length).unwrap_or_default();
            (filled, b'0', content)
        }
        Some(Filler::BlanksRight) => {
            let (content, filled) = to.split_at_mut_checked(length).unwrap_or_default();
            (filled, b' ', content)
        }
    };
    filled.fill(byte);
    Ok(copy_checked(class, value, content))
}

/// Writes `length` characters, digits or (for bits) bytes in a coding.
fn write_coded(coding: Coding, length: usize, character: impl Fn(usize) -> u8, to: &mut [u8]) {
    let nibble = |place: usize| nibble_of(character(place)).unwrap_or_default();
    for (at, byte) in to.iter_mut().enumerate() {
        *byte = match coding {
            Coding::Ascii => character(at),
            Coding::Ebcdic(page) => page.from_ascii(character(at)),
            Coding::Binary => nibble(2 * at) << 4 | nibble(2 * at + 1),
            Coding::Hex(None) => character(at).to_ascii_uppercase(),
            Coding::Hex(Some(page)) => page.from_ascii(character(at).to_ascii_uppercase()),
            Coding::Bcd(Pad::Left) if length % 2 == 1 => match at.checked_sub(1) {
                None => nibble(0),
                Some(before) => nibble(2 * before + 1) << 4 | nibble(2 * before + 2),
            },
            Coding::Bcd(pad) => {
                let low = match pad {
                    Pad::RightF if 2 * at + 1 == length => 0xF,
                    Pad::RightZero if 2 * at + 1 == length => 0,
                    Pad::Left | Pad::RightZero | Pad::RightF => nibble(2 * at + 1),
                };
                nibble(2 * at) << 4 | low
            }
        };
    }
}
