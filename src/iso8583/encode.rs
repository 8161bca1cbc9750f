//! Encoding into a reused buffer. Values are validated while they are copied.

mod error;
mod room;
mod slow_path;
mod template;
#[cfg(test)]
mod tests;

use std::ptr;

use bytes::BytesMut;

use super::bitmap::{Bitmap, CONTINUATION_BIT};
use super::class::{Class, Unit};
use super::de::De;
use super::layout::{Indicator, Layout};
use super::message::{MESSAGE_MAX, Message};
use super::mti::Mti;
use super::spec::{MessageLayout, Spec};
use super::subfields::{SubfieldFault, SubfieldReason, Subfields};

pub use error::{EncodeError, EncodeReason};
use room::{ROOM, room};
use slow_path::pad;
pub use template::Template;

/// A message that is being written at the end of a buffer, with data elements in ascending order.
///
/// Dropping it before [`Encoder::finish`] restores the buffer, so an incomplete message is never sent.
pub struct Encoder<'s, 'b> {
    spec: &'s Spec,
    layout: &'s MessageLayout,
    buffer: &'b mut BytesMut,
    /// The start of the message. The buffer is truncated to it unless the message is finished.
    start: usize,
    /// The offset of the next data element. The buffer is longer, because it grows in steps.
    at: usize,
    bitmap: Bitmap,
    /// The highest data element for which the bitmaps have room.
    highest: u8,
    /// The number of the last data element; 0 if there is none yet.
    last: u8,
    finished: bool,
}

/// The number of characters of fixed subfields that are joined without an allocation.
const SUBFIELDS_INLINE: usize = 1024;

impl Spec {
    /// Begins a message of this type behind the content of `buffer`.
    ///
    /// # Errors
    /// If no message layout selects the MTI.
    #[inline]
    pub fn encoder<'s, 'b>(
        &'s self,
        mti: Mti,
        buffer: &'b mut BytesMut,
    ) -> Result<Encoder<'s, 'b>, EncodeError> {
        let unknown = EncodeError::for_message(EncodeReason::UnknownMti(mti));
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

    /// Writes the repeat of an encoded request or advice behind the content of `buffer`: the same bytes with
    /// the MTI of the repeat. The original is not decoded again; this spec must have encoded or decoded it. A
    /// MAC is copied unchanged, and the caller must compute it anew.
    ///
    /// # Errors
    /// If the original is a response, does not begin with an MTI of the spec, or its repeat has another
    /// message layout.
    pub fn repeat(&self, original: &[u8], buffer: &mut BytesMut) -> Result<(), EncodeError> {
        let refuse = EncodeError::for_message;
        let mti = self.mti.read(original).ok_or(refuse(EncodeReason::MtiInvalid))?;
        let repeat = mti.repeat().ok_or(refuse(EncodeReason::NotARequest(mti)))?;
        let layout = |mti| self.layout_of(mti).ok_or(refuse(EncodeReason::UnknownMti(mti)));
        if !ptr::eq(layout(repeat)?, layout(mti)?) {
            return Err(refuse(EncodeReason::LayoutDiffers(repeat)));
        }
        let start = buffer.len();
        buffer.extend_from_slice(original);
        if let Some(bytes) = buffer.get_mut(start..) {
            self.mti.write(repeat, bytes);
        }
        Ok(())
    }

    /// Writes the response to a message behind the content of `buffer`: the MTI of the response, the elements
    /// of `echo` that the message has, unchanged, and `added`. Both lists are in ascending order; an element
    /// in both is taken from `added`.
    ///
    /// # Errors
    /// If the message is itself a response, or a value is invalid. `buffer` is then unchanged.
    pub fn respond<V: AsRef<[u8]>>(
        &self,
        message: &Message<'_>,
        echo: &[De],
        added: &[(De, V)],
        buffer: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let not_a_request = EncodeError::for_message(EncodeReason::NotARequest(message.mti()));
        let mti = message.mti().response().ok_or(not_a_request)?;
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
    /// Writes a value from its text; bits from hex. A value that is shorter than a fixed element is padded by
    /// its class: numbers with zeros on the left, text with spaces on the right.
    ///
    /// # Errors
    /// If the value has a wrong length, has characters that the class does not accept, or does not match the
    /// subfields of the spec. The message is then unchanged.
    #[inline]
    pub fn text(&mut self, de: De, value: impl AsRef<[u8]>) -> Result<&mut Self, EncodeError> {
        let value = value.as_ref();
        self.check_order(de)?;
        let fast_path = self.layout.fast_path(de.number());
        let end = match fast_path.write(value, self.buffer, self.at, &self.layout.ends) {
            Some(end) => end,
            None => slow_path::write(self.layout, de, value, self.buffer, self.at)?,
        };
        self.append(de, end)?;
        Ok(self)
    }

    /// Writes a value as [`Encoder::text`] does. Returns the bytes of the element, with its length indicator.
    ///
    /// # Errors
    /// As [`Encoder::text`].
    pub fn text_wire(&mut self, de: De, value: impl AsRef<[u8]>) -> Result<&[u8], EncodeError> {
        let (at, highest) = (self.at, self.highest);
        self.text(de, value)?;
        // More bitmaps move the element.
        let moved = usize::from(self.highest - highest) / 64 * self.spec.bitmap.width();
        Ok(self.buffer.get(at + moved..self.at).unwrap_or_default())
    }

    /// Writes a number into an element of class `n`. A fixed element is padded with zeros.
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
        let layout = self.require_layout(de)?;
        if layout.class != Class::N {
            return Err(EncodeError::for_element(de, EncodeReason::NotNumeric(layout.class)));
        }
        if layout.indicator == Indicator::Fixed {
            count = count.max(usize::from(layout.max).min(DIGITS));
        }
        self.text(de, digits.get(DIGITS - count..).unwrap_or_default())
    }

    /// Writes a value from its fixed subfields, in order, each padded by its class. Optional subfields at the
    /// end may be left out.
    ///
    /// # Errors
    /// As [`Encoder::text`]. Also if the spec defines no fixed subfields of the element, or fewer, or a
    /// mandatory one is missing.
    pub fn fixed_subfields(&mut self, de: De, values: &[&str]) -> Result<&mut Self, EncodeError> {
        let refuse = |reason| EncodeError::for_element(de, reason);
        let invalid =
            |position, reason| refuse(EncodeReason::Subfields(SubfieldFault { position, reason }));
        let Some(Subfields::Fixed(parts)) = self.layout.subfields(de) else {
            return Err(refuse(EncodeReason::SubfieldsUndefined));
        };
        if values.len() > parts.len() {
            return Err(refuse(EncodeReason::SubfieldsUndefined));
        }
        let length = parts.iter().zip(values).map(|(part, _)| part.length).sum();
        let (mut few, mut many) = ([0; SUBFIELDS_INLINE], Vec::new());
        let text = if length <= SUBFIELDS_INLINE {
            few.get_mut(..length).unwrap_or_default()
        } else {
            many.resize(length, 0);
            many.as_mut_slice()
        };
        let mut at = 0;
        for (part, value) in parts.iter().zip(values) {
            let slot = text.get_mut(at..at + part.length).unwrap_or_default();
            pad(part.class, value.as_bytes(), slot).map_err(refuse)?;
            if let Some(position) = part.class.first_invalid(slot) {
                return Err(invalid(at + position, SubfieldReason::Class(part.class)));
            }
            at += part.length;
        }
        // A fixed element would be padded, and the values would end up in the wrong subfields.
        if parts.iter().skip(values.len()).any(|part| !part.optional) {
            return Err(invalid(length, SubfieldReason::LengthMismatch));
        }
        self.text(de, text)
    }

    /// Writes a value from tagged subfields, in the given order.
    ///
    /// # Errors
    /// As [`Encoder::text`]. Also if the spec defines no tagged subfields of the element, or a value is
    /// longer than its length can express.
    pub fn tagged_subfields(
        &mut self,
        de: De,
        values: &[(&str, &str)],
    ) -> Result<&mut Self, EncodeError> {
        let refuse = |reason| EncodeError::for_element(de, reason);
        let Some(Subfields::Tagged(tagged)) = self.layout.subfields(de) else {
            return Err(refuse(EncodeReason::SubfieldsUndefined));
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

    /// Copies a data element from another message, if that message has it. If the two messages have different
    /// layouts, the value is encoded anew.
    ///
    /// # Errors
    /// As [`Encoder::text`].
    pub fn echo(&mut self, from: &Message<'_>, de: De) -> Result<&mut Self, EncodeError> {
        let Some(field) = from.field(de).filter(|_| !from.is_odd(de)) else { return Ok(self) };
        if !ptr::eq(self.layout, from.layout()) {
            return self.text(de, field.reveal().as_bytes());
        }
        self.check_order(de)?;
        let wire = field.wire();
        self.room(wire.len()).copy_from_slice(wire);
        self.append(de, self.at + wire.len())?;
        Ok(self)
    }

    /// Completes the message: writes its bitmaps.
    #[inline]
    pub fn finish(mut self) {
        self.finished = true;
        let mut at = self.start + self.spec.mti.width();
        let width = self.spec.bitmap.width();
        let bitmaps = usize::from(self.highest) / 64;
        for nth in 0..bitmaps {
            let continued = if nth + 1 < bitmaps { CONTINUATION_BIT } else { 0 };
            let word = self.bitmap.words.get(nth).copied().unwrap_or_default();
            if let Some(bytes) = self.buffer.get_mut(at..at + width) {
                self.spec.bitmap.write(word | continued, bytes);
            }
            at += width;
        }
        self.buffer.truncate(self.at);
    }

    /// Checks that the element comes behind the last one.
    #[inline(always)]
    fn check_order(&self, de: De) -> Result<(), EncodeError> {
        if de.number() > self.last { Ok(()) } else { Err(self.out_of_order(de)) }
    }

    #[cold]
    fn out_of_order(&self, de: De) -> EncodeError {
        EncodeError::for_element(de, EncodeReason::OutOfOrder(De::new(self.last).unwrap_or(de)))
    }

    fn require_layout(&self, de: De) -> Result<&'s Layout, EncodeError> {
        self.layout.layout(de).ok_or(EncodeError::for_element(de, EncodeReason::Undefined))
    }

    /// Appends the element that was written from `at` to `end`. Bytes behind `at` are not part of the message
    /// before, so a rejected value leaves nothing behind.
    #[inline(always)]
    fn append(&mut self, de: De, end: usize) -> Result<(), EncodeError> {
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

    /// Returns the bytes that additional bitmaps need for this element.
    #[inline(never)]
    fn shift(&self, de: De) -> usize {
        usize::from(highest_of_bitmap(de) - self.highest) / 64 * self.spec.bitmap.width()
    }

    /// Moves the elements that are written so far, to make room for more bitmaps.
    #[inline(never)]
    fn widen(&mut self, de: De, shift: usize) {
        let bitmaps = usize::from(self.highest) / 64 * self.spec.bitmap.width();
        let body = self.start + self.spec.mti.width() + bitmaps;
        self.room(shift);
        self.buffer.copy_within(body..self.at, body + shift);
        self.at += shift;
        self.highest = highest_of_bitmap(de);
    }

    /// Returns the next `length` bytes of the buffer.
    fn room(&mut self, length: usize) -> &mut [u8] {
        room(self.buffer, self.at, length)
    }
}

#[cold]
#[inline(never)]
fn too_large(de: De) -> EncodeError {
    EncodeError::for_element(de, EncodeReason::TooLarge)
}

/// Returns the highest data element of the bitmap that has this one.
const fn highest_of_bitmap(de: De) -> u8 {
    (de.number() - 1) / 64 * 64 + 64
}

impl Drop for Encoder<'_, '_> {
    fn drop(&mut self) {
        if !self.finished {
            self.buffer.truncate(self.start);
        }
    }
}
