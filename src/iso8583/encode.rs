//! Encoding into a reused buffer: values are checked while they are copied.

mod error;
mod long;
mod template;
#[cfg(test)]
mod tests;

use std::ptr;

use bytes::BytesMut;

use super::bitmap::{ANOTHER, Bitmap};
use super::class::{Class, Unit};
use super::de::De;
use super::layout::{Indicator, Layout};
use super::message::{MESSAGE_MAX, Message};
use super::mti::Mti;
use super::spec::{MessageLayout, Spec};
use super::subfields::{SubfieldFault, SubfieldReason, Subfields};

pub use error::{EncodeError, EncodeReason};
use long::fill;
pub use template::Template;

/// A message being written at the end of a buffer, its data elements in ascending order.
///
/// Dropped before [`Encoder::finish`], it leaves the buffer as it was: half a message is never sent.
pub struct Encoder<'s, 'b> {
    spec: &'s Spec,
    layout: &'s MessageLayout,
    buffer: &'b mut BytesMut,
    /// Where the message begins; cut back to it unless finished.
    start: usize,
    /// Where the next data element goes. The buffer is longer: it is made so in steps.
    at: usize,
    bitmap: Bitmap,
    /// The highest data element that there is room for in the bitmaps.
    highest: u8,
    /// The number of the last data element; 0 if there is none yet.
    last: u8,
    finished: bool,
}

/// Room that is made at once; most messages fit in it.
const ROOM: usize = 512;

/// Characters of fixed subfields that are put together without an allocation.
const PARTS_KEPT: usize = 1024;

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
        let unknown = EncodeError::whole(EncodeReason::UnknownMti(mti));
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
            highest: 64,
            last: 0,
            finished: false,
        })
    }

    /// Writes the repeat of an encoded request or advice behind what `buffer` holds: the same bytes but
    /// for the MTI. The original is not decoded again; it is bytes that this spec encoded or decoded. A MAC is
    /// copied with them and is that of the original: the caller renews it.
    ///
    /// # Errors
    /// If the original is a response, does not begin with an MTI of the spec, or its repeat has another message
    /// layout.
    pub fn repeat(&self, original: &[u8], buffer: &mut BytesMut) -> Result<(), EncodeError> {
        let whole = EncodeError::whole;
        let mti = self.mti.read(original).ok_or(whole(EncodeReason::NotAMessage))?;
        let repeat = mti.repeat().ok_or(whole(EncodeReason::NoAnswer(mti)))?;
        let layout = |mti| self.layout_of(mti).ok_or(whole(EncodeReason::UnknownMti(mti)));
        if !ptr::eq(layout(repeat)?, layout(mti)?) {
            return Err(whole(EncodeReason::OtherLayout(repeat)));
        }
        let start = buffer.len();
        buffer.extend_from_slice(original);
        if let Some(bytes) = buffer.get_mut(start..) {
            self.mti.write(repeat, bytes);
        }
        Ok(())
    }

    /// Writes the response to a message behind what `buffer` holds: the MTI of the response, the elements
    /// of `echo` that the message has, as they are, and `added`. Both lists are in ascending order; an
    /// element in both is taken from `added`.
    ///
    /// # Errors
    /// If the message is a response itself, or a value does not fit; `buffer` is then as before.
    pub fn respond(
        &self,
        message: &Message<'_>,
        echo: &[De],
        added: &[(De, &str)],
        buffer: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let no_answer = EncodeError::whole(EncodeReason::NoAnswer(message.mti()));
        let mti = message.mti().response().ok_or(no_answer)?;
        let mut encoder = self.encoder(mti, buffer)?;
        let mut added = added.iter().peekable();
        for de in echo {
            while let Some((new, value)) = added.next_if(|(new, _)| new < de) {
                encoder.text(*new, value)?;
            }
            if added.peek().is_none_or(|(new, _)| new != de) {
                encoder.echo(message, *de)?;
            }
        }
        for (new, value) in added {
            encoder.text(*new, value)?;
        }
        encoder.finish();
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
        self.enter(de)?;
        let step = self.layout.step(de.number());
        let end = match step.put(value, self.buffer, self.at, &self.layout.ends) {
            Some(end) => end,
            None => long::write(self.layout, de, value, self.buffer, self.at)?,
        };
        self.leave(de, end)?;
        Ok(self)
    }

    /// Writes a number into an element of class `n`, filled up with zeros where it is fixed.
    ///
    /// # Errors
    /// If it has more digits than the element, or the element is of another class.
    #[inline]
    pub fn number(&mut self, de: De, value: u64) -> Result<&mut Self, EncodeError> {
        const DIGITS: usize = 20;
        let mut digits = [b'0'; DIGITS];
        let mut rest = value;
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        let layout = self.defined(de)?;
        if layout.class != Class::N {
            return Err(EncodeError::at(de, EncodeReason::NotNumeric(layout.class)));
        }
        if layout.indicator == Indicator::Fixed {
            count = count.max(usize::from(layout.max).min(DIGITS));
        }
        self.text(de, digits.get(DIGITS - count..).unwrap_or_default())
    }

    /// Writes a value from its fixed subfields, in order, each filled up as its class is. Optional ones may
    /// be left out at the end.
    ///
    /// # Errors
    /// As [`Encoder::text`], and if the spec describes no fixed subfields of the element or fewer, or one is
    /// left out that isn't optional.
    pub fn parts(&mut self, de: De, values: &[&str]) -> Result<&mut Self, EncodeError> {
        let refuse = |reason| EncodeError::at(de, reason);
        let wrong =
            |place, reason| refuse(EncodeReason::Subfields(SubfieldFault { place, reason }));
        let Some(Subfields::Fixed(parts)) = self.layout.subfields(de) else {
            return Err(refuse(EncodeReason::NoSuchSubfields));
        };
        if values.len() > parts.len() {
            return Err(refuse(EncodeReason::NoSuchSubfields));
        }
        let length = parts.iter().zip(values).map(|(part, _)| part.length).sum();
        let (mut few, mut many) = ([0; PARTS_KEPT], Vec::new());
        let text = if length <= PARTS_KEPT {
            few.get_mut(..length).unwrap_or_default()
        } else {
            many.resize(length, 0);
            many.as_mut_slice()
        };
        let mut at = 0;
        for (part, value) in parts.iter().zip(values) {
            let slot = text.get_mut(at..at + part.length).unwrap_or_default();
            fill(part.class, value.as_bytes(), slot).map_err(refuse)?;
            if let Some(place) = part.class.first_refused(slot) {
                return Err(wrong(at + place, SubfieldReason::Class(part.class)));
            }
            at += part.length;
        }
        // A fixed element would be filled up, and the values would stand in other parts than their own.
        if parts.iter().skip(values.len()).any(|part| !part.optional) {
            return Err(wrong(length, SubfieldReason::Ends));
        }
        self.text(de, text)
    }

    /// Writes a value from tagged subfields, in the given order.
    ///
    /// # Errors
    /// As [`Encoder::text`], and if the spec describes no tagged subfields of the element or a tag's value
    /// is longer than its length can say.
    pub fn tags(&mut self, de: De, values: &[(&str, &str)]) -> Result<&mut Self, EncodeError> {
        let refuse = |reason| EncodeError::at(de, reason);
        let Some(Subfields::Tagged(tagged)) = self.layout.subfields(de) else {
            return Err(refuse(EncodeReason::NoSuchSubfields));
        };
        let mut text = String::new();
        for (tag, value) in values {
            let (length, width) = (value.len(), tagged.length_width);
            let max = 10_usize.pow(u32::try_from(width).unwrap_or_default()) - 1;
            if tag.len() != tagged.tag_width {
                let (length, width) = (tag.len(), tagged.tag_width);
                return Err(refuse(EncodeReason::TagWidth { length, width }));
            }
            if length > max {
                let unit = Unit::Characters;
                return Err(refuse(EncodeReason::TooLong { length, max, unit }));
            }
            text.push_str(tag);
            text.extend([format!("{length:0width$}").as_str(), value]);
        }
        self.text(de, text)
    }

    /// Copies a data element from another message, if that has it. Where the two messages are of different
    /// layouts, its value is written anew.
    ///
    /// # Errors
    /// As [`Encoder::text`].
    pub fn echo(&mut self, from: &Message<'_>, de: De) -> Result<&mut Self, EncodeError> {
        let Some(field) = from.field(de) else { return Ok(self) };
        if !ptr::eq(self.layout, from.layout()) {
            return self.text(de, field.reveal().as_bytes());
        }
        self.enter(de)?;
        let wire = field.wire();
        self.room(wire.len()).copy_from_slice(wire);
        self.leave(de, self.at + wire.len())?;
        Ok(self)
    }

    /// Ends the message: writes its bitmap.
    #[inline]
    pub fn finish(mut self) {
        self.finished = true;
        let mut at = self.start + self.spec.mti.width();
        let width = self.spec.bitmap.width();
        let bitmaps = usize::from(self.highest) / 64;
        for nth in 0..bitmaps {
            let another = if nth + 1 < bitmaps { ANOTHER } else { 0 };
            let word = self.bitmap.words.get(nth).copied().unwrap_or_default();
            if let Some(bytes) = self.buffer.get_mut(at..at + width) {
                self.spec.bitmap.write(word | another, bytes);
            }
            at += width;
        }
        self.buffer.truncate(self.at);
    }

    /// Whether the element may come next.
    #[inline(always)]
    fn enter(&self, de: De) -> Result<(), EncodeError> {
        if de.number() > self.last { Ok(()) } else { Err(self.out_of_order(de)) }
    }

    #[cold]
    fn out_of_order(&self, de: De) -> EncodeError {
        EncodeError::at(de, EncodeReason::OutOfOrder(De::new(self.last).unwrap_or(de)))
    }

    fn defined(&self, de: De) -> Result<&'s Layout, EncodeError> {
        self.layout.layout(de).ok_or(EncodeError::at(de, EncodeReason::Undefined))
    }

    /// Takes the element in that was written from `at` to `end`. What lies there before is no part of the
    /// message, so a value that was refused half-way leaves no trace.
    #[inline(always)]
    fn leave(&mut self, de: De, end: usize) -> Result<(), EncodeError> {
        let shift = if de.number() > self.highest { self.shift(de) } else { 0 };
        if end + shift - self.start > MESSAGE_MAX {
            return Err(too_large(de));
        }
        self.at = end;
        self.last = de.number();
        self.bitmap.set(de);
        if shift > 0 {
            self.widen(de, shift);
        }
        Ok(())
    }

    /// Bytes of the bitmaps that an element needs besides those there is room for.
    #[inline(never)]
    fn shift(&self, de: De) -> usize {
        usize::from(highest_beside(de) - self.highest) / 64 * self.spec.bitmap.width()
    }

    /// Moves the elements written so far back, to make room for more bitmaps.
    #[inline(never)]
    fn widen(&mut self, de: De, shift: usize) {
        let bitmaps = usize::from(self.highest) / 64 * self.spec.bitmap.width();
        let body = self.start + self.spec.mti.width() + bitmaps;
        self.room(shift);
        self.buffer.copy_within(body..self.at, body + shift);
        self.at += shift;
        self.highest = highest_beside(de);
    }

    /// The next `length` bytes of the buffer.
    fn room(&mut self, length: usize) -> &mut [u8] {
        room(self.buffer, self.at, length)
    }
}

#[cold]
#[inline(never)]
fn too_large(de: De) -> EncodeError {
    EncodeError::at(de, EncodeReason::TooLarge)
}

/// The highest data element of the bitmap that has this one.
const fn highest_beside(de: De) -> u8 {
    (de.number() - 1) / 64 * 64 + 64
}

/// The `length` bytes of a buffer from `at` on. It is made longer than that where it is too short, so that it
/// is seldom.
fn room(buffer: &mut BytesMut, at: usize, length: usize) -> &mut [u8] {
    let end = at + length;
    if end > buffer.len() {
        buffer.resize(end + ROOM, 0);
    }
    buffer.get_mut(at..end).unwrap_or_default()
}

impl Drop for Encoder<'_, '_> {
    fn drop(&mut self) {
        if !self.finished {
            self.buffer.truncate(self.start);
        }
    }
}
