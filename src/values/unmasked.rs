//! Serialization of personal values in full, for the journal and for core banking only.
//!
//! In the scope of [`write_apart`](super::write_apart), which the journal's facts are written in, the values stand apart from
//! their text. The text has their numbers instead: `{"@":0}`.
//!
//! Personal values do not implement `Serialize`, so that they cannot get into a response or a log by mistake. A field that
//! must hold the full value declares it: `#[serde(with = "unmasked")]`.

use std::borrow::Cow;

use serde::{Deserialize as _, Deserializer, Serialize, Serializer};

use super::personal_text::take_out;
use super::{AccountNumber, Name, Pan, Reference, Value};

/// A value that is written in full only here: it prints masked, or it is free text of a person.
pub trait Masked: Sized {
    /// Returns the full value.
    fn unmasked(&self) -> &str;

    /// Parses a full value.
    fn from_unmasked(text: &str) -> Option<Self>;
}

impl Masked for AccountNumber {
    fn unmasked(&self) -> &str {
        self.reveal()
    }

    fn from_unmasked(text: &str) -> Option<Self> {
        Self::from_ascii(text.as_bytes())
    }
}

impl Masked for Pan {
    fn unmasked(&self) -> &str {
        self.reveal()
    }

    fn from_unmasked(text: &str) -> Option<Self> {
        Self::from_ascii(text.as_bytes())
    }
}

impl Masked for Name {
    fn unmasked(&self) -> &str {
        self.reveal()
    }

    fn from_unmasked(text: &str) -> Option<Self> {
        Self::new(text)
    }
}

impl Masked for Reference {
    fn unmasked(&self) -> &str {
        self.as_str()
    }

    fn from_unmasked(text: &str) -> Option<Self> {
        Self::from_ascii(text.as_bytes())
    }
}

/// What stands in a text for a personal value.
#[derive(Serialize)]
#[serde(untagged)]
enum Written<'v> {
    /// The value.
    Value(&'v str),
    /// The number of the value, which stands apart.
    Apart {
        #[serde(rename = "@")]
        number: usize,
    },
}

fn written<T: Masked, E: serde::ser::Error>(value: &T) -> Result<Written<'_>, E> {
    Ok(match take_out(value.unmasked()) {
        Some(number) => Written::Apart { number: number.map_err(E::custom)? },
        None => Written::Value(value.unmasked()),
    })
}

/// Serializes the full value.
///
/// # Errors
/// If the serializer fails.
pub fn serialize<T: Masked, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    written(value)?.serialize(serializer)
}

/// Deserializes a full value.
///
/// # Errors
/// If the text is invalid. The error does not show it.
pub fn deserialize<'de, T: Masked, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    read(&Cow::<'de, str>::deserialize(deserializer)?)
}

fn read<T: Masked, E: serde::de::Error>(text: &str) -> Result<T, E> {
    T::from_unmasked(text).ok_or_else(|| E::custom("a personal value is invalid"))
}

/// Serialization of an optional value.
pub mod option {
    use super::{Cow, Deserializer, Masked, Serializer, read, written};
    use serde::Deserialize as _;

    /// Serializes the full value, if there is one.
    ///
    /// # Errors
    /// If the serializer fails.
    pub fn serialize<T: Masked, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_some(&written(value)?),
            None => serializer.serialize_none(),
        }
    }

    /// Deserializes a full value, if there is one.
    ///
    /// # Errors
    /// If the text is invalid. The error does not show it.
    pub fn deserialize<'de, T: Masked, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
        text.map(|text| read(&text)).transpose()
    }
}
