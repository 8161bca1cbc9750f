//! Decoding of a message with faults: what can be delimited is read, and every fault is listed. The caller decides which faults
//! it tolerates. Only a message that [`Spec::decode`] refuses comes here.

use bytes::Bytes;

use super::{ElementFault, element_error, error, slow_path};
use crate::iso8583::bitmap::{Bitmap, CONTINUATION_BIT};
use crate::iso8583::de::De;
use crate::iso8583::element_set::ElementSet;
use crate::iso8583::error::{DecodeError, MessagePart, Reason};
use crate::iso8583::layout::Layout;
use crate::iso8583::message::{Ends, MESSAGE_MAX, Message, OwnedMessage};
use crate::iso8583::spec::{MessageLayout, Spec};

/// A message with faults.
#[derive(Debug)]
pub struct Salvaged<'s> {
    /// The message: the data elements that could be delimited. A faulty one has its bytes, but no value and no subfields.
    pub message: Message<'s>,
    /// The faults, in the order of the message.
    pub faults: Vec<DecodeError>,
}

impl Spec {
    /// Reads a message that [`Spec::decode`] refuses, as far as its data elements can be delimited. An element behind one that
    /// cannot be delimited is absent from the message and has a fault of its own.
    ///
    /// # Errors
    /// If the message type or a bitmap cannot be read, or the message is longer than any frame.
    pub fn salvage(&self, bytes: Bytes) -> Result<Salvaged<'_>, DecodeError> {
        let input = &*bytes;
        if input.len() > MESSAGE_MAX {
            return Err(error(MessagePart::Message, 0, Reason::TooLarge(input.len())));
        }
        let (mti, layout) = self.decode_mti(input)?;
        let mut faults = Vec::new();
        let (bitmap, body) = self.salvage_bitmap(input, layout, &mut faults)?;
        // The length of an undefined element is unknown. If the rest of the message fits without it, only its bit was set.
        let walk = |undefined| Walk::over(input, body, layout, (&bitmap, undefined));
        let lone_bits = walk(Undefined::HasNoData);
        let is_lone_bits = lone_bits.faults.iter().all(|fault| fault.reason == Reason::Undefined);
        let walk = if is_lone_bits { lone_bits } else { walk(Undefined::HidesTheRest) };
        let Walk { ends, found, .. } = walk;
        faults.extend(walk.faults);
        // Never taken: a message has at most 65535 bytes.
        let body = u16::try_from(body).unwrap_or(u16::MAX);
        let bitmap = found.bitmap(&bitmap);
        let odd = Some(Box::new(found.odd));
        let message = Message {
            spec: self,
            layout,
            owned: OwnedMessage { mti, body, bitmap, ends, odd, bytes },
        };
        Ok(Salvaged { message, faults })
    }

    /// Reads the bitmaps, and also those that the layout does not define.
    fn salvage_bitmap(
        &self,
        input: &[u8],
        layout: &MessageLayout,
        faults: &mut Vec<DecodeError>,
    ) -> Result<(Bitmap, usize), DecodeError> {
        let width = self.bitmap.width();
        let mut bitmap = Bitmap::default();
        let mut at = self.mti.width();
        for (nth, word) in bitmap.words.iter_mut().enumerate() {
            let bytes = input.get(at..at + width).ok_or_else(|| {
                let left = input.len().saturating_sub(at);
                error(MessagePart::Bitmap, at, Reason::Truncated { needed: width, left })
            })?;
            *word = self.bitmap.read(bytes).map_err(|position| {
                error(MessagePart::Bitmap, at + position, Reason::BitmapNotHex)
            })?;
            let continued = nth < 2 && *word & CONTINUATION_BIT != 0;
            if continued && nth + 1 >= layout.bitmaps {
                faults.push(error(MessagePart::Bitmap, at, Reason::UndefinedBitmap));
            }
            at += width;
            if !continued {
                break;
            }
        }
        Ok((bitmap, at))
    }
}

/// The elements that were found.
#[derive(Default)]
struct Found {
    delimited: Bitmap,
    odd: ElementSet,
}

impl Found {
    /// Returns the bitmap of the delimited elements. As in the message, it says which bitmaps follow.
    fn bitmap(&self, sent: &Bitmap) -> Bitmap {
        let mut bitmap = self.delimited;
        for (word, sent) in bitmap.words.iter_mut().zip(sent.words).take(2) {
            *word |= sent & CONTINUATION_BIT;
        }
        bitmap
    }
}

/// What is assumed of an element that the spec does not define.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undefined {
    /// Its bit is set, and it has no bytes.
    HasNoData,
    /// It has an unknown number of bytes: what follows cannot be read.
    HidesTheRest,
}

/// One pass over the data elements.
struct Walk<'m> {
    input: &'m [u8],
    layout: &'m MessageLayout,
    /// The end of the last element that was delimited.
    at: usize,
    ends: Ends,
    found: Found,
    faults: Vec<DecodeError>,
}

impl<'m> Walk<'m> {
    /// Walks over the elements of a bitmap, the first of which is at `at`.
    fn over(
        input: &'m [u8],
        at: usize,
        layout: &'m MessageLayout,
        (bitmap, undefined): (&Bitmap, Undefined),
    ) -> Self {
        let (ends, found, faults) = (Ends::new(), Found::default(), Vec::new());
        let mut walk = Self { input, layout, at, ends, found, faults };
        walk.elements(bitmap, undefined);
        walk
    }

    fn elements(&mut self, bitmap: &Bitmap, undefined: Undefined) {
        let mut rank = 0;
        let mut is_delimited = true;
        for de in bitmap.iter() {
            let Some(element) = self.layout.layout(de) else {
                self.add_fault(de, Reason::Undefined);
                is_delimited &= undefined == Undefined::HasNoData;
                continue;
            };
            if is_delimited && let Some(end) = self.element(de, element) {
                self.ends.set(rank, end);
                self.found.delimited.set(de);
                self.at = end;
                rank += 1;
            } else {
                self.add_fault(de, Reason::NotDelimited);
                is_delimited = false;
            }
        }
        if is_delimited && self.at < self.input.len() {
            let rest = self.input.len() - self.at;
            self.faults.push(error(MessagePart::Message, self.at, Reason::TrailingBytes(rest)));
        }
    }

    /// Reads an element. Returns its end, if it can be delimited.
    fn element(&mut self, de: De, layout: &Layout) -> Option<usize> {
        match slow_path(self.input, self.at, self.layout, de.number()) {
            Ok(end) => Some(end),
            Err(fault) => {
                self.faults.push(fault);
                let end = delimited(self.input, self.at, layout)?;
                self.found.odd.insert(de);
                Some(end)
            }
        }
    }

    fn add_fault(&mut self, de: De, reason: Reason) {
        let fault = ElementFault { offset: self.at, reason };
        self.faults.push(element_error(self.layout, de.number(), fault));
    }
}

/// Returns the end of an element with a fault: its length indicator is a number, and the message has as many bytes.
fn delimited(input: &[u8], at: usize, layout: &Layout) -> Option<usize> {
    let wire = input.get(at..)?;
    let indicator = wire.get(..layout.indicator.width())?;
    layout.indicator.read(indicator).ok()?;
    let width = layout.element_width(wire);
    (width <= wire.len()).then_some(at + width)
}
