//! A data element of a message, and its subfields.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use super::characters::Characters;
use super::de::De;
use super::layout::Layout;
use super::presentation::Presentation;
use super::spec::{Element, MessageLayout, Spec};
use super::subfields::{SubfieldKey, SubfieldValue, Subfields};
use crate::masking::Sensitive;
use crate::values::Value;

/// A data element of a message. `Display` and `Debug` print it masked; [`Field::reveal`] returns the whole
/// value.
#[derive(Clone, Copy)]
pub struct Field<'m> {
    spec: &'m Spec,
    layout: &'m Layout,
    element: &'m Element,
    de: De,
    offset: usize,
    wire: &'m [u8],
    /// Whether it has a fault: then it has bytes, but no value and no subfields.
    is_odd: bool,
}

/// A data element that is missing or does not have the requested type.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FieldError {
    /// The message does not have the data element.
    #[error("{de} is missing")]
    Missing {
        /// The data element.
        de: De,
    },
    /// The text is not a valid value of the requested type.
    #[error("{de} at byte {offset}: must be {expected} (got `{masked}`)")]
    Invalid {
        /// The data element.
        de: De,
        /// The byte offset from the start of the message.
        offset: usize,
        /// The form of a valid text.
        expected: &'static str,
        /// The text, masked.
        masked: String,
    },
}

/// The maximum length of a text that errors show. A card number is longer.
const SHOWN_MAX: usize = 12;

/// The maximum length of the text of a [`Value`].
const VALUE_MAX: usize = 64;

impl<'m> Field<'m> {
    pub(super) fn new(
        spec: &'m Spec,
        message: &'m MessageLayout,
        de: De,
        offset: usize,
        wire: &'m [u8],
    ) -> Option<Self> {
        let (layout, element) = (message.layout(de)?, message.element(de)?);
        Some(Self { spec, layout, element, de, offset, wire, is_odd: false })
    }

    /// Returns the element, with a fault or without.
    #[inline]
    pub(super) const fn marked(self, is_odd: bool) -> Self {
        Self { is_odd, ..self }
    }

    /// Returns the number of the data element.
    #[must_use]
    pub const fn de(&self) -> De {
        self.de
    }

    /// Returns the byte offset at which it begins in the message, with its length indicator.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the definition of the element in the spec.
    #[must_use]
    pub const fn element(&self) -> &'m Element {
        self.element
    }

    /// Returns its bytes with the length indicator. Not for logs: the bytes are not masked.
    #[must_use]
    pub const fn wire(&self) -> &'m [u8] {
        self.wire
    }

    /// Returns the number of bytes of the length indicator.
    #[must_use]
    pub const fn indicator_width(&self) -> usize {
        self.layout.indicator.width()
    }

    /// Returns the bytes of the content, without the length indicator. Not for logs: the bytes are not
    /// masked.
    #[must_use]
    pub fn raw(&self) -> &'m [u8] {
        self.wire.get(self.indicator_width()..).unwrap_or_default()
    }

    /// Returns the attributes in the notation of ISO 8583: `n 6`, `ans..40 LLVAR`.
    #[must_use]
    pub fn attributes(&self) -> String {
        self.layout.to_string()
    }

    fn characters(&self) -> Characters<'m> {
        self.layout.characters(self.wire)
    }

    /// Returns the whole value as text, untrimmed; bits as upper-case hex. Not for logs: the value is not
    /// masked.
    #[must_use]
    pub fn reveal(&self) -> Cow<'m, str> {
        self.characters().text()
    }

    /// Returns the value as text, with sensitive data masked.
    #[must_use]
    pub fn masked(&self) -> Cow<'m, str> {
        let text = self.reveal();
        if let Some(kind) = self.element.presentation().sensitive {
            return Cow::Owned(kind.mask(&text, self.spec.pan_digits));
        }
        if !self.element.is_sensitive() {
            return text;
        }
        Cow::Owned(if self.is_odd {
            Sensitive::Private.mask(&text, self.spec.pan_digits)
        } else {
            self.masked_by_subfield()
        })
    }

    /// Returns the value as an error shows it: masked, and without a text that is long enough for a card number, wherever the
    /// sender put it.
    #[must_use]
    pub fn masked_for_error(&self) -> String {
        let masked = self.masked();
        if self.element.is_sensitive() || masked.chars().count() <= SHOWN_MAX {
            return masked.into_owned();
        }
        Sensitive::Private.mask(&masked, self.spec.pan_digits)
    }

    /// Returns the text with each sensitive subfield masked in its position.
    fn masked_by_subfield(&self) -> String {
        let mut masked = String::new();
        for subfield in self.subfields() {
            masked.push_str(&subfield.prefix());
            masked.push_str(&subfield.masked());
        }
        masked
    }

    /// Parses the value.
    ///
    /// # Errors
    /// If the text is not a valid value of the type, or the element has a fault.
    #[inline]
    pub fn value<T: Value>(&self) -> Result<T, FieldError> {
        let characters = self.characters();
        let value = if let Some(text) = characters.as_ascii() {
            T::from_ascii(text)
        } else {
            from_characters(&characters)
        };
        value.filter(|_| !self.is_odd).ok_or_else(|| self.invalid(T::EXPECTED))
    }

    #[cold]
    fn invalid(&self, expected: &'static str) -> FieldError {
        let masked = self.masked_for_error();
        FieldError::Invalid { de: self.de, offset: self.offset, expected, masked }
    }

    /// Returns the subfields of the value, in order; none if the spec defines none, or the element has a fault.
    #[must_use]
    pub fn subfields(&self) -> Vec<Subfield<'m>> {
        let mut all = Vec::new();
        if let Some(subfields) = self.valid_subfields() {
            // Decoding has validated the value, so the walk can't fail.
            let walked = subfields.walk(self.characters(), |found| {
                all.push(Subfield { found, pan_digits: self.spec.pan_digits });
            });
            debug_assert!(walked.is_ok(), "a decoded value consists of its subfields");
        }
        all
    }

    /// Returns the subfields that the value consists of.
    fn valid_subfields(&self) -> Option<&'m Subfields> {
        self.element.subfields.as_ref().filter(|_| !self.is_odd)
    }

    /// Returns the subfield with that name or tag.
    #[must_use]
    pub fn subfield(&self, key: &str) -> Option<Subfield<'m>> {
        let found = self.valid_subfields()?.find(self.characters(), key)?;
        Some(Subfield { found, pan_digits: self.spec.pan_digits })
    }
}

/// Parses a value whose wire encoding is not ASCII.
fn from_characters<T: Value>(characters: &Characters<'_>) -> Option<T> {
    let mut text = [0; VALUE_MAX];
    let text = text.get_mut(..characters.count())?;
    for (slot, character) in text.iter_mut().zip(characters.iter()) {
        *slot = character;
    }
    T::from_ascii(text)
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.de, self.masked())
    }
}

/// A subfield of a data element. `Debug` prints it masked; [`Subfield::reveal`] returns the whole value.
pub struct Subfield<'m> {
    found: SubfieldValue<'m, 'm>,
    pan_digits: usize,
}

impl<'m> Subfield<'m> {
    /// Returns the name of a fixed subfield, or the tag of a tagged one.
    #[must_use]
    pub fn key(&self) -> Cow<'m, str> {
        self.found.key.text()
    }

    /// Returns the title; empty for a tag that the spec does not define.
    #[must_use]
    pub const fn title(&self) -> &'m str {
        self.found.title
    }

    /// Returns how it is presented, if the spec defines it.
    #[must_use]
    pub const fn presentation(&self) -> Option<&'m Presentation> {
        self.found.presentation
    }

    /// Returns the number of characters.
    #[must_use]
    pub fn length(&self) -> usize {
        self.found.characters.count()
    }

    /// Returns the whole value. Not for logs: the value is not masked.
    #[must_use]
    pub fn reveal(&self) -> Cow<'m, str> {
        self.found.characters.text()
    }

    /// Returns the value with sensitive data masked. A tag that the spec does not define is always masked,
    /// because its content is unknown.
    #[must_use]
    pub fn masked(&self) -> Cow<'m, str> {
        let text = self.reveal();
        match self.found.presentation {
            Some(Presentation { sensitive: None, .. }) => text,
            Some(Presentation { sensitive: Some(kind), .. }) => {
                kind.mask(&text, self.pan_digits).into()
            }
            None => Sensitive::Private.mask(&text, self.pan_digits).into(),
        }
    }

    /// Returns the characters in front of the value: tag and length of a tagged subfield.
    fn prefix(&self) -> String {
        match &self.found.key {
            SubfieldKey::Name(_) => String::new(),
            SubfieldKey::Tag { tag, length } => format!("{}{}", tag.text(), length.text()),
        }
    }
}

impl fmt::Debug for Subfield<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.key(), self.masked())
    }
}
