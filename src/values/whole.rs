//! How personal values are written where they must be whole: in the journal, and nowhere else.
//!
//! They are not serializable by themselves, so that none gets into an answer or a log by oversight. A field that is to
//! hold one whole says so: `#[serde(with = "values::whole")]`.

use std::borrow::Cow;

use serde::{Deserialize as _, Deserializer, Serializer};

use super::{AccountNumber, Name, Pan, Value};

/// A value that prints masked.
pub trait Whole: Sized {
    /// The whole value.
    fn whole(&self) -> &str;

    /// The value of a whole text, if it is one.
    fn of_whole(text: &str) -> Option<Self>;
}

impl Whole for AccountNumber {
    fn whole(&self) -> &str {
        self.reveal()
    }

    fn of_whole(text: &str) -> Option<Self> {
        Self::from_ascii(text.as_bytes())
    }
}

impl Whole for Pan {
    fn whole(&self) -> &str {
        self.reveal()
    }

    fn of_whole(text: &str) -> Option<Self> {
        Self::from_ascii(text.as_bytes())
    }
}

impl Whole for Name {
    fn whole(&self) -> &str {
        self.reveal()
    }

    fn of_whole(text: &str) -> Option<Self> {
        Self::new(text)
    }
}

/// Writes a value whole.
///
/// # Errors
/// As the serializer.
pub fn serialize<T: Whole, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.whole())
}

/// Reads a value that was written whole.
///
/// # Errors
/// If it isn't one; the text is not shown.
pub fn deserialize<'de, T: Whole, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    read(&Cow::<'de, str>::deserialize(deserializer)?)
}

fn read<T: Whole, E: serde::de::Error>(text: &str) -> Result<T, E> {
    T::of_whole(text).ok_or_else(|| E::custom("a personal value is malformed"))
}

/// The same for a value that may be missing.
pub mod option {
    use super::{Cow, Deserializer, Serializer, Whole, read};
    use serde::Deserialize as _;

    /// Writes a value whole, if there is one.
    ///
    /// # Errors
    /// As the serializer.
    pub fn serialize<T: Whole, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_some(value.whole()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a value that was written whole, if there is one.
    ///
    /// # Errors
    /// If it isn't one; the text is not shown.
    pub fn deserialize<'de, T: Whole, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
        text.map(|text| read(&text)).transpose()
    }
}
