//! Decoding: one pass over the bytes, validated against the table of the spec, without an allocation.

pub(super) mod lenient;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::bitmap::{Bitmap, CONTINUATION_BIT};
use super::characters::Characters;
use super::class::Unit;
use super::coding::Coding;
use super::de::De;
use super::error::{DecodeError, MessagePart, Reason};
use super::layout::{Indicator, Layout, NotNumeric};
use super::message::{Ends, MESSAGE_MAX, Message, OwnedMessage};
use super::mti::Mti;
use super::spec::{Element, MessageLayout, Spec};

/// An error at a byte of the message, before the data element is attached to it.
#[derive(Clone, Copy)]
struct ElementFault {
    offset: usize,
    reason: Reason,
}

impl Spec {
    /// Decodes a message from the MTI to its last byte and validates all of it: bitmaps, lengths, content
    /// classes and subfields.
    ///
    /// # Errors
    /// Returns the first error, with its message part and its byte offset.
    #[inline]
    pub fn decode(&self, bytes: Bytes) -> Result<Message<'_>, DecodeError> {
        let input = &*bytes;
        if input.len() > MESSAGE_MAX {
            return Err(error(MessagePart::Message, 0, Reason::TooLarge(input.len())));
        }
        let (mti, layout) = self.decode_mti(input)?;
        let at = self.mti.width();
        let (bitmap, body) = self.decode_bitmap(input, at, layout)?;
        let mut ends = Ends::new();
        let end = decode_elements(input, body, &bitmap, layout, &mut ends)?;
        if end != input.len() {
            return Err(error(MessagePart::Message, end, Reason::TrailingBytes(input.len() - end)));
        }
        // Never taken: a message has at most 65535 bytes.
        let body = u16::try_from(body).unwrap_or(u16::MAX);
        let owned = OwnedMessage { mti, body, bitmap, ends, odd: None, bytes };
        Ok(Message { spec: self, layout, owned })
    }

    #[inline(always)]
    fn decode_mti(&self, input: &[u8]) -> Result<(Mti, &MessageLayout), DecodeError> {
        let width = self.mti.width();
        if input.len() < width {
            let reason = Reason::Truncated { needed: width, left: input.len() };
            return Err(error(MessagePart::Mti, 0, reason));
        }
        let mti = self
            .mti
            .read(input)
            .ok_or_else(|| error(MessagePart::Mti, 0, Reason::MtiNotNumeric))?;
        let layout = self
            .layout_of(mti)
            .ok_or_else(|| error(MessagePart::Mti, 0, Reason::UnknownMti(mti)))?;
        Ok((mti, layout))
    }

    /// Reads the bitmaps. Returns them and the offset of the first data element.
    #[inline(always)]
    fn decode_bitmap(
        &self,
        input: &[u8],
        at: usize,
        layout: &MessageLayout,
    ) -> Result<(Bitmap, usize), DecodeError> {
        let width = self.bitmap.width();
        let mut bitmap = Bitmap::default();
        let mut at = at;
        for (nth, word) in bitmap.words.iter_mut().enumerate() {
            let bytes = input.get(at..at + width).ok_or_else(|| {
                let reason = Reason::Truncated { needed: width, left: input.len() - at };
                error(MessagePart::Bitmap, at, reason)
            })?;
            *word = self.bitmap.read(bytes).map_err(|position| {
                error(MessagePart::Bitmap, at + position, Reason::BitmapNotHex)
            })?;
            let continued = nth < 2 && *word & CONTINUATION_BIT != 0;
            if continued && nth + 1 >= layout.bitmaps {
                return Err(error(MessagePart::Bitmap, at, Reason::UndefinedBitmap));
            }
            at += width;
            if !continued {
                break;
            }
        }
        Ok((bitmap, at))
    }
}

/// Validates the data elements that the bitmap has, from `at` on. Returns the end of the last one.
#[inline(always)]
fn decode_elements(
    input: &[u8],
    at: usize,
    bitmap: &Bitmap,
    layout: &MessageLayout,
    ends: &mut Ends,
) -> Result<usize, DecodeError> {
    let lengths = layout.ends.as_slice();
    let mut at = at;
    let mut rank = 0;
    for (bits, first) in bitmap.elements().into_iter().zip([1, 65, 129]) {
        // The first element is the highest bit. Finding the lowest bit is cheaper.
        let mut bits = bits.reverse_bits();
        while bits != 0 {
            #[expect(clippy::cast_possible_truncation, reason = "zeros of a u64 that isn't zero")]
            let number = first + bits.trailing_zeros() as u8;
            bits &= bits - 1;
            at = match layout.fast_path(number).end_if_valid(input, at, lengths) {
                Some(end) => end,
                None => slow_path(input, at, layout, number)?,
            };
            ends.set(rank, at);
            rank += 1;
        }
    }
    Ok(at)
}

/// Validates one data element by its layout, or finds the error. Returns its end.
#[inline(never)]
fn slow_path(
    input: &[u8],
    at: usize,
    message: &MessageLayout,
    number: u8,
) -> Result<usize, DecodeError> {
    let found = match message.layouts.get(usize::from(number)) {
        Some(Some(layout)) => decode_element(input, at, layout).and_then(|end| {
            check_subfields(input, at, end, layout, message, number)?;
            Ok(end)
        }),
        Some(None) | None => Err(ElementFault { offset: at, reason: Reason::Undefined }),
    };
    found.map_err(|fault| element_error(message, number, fault))
}

/// Validates one data element. Returns its end.
fn decode_element(input: &[u8], at: usize, layout: &Layout) -> Result<usize, ElementFault> {
    let length = decode_length(input, at, layout)?;
    let content_at = at + layout.indicator.width();
    let end = content_at + layout.byte_count(length);
    let Some(content) = input.get(content_at..end) else {
        return Err(truncated(input, content_at, end - content_at));
    };
    check_content(content_at, content, length, layout)?;
    Ok(end)
}

/// Reads the length of the value and checks it against the limits of the spec.
fn decode_length(input: &[u8], at: usize, layout: &Layout) -> Result<usize, ElementFault> {
    if layout.indicator == Indicator::Fixed {
        return Ok(usize::from(layout.max));
    }
    let width = layout.indicator.width();
    let Some((indicator, rest)) = input.get(at..).and_then(|rest| rest.split_at_checked(width))
    else {
        return Err(truncated(input, at, width));
    };
    let fault = |reason| ElementFault { offset: at, reason };
    let indicated =
        layout.indicator.read(indicator).map_err(|NotNumeric| fault(Reason::LengthNotNumeric))?;
    let (min, max, unit) = (usize::from(layout.min), usize::from(layout.max), layout.class.unit());
    if layout.counts_bytes {
        check_length(
            indicated,
            layout.indicator_value(min),
            layout.indicator_value(max),
            Unit::Bytes,
        )
        .map_err(fault)?;
        if rest.len() < indicated {
            return Err(truncated(input, at + width, indicated));
        }
    }
    let length = layout.length(indicated, rest);
    check_length(length, min, max, unit).map_err(fault)?;
    Ok(length)
}

fn check_length(length: usize, min: usize, max: usize, unit: Unit) -> Result<(), Reason> {
    if length > max {
        Err(Reason::TooLong { length, max, unit })
    } else if length < min {
        Err(Reason::TooShort { length, min, unit })
    } else {
        Ok(())
    }
}

fn truncated(input: &[u8], at: usize, needed: usize) -> ElementFault {
    ElementFault {
        offset: at,
        reason: Reason::Truncated { needed, left: input.len().saturating_sub(at) },
    }
}

/// Checks the characters of a value and its padding.
fn check_content(
    at: usize,
    content: &[u8],
    length: usize,
    layout: &Layout,
) -> Result<(), ElementFault> {
    if layout.coding == Coding::Binary {
        return Ok(());
    }
    let characters = Characters::new(layout.coding, content, layout.character_count(length));
    if let Some(position) = characters.first_invalid(layout.class) {
        let byte_at = characters.byte_of(position);
        let byte = content.get(byte_at).copied();
        let reason = Reason::Class { class: layout.class, position, byte };
        return Err(ElementFault { offset: at + byte_at, reason });
    }
    match characters.invalid_padding() {
        Some(byte_at) => Err(ElementFault { offset: at + byte_at, reason: Reason::Padding }),
        None => Ok(()),
    }
}

fn check_subfields(
    input: &[u8],
    start: usize,
    end: usize,
    layout: &Layout,
    message: &MessageLayout,
    number: u8,
) -> Result<(), ElementFault> {
    let described = De::new(number).and_then(|de| message.subfields(de));
    let (Some(subfields), Some(wire)) = (described, input.get(start..end)) else { return Ok(()) };
    subfields.walk(layout.characters(wire), |_| ()).map_err(|fault| ElementFault {
        offset: start + layout.indicator.width(),
        reason: Reason::Subfields(fault),
    })
}

#[cold]
fn error(part: MessagePart, offset: usize, reason: Reason) -> DecodeError {
    DecodeError { part, name: None, offset, reason }
}

/// Attaches the data element to an error. The byte of a sensitive element is left out.
#[cold]
fn element_error(message: &MessageLayout, number: u8, fault: ElementFault) -> DecodeError {
    let ElementFault { offset, reason } = fault;
    let Some(de) = De::new(number) else { return error(MessagePart::Bitmap, offset, reason) };
    let element = message.element(de);
    let reason = match reason {
        Reason::Class { class, position, .. } if element.is_some_and(Element::is_sensitive) => {
            Reason::Class { class, position, byte: None }
        }
        other => other,
    };
    DecodeError {
        part: MessagePart::Element(de),
        name: element.map(|it| it.name.clone()),
        offset,
        reason,
    }
}
