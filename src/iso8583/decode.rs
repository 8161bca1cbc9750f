//! Decoding: one pass over the bytes, checked against the table of the spec, without an allocation.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::bitmap::{ANOTHER, Bitmap};
use super::characters::Characters;
use super::class::Unit;
use super::de::De;
use super::error::{DecodeError, Place, Reason};
use super::layout::{Coding, Indicator, Layout, NotNumeric};
use super::message::{Ends, MESSAGE_MAX, Message};
use super::mti::Mti;
use super::spec::{Element, MessageLayout, Spec};

/// What is wrong at a byte of the message, before the place is put to it.
#[derive(Clone, Copy)]
struct Wrong {
    offset: usize,
    reason: Reason,
}

impl Spec {
    /// Decodes a message, from the MTI to its last byte, and checks all of it: every value by its content
    /// class and length, subfields too.
    ///
    /// # Errors
    /// With the first thing that is wrong, its place and its byte.
    #[inline]
    pub fn decode(&self, bytes: Bytes) -> Result<Message<'_>, DecodeError> {
        let input = &*bytes;
        if input.len() > MESSAGE_MAX {
            return Err(error(Place::Message, 0, Reason::TooLarge(input.len())));
        }
        let (mti, layout) = self.decode_mti(input)?;
        let at = self.mti.width();
        let (bitmap, body) = self.decode_bitmap(input, at, layout)?;
        let mut ends = Ends::new();
        let end = decode_elements(input, body, &bitmap, layout, &mut ends)?;
        if end != input.len() {
            return Err(error(Place::Message, end, Reason::TrailingBytes(input.len() - end)));
        }
        // A message has at most 65535 bytes, so the fallback is never taken.
        let body = u16::try_from(body).unwrap_or(u16::MAX);
        Ok(Message { spec: self, layout, mti, bitmap, body, ends, bytes })
    }

    #[inline(always)]
    fn decode_mti(&self, input: &[u8]) -> Result<(Mti, &MessageLayout), DecodeError> {
        let width = self.mti.width();
        if input.len() < width {
            let reason = Reason::Truncated { needed: width, left: input.len() };
            return Err(error(Place::Mti, 0, reason));
        }
        let mti =
            self.mti.read(input).ok_or_else(|| error(Place::Mti, 0, Reason::MtiNotNumeric))?;
        let layout =
            self.layout_of(mti).ok_or_else(|| error(Place::Mti, 0, Reason::UnknownMti(mti)))?;
        Ok((mti, layout))
    }

    /// Reads the bitmaps; gives them and where the first data element begins.
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
                error(Place::Bitmap, at, reason)
            })?;
            *word = self
                .bitmap
                .read(bytes)
                .map_err(|place| error(Place::Bitmap, at + place, Reason::BitmapNotHex))?;
            let another = nth < 2 && *word & ANOTHER != 0;
            if another && nth + 1 >= layout.bitmaps {
                return Err(error(Place::Bitmap, at, Reason::UndefinedBitmap));
            }
            at += width;
            if !another {
                break;
            }
        }
        Ok((bitmap, at))
    }
}

/// Walks the data elements that the bitmap has, from `at` on; gives where the last one ends.
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
        // The first element is the highest bit; finding the lowest is cheaper.
        let mut bits = bits.reverse_bits();
        while bits != 0 {
            #[expect(clippy::cast_possible_truncation, reason = "zeros of a u64 that isn't zero")]
            let number = first + bits.trailing_zeros() as u8;
            bits &= bits - 1;
            at = match layout.step(number).pass(input, at, lengths) {
                Some(end) => end,
                None => long_way(input, at, layout, number)?,
            };
            ends.set(rank, at);
            rank += 1;
        }
    }
    Ok(at)
}

/// Checks one data element by its layout, or finds what is wrong; gives where it ends.
#[inline(never)]
fn long_way(
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
        Some(None) | None => Err(Wrong { offset: at, reason: Reason::Undefined }),
    };
    found.map_err(|wrong| element_error(message, number, wrong))
}

/// Checks one data element; gives where it ends.
fn decode_element(input: &[u8], at: usize, layout: &Layout) -> Result<usize, Wrong> {
    let length = decode_length(input, at, layout)?;
    let content_at = at + layout.indicator.width();
    let end = content_at + layout.bytes_of(length);
    let Some(content) = input.get(content_at..end) else {
        return Err(truncated(input, content_at, end - content_at));
    };
    check_content(content_at, content, length, layout)?;
    Ok(end)
}

/// The length of the value, within what the spec allows.
fn decode_length(input: &[u8], at: usize, layout: &Layout) -> Result<usize, Wrong> {
    if layout.indicator == Indicator::Fixed {
        return Ok(usize::from(layout.max));
    }
    let width = layout.indicator.width();
    let Some((indicator, rest)) = input.get(at..).and_then(|rest| rest.split_at_checked(width))
    else {
        return Err(truncated(input, at, width));
    };
    let wrong = |reason| Wrong { offset: at, reason };
    let stated =
        layout.indicator.read(indicator).map_err(|NotNumeric| wrong(Reason::LengthNotNumeric))?;
    let (min, max, unit) = (usize::from(layout.min), usize::from(layout.max), layout.class.unit());
    if layout.counts_bytes {
        check_length(stated, layout.stated(min), layout.stated(max), Unit::Bytes).map_err(wrong)?;
        if rest.len() < stated {
            return Err(truncated(input, at + width, stated));
        }
    }
    let length = layout.length(stated, rest);
    check_length(length, min, max, unit).map_err(wrong)?;
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

fn truncated(input: &[u8], at: usize, needed: usize) -> Wrong {
    Wrong { offset: at, reason: Reason::Truncated { needed, left: input.len().saturating_sub(at) } }
}

/// Checks the characters of a value, and what fills them up.
fn check_content(at: usize, content: &[u8], length: usize, layout: &Layout) -> Result<(), Wrong> {
    if layout.coding == Coding::Binary {
        return Ok(());
    }
    let characters = Characters::new(layout.coding, content, layout.characters_of(length));
    if let Some(place) = characters.first_refused(layout.class) {
        let byte_at = characters.byte_of(place);
        let byte = content.get(byte_at).copied();
        let reason = Reason::Class { class: layout.class, place, byte };
        return Err(Wrong { offset: at + byte_at, reason });
    }
    match characters.wrong_padding() {
        Some(byte_at) => Err(Wrong { offset: at + byte_at, reason: Reason::Padding }),
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
) -> Result<(), Wrong> {
    let described = De::new(number).and_then(|de| message.subfields(de));
    let (Some(subfields), Some(wire)) = (described, input.get(start..end)) else { return Ok(()) };
    subfields.walk(layout.characters(wire), |_| ()).map_err(|fault| Wrong {
        offset: start + layout.indicator.width(),
        reason: Reason::Subfields(fault),
    })
}

#[cold]
fn error(place: Place, offset: usize, reason: Reason) -> DecodeError {
    DecodeError { place, name: None, offset, reason }
}

/// Puts the element to what is wrong. A byte of a sensitive element is not told.
#[cold]
fn element_error(message: &MessageLayout, number: u8, wrong: Wrong) -> DecodeError {
    let Wrong { offset, reason } = wrong;
    let Some(de) = De::new(number) else { return error(Place::Bitmap, offset, reason) };
    let element = message.element(de);
    let reason = match reason {
        Reason::Class { class, place, .. } if element.is_some_and(Element::is_sensitive) => {
            Reason::Class { class, place, byte: None }
        }
        other => other,
    };
    DecodeError {
        place: Place::Element(de),
        name: element.map(|it| it.name.clone()),
        offset,
        reason,
    }
}
