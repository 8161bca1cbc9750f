//! A decoded message: a view over the received bytes.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::bitmap::Bitmap;
use super::de::{De, HIGHEST};
use super::encode::{EncodeError, Encoder};
use super::field::{Field, FieldError};
use super::mti::Mti;
use super::spec::{MessageLayout, Spec};
use crate::values::{Amount, Currency, MinorUnits, Value};

/// A message that was found valid by its spec. Its values are read from the received bytes when they are
/// asked for. It prints masked.
#[derive(Clone)]
pub struct Message<'s> {
    spec: &'s Spec,
    layout: &'s MessageLayout,
    mti: Mti,
    bitmap: Bitmap,
    body: u16,
    ends: Ends,
    bytes: Bytes,
}

/// Where the data elements of a message end, in their order. An element begins where the one before ends,
/// so that two bytes are kept of each.
#[derive(Clone)]
pub(super) struct Ends([u16; HIGHEST as usize]);

impl Ends {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self([0; HIGHEST as usize])
    }

    #[inline(always)]
    pub(super) fn set(&mut self, rank: usize, end: usize) {
        // A message has at most 65535 bytes and 190 data elements: neither fallback is ever taken.
        if let Some(slot) = self.0.get_mut(rank) {
            *slot = u16::try_from(end).unwrap_or(u16::MAX);
        }
    }

    #[inline]
    fn get(&self, rank: usize) -> usize {
        usize::from(self.0.get(rank).copied().unwrap_or_default())
    }
}

impl<'s> Message<'s> {
    #[inline(always)]
    pub(super) fn new(
        spec: &'s Spec,
        layout: &'s MessageLayout,
        mti: Mti,
        bitmap: Bitmap,
        body: usize,
        ends: Ends,
        bytes: Bytes,
    ) -> Self {
        let body = u16::try_from(body).unwrap_or(u16::MAX);
        Self { spec, layout, mti, bitmap, body, ends, bytes }
    }

    /// The message type.
    #[must_use]
    pub const fn mti(&self) -> Mti {
        self.mti
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
        if !self.bitmap.has(de) {
            return None;
        }
        let rank = self.bitmap.rank(de);
        let start = match rank.checked_sub(1) {
            Some(before) => self.ends.get(before),
            None => usize::from(self.body),
        };
        let wire = self.bytes.get(start..self.ends.get(rank))?;
        Field::new(self.spec, self.layout, de, start, wire)
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

    /// Writes the response to this message behind what `buffer` holds: the MTI of the response, the
    /// elements of `echo` that the message has, as they are, and `added`. Both lists are in ascending
    /// order; an element in both is taken from `added`.
    ///
    /// # Errors
    /// If this message is a response itself, or a value does not fit; `buffer` is then as before.
    pub fn respond(
        &self,
        echo: &[De],
        added: &[(De, &str)],
        buffer: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let mti = self.mti.response().ok_or(EncodeError::no_answer(self.mti))?;
        let mut encoder = self.spec.encoder(mti, buffer)?;
        let mut added = added.iter().peekable();
        for de in echo {
            while let Some((new, value)) = added.next_if(|(new, _)| new < de) {
                encoder.text(*new, value)?;
            }
            if added.peek().is_none_or(|(new, _)| new != de) {
                encoder.echo(self, *de)?;
            }
        }
        for (new, value) in added {
            encoder.text(*new, value)?;
        }
        encoder.finish();
        Ok(())
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

impl Encoder<'_, '_> {
    /// Copies a data element as it is in another message of the same spec, if that has it.
    ///
    /// # Errors
    /// If the element is out of order, or laid out otherwise in the two messages.
    pub fn echo(&mut self, from: &Message<'_>, de: De) -> Result<&mut Self, EncodeError> {
        match from.field(de) {
            Some(field) => self.wire(de, field.layout(), field.wire()),
            None => Ok(self),
        }
    }
}
