//! A decoded message: a view over the received bytes.

use std::fmt;

use bytes::Bytes;

use super::bitmap::{ANOTHER, Bitmap};
use super::de::De;
use super::field::{Field, FieldError};
use super::mti::Mti;
use super::spec::{MessageLayout, Spec};
use crate::values::{Amount, Currency, MinorUnits, Value};

/// The most bytes of a message: where an element ends is kept in two bytes, and no length states more.
pub(super) const MESSAGE_MAX: usize = 65_535;

/// A message that was found valid by its spec. Its values are read from the received bytes when they are
/// asked for. It prints masked.
#[derive(Clone)]
pub struct Message<'s> {
    pub(super) spec: &'s Spec,
    pub(super) layout: &'s MessageLayout,
    pub(super) mti: Mti,
    pub(super) bitmap: Bitmap,
    /// Where the first data element begins.
    pub(super) body: u16,
    pub(super) ends: Ends,
    pub(super) bytes: Bytes,
}

/// Where the first [`KEPT`] data elements of a message end, in their order. An element begins where the one
/// before ends, so that two bytes are kept of each; the few messages with more elements are walked from
/// the last one kept.
#[derive(Clone)]
pub(super) struct Ends([u16; KEPT]);

/// Every byte of it is set to zero and moved with each message, so it is no larger than messages are.
const KEPT: usize = 64;

impl Ends {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self([0; KEPT])
    }

    #[inline(always)]
    pub(super) fn set(&mut self, rank: usize, end: usize) {
        if let Some(slot) = self.0.get_mut(rank) {
            // A message has at most 65535 bytes, so the fallback is never taken.
            *slot = u16::try_from(end).unwrap_or(u16::MAX);
        }
    }

    #[inline]
    fn get(&self, rank: usize) -> Option<usize> {
        self.0.get(rank).map(|end| usize::from(*end))
    }
}

impl<'s> Message<'s> {
    /// The message type.
    #[must_use]
    pub const fn mti(&self) -> Mti {
        self.mti
    }

    /// Bytes of the message type at the front.
    #[must_use]
    pub const fn mti_width(&self) -> usize {
        self.spec.mti.width()
    }

    /// The spec that it was decoded with.
    #[must_use]
    pub const fn spec(&self) -> &'s Spec {
        self.spec
    }

    /// The layout that its MTI selects.
    #[must_use]
    pub const fn layout(&self) -> &'s MessageLayout {
        self.layout
    }

    /// The bytes as received. Not for logs.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its bitmaps, one to three, each with its first bit on if another follows.
    pub fn bitmaps(&self) -> impl Iterator<Item = u64> {
        let [first, second, third] = self.bitmap.words;
        let another = |word: u64| word & ANOTHER != 0;
        let secondary = another(first).then_some(second);
        [Some(first), secondary, secondary.filter(|word| another(*word)).and(Some(third))]
            .into_iter()
            .flatten()
    }

    /// Whether it has a data element.
    #[inline]
    #[must_use]
    pub fn has(&self, de: De) -> bool {
        self.bitmap.has(de)
    }

    /// A data element, if the message has it.
    #[inline]
    #[must_use]
    pub fn field(&self, de: De) -> Option<Field<'_>> {
        let (start, end) = self.span(de)?;
        Field::new(self.spec, self.layout, de, start, self.bytes.get(start..end)?)
    }

    /// The bytes of a data element with its length indicator, if the message has it: as
    /// [`Field::wire`], without looking up what the spec says of it. Not for logs.
    #[inline]
    #[must_use]
    pub fn wire(&self, de: De) -> Option<&[u8]> {
        let (start, end) = self.span(de)?;
        self.bytes.get(start..end)
    }

    /// From where to where a data element lies.
    #[inline]
    fn span(&self, de: De) -> Option<(usize, usize)> {
        if !self.bitmap.has(de) {
            return None;
        }
        let rank = self.bitmap.rank(de);
        let start = match rank.checked_sub(1) {
            Some(before) => self.end(before),
            None => usize::from(self.body),
        };
        Some((start, self.end(rank)))
    }

    /// Where the element of this rank ends.
    #[inline]
    fn end(&self, rank: usize) -> usize {
        self.ends.get(rank).unwrap_or_else(|| self.walk_to(rank))
    }

    /// Where an element ends that is behind those whose ends are kept.
    #[cold]
    fn walk_to(&self, rank: usize) -> usize {
        let kept = self.ends.get(KEPT - 1).unwrap_or_default();
        let unkept = self.bitmap.iter().take(rank + 1).skip(KEPT);
        unkept.fold(kept, |at, de| {
            let wire = self.bytes.get(at..).unwrap_or_default();
            at + self.layout.layout(de).map_or(0, |layout| layout.width_of(wire))
        })
    }

    /// The data elements in order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.bitmap.iter().filter_map(|de| self.field(de))
    }

    /// The value of a data element that must be there.
    ///
    /// # Errors
    /// If it is missing, or not such a value.
    #[inline]
    pub fn get<T: Value>(&self, de: De) -> Result<T, FieldError> {
        self.field(de).ok_or(FieldError::Missing { de })?.value()
    }

    /// The value of a data element, if the message has it.
    ///
    /// # Errors
    /// If it is there, but not such a value.
    #[inline]
    pub fn find<T: Value>(&self, de: De) -> Result<Option<T>, FieldError> {
        self.field(de).map(|field| field.value()).transpose()
    }

    /// The amount of a data element in the currency of DE49.
    ///
    /// # Errors
    /// If one of the two is missing or no such value.
    pub fn amount(&self, de: De) -> Result<Amount, FieldError> {
        Ok(self.get::<MinorUnits>(de)?.of(self.get::<Currency>(De::CURRENCY)?))
    }
}

impl fmt::Display for Message<'_> {
    /// The MTI and the data elements in one line, masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mti)?;
        self.fields().try_for_each(|field| write!(f, " {}={field}", field.de().number()))
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({self})")
    }
}
