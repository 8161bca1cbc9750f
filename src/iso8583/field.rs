//! A data element of a message, and its subfields.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use super::characters::Characters;
use super::de::De;
use super::layout::Layout;
use super::spec::{Element, MessageLayout, Shown, Spec};
use super::subfields::{Found, Key};
use crate::masking::Sensitive;
use crate::values::Value;

/// A data element of a message. It prints masked; the whole value is had by [`Field::reveal`].
#[derive(Clone, Copy)]
pub struct Field<'m> {
    spec: &'m Spec,
    layout: &'m Layout,
    element: &'m Element,
    de: De,
    offset: usize,
    wire: &'m [u8],
}

/// A data element that is not what it was asked as.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FieldError {
    /// The message does not have it.
    #[error("{de} is missing")]
    Missing {
        /// The data element.
        de: De,
    },
    /// Its text is no such value. The text, as far as it may be told.
    #[error("{de} at byte {offset} takes {expected}, has `{masked}`")]
    NotSuch {
        /// The data element.
        de: De,
        /// Bytes from the start of the message.
        offset: usize,
        /// What valid text looks like.
        expected: &'static str,
        /// The text, masked.
        masked: String,
    },
}

/// The longest text of a [`Value`].
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
        Some(Self { spec, layout, element, de, offset, wire })
    }

    /// Its number.
    #[must_use]
    pub const fn de(&self) -> De {
        self.de
    }

    /// Where it begins in the message, with its length indicator.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What the spec says of it.
    #[must_use]
    pub const fn element(&self) -> &'m Element {
        self.element
    }

    /// Its bytes with the length indicator. Not for logs.
    #[must_use]
    pub const fn wire(&self) -> &'m [u8] {
        self.wire
    }

    /// Bytes of the length indicator.
    #[must_use]
    pub const fn indicator_width(&self) -> usize {
        self.layout.indicator.width()
    }

    /// The bytes of the content, without the length indicator. Not for logs.
    #[must_use]
    pub fn raw(&self) -> &'m [u8] {
        self.wire.get(self.indicator_width()..).unwrap_or_default()
    }

    /// How the spec writes its form: `n 6`, `ans..40 LLVAR`.
    #[must_use]
    pub fn form(&self) -> String {
        self.layout.to_string()
    }

    fn characters(&self) -> Characters<'m> {
        self.layout.characters(self.wire)
    }

    /// The whole value as text, untrimmed; bits as upper-case hex. Not for logs.
    #[must_use]
    pub fn reveal(&self) -> Cow<'m, str> {
        self.characters().text()
    }

    /// The value as text, with what is sensitive masked.
    #[must_use]
    pub fn masked(&self) -> Cow<'m, str> {
        let text = self.reveal();
        if let Some(kind) = self.element.shown().sensitive {
            return Cow::Owned(kind.mask(&text, self.spec.pan_digits));
        }
        if self.element.is_sensitive() { Cow::Owned(self.masked_in_parts()) } else { text }
    }

    /// The text with each sensitive subfield masked in its place.
    fn masked_in_parts(&self) -> String {
        let mut masked = String::new();
        for subfield in self.subfields() {
            masked.push_str(&subfield.prefix());
            masked.push_str(&subfield.masked());
        }
        masked
    }

    /// The value.
    ///
    /// # Errors
    /// If the text is no such value.
    #[inline]
    pub fn value<T: Value>(&self) -> Result<T, FieldError> {
        let characters = self.characters();
        let value = if let Some(text) = characters.as_ascii() {
            T::from_ascii(text)
        } else {
            from_characters(&characters)
        };
        value.ok_or_else(|| self.not_such(T::EXPECTED))
    }

    #[cold]
    fn not_such(&self, expected: &'static str) -> FieldError {
        let masked = self.masked().into_owned();
        FieldError::NotSuch { de: self.de, offset: self.offset, expected, masked }
    }

    /// The subfields of the value, in order; none where the spec describes none.
    #[must_use]
    pub fn subfields(&self) -> Vec<Subfield<'m>> {
        let mut all = Vec::new();
        if let Some(subfields) = &self.element.subfields {
            // The message was found valid, so the walk comes to its end.
            let walked = subfields.walk(self.characters(), |found| {
                all.push(Subfield { found, pan_digits: self.spec.pan_digits });
            });
            debug_assert!(walked.is_ok(), "a decoded value is made of its subfields");
        }
        all
    }

    /// The subfield of that name, or that tag.
    #[must_use]
    pub fn subfield(&self, key: &str) -> Option<Subfield<'m>> {
        self.subfields().into_iter().find(|subfield| subfield.key() == key)
    }
}

/// A value of characters that don't lie on the wire in ASCII.
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

/// A part of a data element. It prints masked; the whole value is had by [`Subfield::reveal`].
pub struct Subfield<'m> {
    found: Found<'m, 'm>,
    pan_digits: usize,
}

impl<'m> Subfield<'m> {
    /// The name of a fixed subfield, the tag of a tagged one.
    #[must_use]
    pub fn key(&self) -> Cow<'m, str> {
        match &self.found.key {
            Key::Name(name) => Cow::Borrowed(name),
            Key::Tag { tag, .. } => tag.text(),
        }
    }

    /// Its name for people; empty for a tag that the spec does not describe.
    #[must_use]
    pub const fn title(&self) -> &'m str {
        self.found.title
    }

    /// How it is shown, if the spec describes it.
    #[must_use]
    pub const fn shown(&self) -> Option<&'m Shown> {
        self.found.shown
    }

    /// How many characters it has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.found.characters.count()
    }

    /// The whole value. Not for logs.
    #[must_use]
    pub fn reveal(&self) -> Cow<'m, str> {
        self.found.characters.text()
    }

    /// The value with what is sensitive masked. A tag that the spec does not describe may be anything, so
    /// it is masked too.
    #[must_use]
    pub fn masked(&self) -> Cow<'m, str> {
        let text = self.reveal();
        match self.found.shown {
            Some(Shown { sensitive: None, .. }) => text,
            Some(Shown { sensitive: Some(kind), .. }) => kind.mask(&text, self.pan_digits).into(),
            None => Sensitive::Private.mask(&text, self.pan_digits).into(),
        }
    }

    /// What stands in front of the value: tag and length of a tagged one.
    fn prefix(&self) -> String {
        match &self.found.key {
            Key::Name(_) => String::new(),
            Key::Tag { tag, length } => format!("{}{}", tag.text(), length.text()),
        }
    }
}

impl fmt::Debug for Subfield<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.key(), self.masked())
    }
}
