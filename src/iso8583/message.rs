//! A decoded message: a view over the received bytes.

use std::fmt;

use bytes::Bytes;

use super::bitmap::{Bitmap, CONTINUATION_BIT};
use super::de::De;
use super::element_set::ElementSet;
use super::field::{Field, FieldError};
use super::mti::Mti;
use super::spec::{MessageLayout, Spec};
use crate::values::{Amount, Currency, MinorUnits, Value};

/// The maximum number of bytes of a message. The end of each element is stored in two bytes, and no length
/// indicates more.
pub(super) const MESSAGE_MAX: usize = 65_535;

/// A message that its spec has validated. Values are parsed from the received bytes on request. `Display` and
/// `Debug` print it masked.
#[derive(Clone)]
pub struct Message<'s> {
    pub(super) spec: &'s Spec,
    pub(super) layout: &'s MessageLayout,
    pub(super) owned: OwnedMessage,
}

/// A decoded message without its spec, to be kept or handed on: the bytes, and the offsets of the data elements.
/// [`Spec::message`] makes it a [`Message`] again, without another pass over the bytes.
#[derive(Clone)]
pub struct OwnedMessage {
    pub(super) mti: Mti,
    /// The byte offset of the first data element.
    pub(super) body: u16,
    pub(super) bitmap: Bitmap,
    pub(super) ends: Ends,
    /// The elements with a fault, if the message was not decoded strictly. They have bytes, but no value.
    pub(super) odd: Option<Box<ElementSet>>,
    pub(super) bytes: Bytes,
}

impl OwnedMessage {
    /// Returns the message type.
    #[must_use]
    pub const fn mti(&self) -> Mti {
        self.mti
    }

    /// Returns the received bytes. Not for logs: the bytes are not masked.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl fmt::Debug for OwnedMessage {
    /// Shows only the size, because the content is confidential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnedMessage({}, {} bytes)", self.mti, self.bytes.len())
    }
}

impl Spec {
    /// Returns the message with this spec, which must be the one that decoded it. `None` if the spec does not define the
    /// message type, so another spec decoded it.
    #[must_use]
    pub fn message(&self, owned: OwnedMessage) -> Option<Message<'_>> {
        let layout = self.layout_of(owned.mti)?;
        Some(Message { spec: self, layout, owned })
    }
}

/// The end offsets of the first [`CACHED_ENDS`] data elements, in message order. An element begins where the
/// previous one ends, so two bytes are stored for each. A message with more elements is walked from the last
/// cached end.
#[derive(Clone)]
pub(super) struct Ends([u16; CACHED_ENDS]);

/// Each message sets this array to zero and moves it, so it is no larger than messages need.
const CACHED_ENDS: usize = 64;

impl Ends {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self([0; CACHED_ENDS])
    }

    #[inline(always)]
    pub(super) fn set(&mut self, rank: usize, end: usize) {
        if let Some(slot) = self.0.get_mut(rank) {
            // Never taken: a message has at most 65535 bytes.
            *slot = u16::try_from(end).unwrap_or(u16::MAX);
        }
    }

    #[inline]
    fn get(&self, rank: usize) -> Option<usize> {
        self.0.get(rank).map(|end| usize::from(*end))
    }
}

impl<'s> Message<'s> {
    /// Returns the message without its spec.
    #[must_use]
    pub fn into_owned(self) -> OwnedMessage {
        self.owned
    }

    /// Returns the message type.
    #[must_use]
    pub const fn mti(&self) -> Mti {
        self.owned.mti
    }

    /// Returns the number of bytes of the message type.
    #[must_use]
    pub const fn mti_width(&self) -> usize {
        self.spec.mti.width()
    }

    /// Returns the spec that decoded the message.
    #[must_use]
    pub const fn spec(&self) -> &'s Spec {
        self.spec
    }

    /// Returns the layout that the MTI selects.
    #[must_use]
    pub const fn layout(&self) -> &'s MessageLayout {
        self.layout
    }

    /// Returns the received bytes. Not for logs: the bytes are not masked.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.owned.bytes
    }

    /// Iterates over the bitmaps, one to three. Bit 1 of each is set if another one follows.
    pub fn bitmaps(&self) -> impl Iterator<Item = u64> {
        let [first, second, third] = self.owned.bitmap.words;
        let continued = |word: u64| word & CONTINUATION_BIT != 0;
        let secondary = continued(first).then_some(second);
        [Some(first), secondary, secondary.filter(|word| continued(*word)).and(Some(third))]
            .into_iter()
            .flatten()
    }

    /// Returns whether the message has a data element.
    #[inline]
    #[must_use]
    pub fn has(&self, de: De) -> bool {
        self.owned.bitmap.has(de)
    }

    /// Returns a data element, if the message has it.
    #[inline]
    #[must_use]
    pub fn field(&self, de: De) -> Option<Field<'_>> {
        let (start, end) = self.span(de)?;
        let wire = self.owned.bytes.get(start..end)?;
        Some(Field::new(self.spec, self.layout, de, start, wire)?.marked(self.is_odd(de)))
    }

    /// Returns whether a data element has a fault: it has bytes, but no value and no subfields.
    #[inline]
    #[must_use]
    pub fn is_odd(&self, de: De) -> bool {
        self.owned.odd.as_ref().is_some_and(|odd| odd.contains(de))
    }

    /// Returns the data elements that the message has.
    #[inline]
    #[must_use]
    pub const fn elements(&self) -> ElementSet {
        ElementSet::of(self.owned.bitmap)
    }

    /// Returns the bytes of a data element with its length indicator, if the message has it. It is
    /// [`Field::wire`] without the look-up of the definition. Not for logs: the bytes are not masked.
    #[inline]
    #[must_use]
    pub fn wire(&self, de: De) -> Option<&[u8]> {
        let (start, end) = self.span(de)?;
        self.owned.bytes.get(start..end)
    }

    /// Returns the start and the end offset of a data element.
    #[inline]
    fn span(&self, de: De) -> Option<(usize, usize)> {
        if !self.owned.bitmap.has(de) {
            return None;
        }
        let rank = self.owned.bitmap.rank(de);
        let start = match rank.checked_sub(1) {
            Some(before) => self.end(before),
            None => usize::from(self.owned.body),
        };
        Some((start, self.end(rank)))
    }

    /// Returns the end offset of the element of this rank.
    #[inline]
    fn end(&self, rank: usize) -> usize {
        self.owned.ends.get(rank).unwrap_or_else(|| self.find_end(rank))
    }

    /// Finds the end of an element behind those whose ends are cached.
    #[cold]
    fn find_end(&self, rank: usize) -> usize {
        let cached = self.owned.ends.get(CACHED_ENDS - 1).unwrap_or_default();
        let uncached = self.owned.bitmap.iter().take(rank + 1).skip(CACHED_ENDS);
        uncached.fold(cached, |at, de| {
            let wire = self.owned.bytes.get(at..).unwrap_or_default();
            at + self.layout.layout(de).map_or(0, |layout| layout.element_width(wire))
        })
    }

    /// Iterates over the data elements in order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.owned.bitmap.iter().filter_map(|de| self.field(de))
    }

    /// Returns the value of a mandatory data element.
    ///
    /// # Errors
    /// If it is missing or invalid.
    #[inline]
    pub fn get<T: Value>(&self, de: De) -> Result<T, FieldError> {
        self.field(de).ok_or(FieldError::Missing { de })?.value()
    }

    /// Returns the value of an optional data element.
    ///
    /// # Errors
    /// If it is present but invalid.
    #[inline]
    pub fn find<T: Value>(&self, de: De) -> Result<Option<T>, FieldError> {
        self.field(de).map(|field| field.value()).transpose()
    }

    /// Returns the amount of a data element in the currency of DE49.
    ///
    /// # Errors
    /// If one of the two is missing or invalid.
    pub fn amount(&self, de: De) -> Result<Amount, FieldError> {
        Ok(self.get::<MinorUnits>(de)?.of(self.get::<Currency>(De::CURRENCY)?))
    }
}

impl fmt::Display for Message<'_> {
    /// Writes the MTI and the data elements in one line, masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.owned.mti)?;
        self.fields().try_for_each(|field| write!(f, " {}={field}", field.de().number()))
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({self})")
    }
}
