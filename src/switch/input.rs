//! JSON that people write for the switch, read with errors that say where and what.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::spelling::did_you_mean;
use crate::values;

/// What is wrong with a document, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {what}")]
pub struct InputError {
    place: String,
    what: String,
}

/// The longest document that is read.
const BYTES_MAX: usize = 256 * 1024;

/// Reads a document. What is called `name` in errors is the whole of it.
pub(super) fn document(bytes: &[u8], name: &str) -> Result<Value, InputError> {
    let error = |what: String| InputError { place: name.to_owned(), what };
    if bytes.len() > BYTES_MAX {
        return Err(error(format!("{} bytes are too many, at most {BYTES_MAX}", bytes.len())));
    }
    serde_json::from_slice(bytes).map_err(|fault| error(format!("no JSON: {fault}")))
}

/// A part of a document.
#[derive(Clone, Copy)]
pub(super) struct Part<'v> {
    pub(super) value: &'v Value,
    pub(super) place: &'v str,
}

/// An object whose keys are all known.
pub(super) struct Object<'v> {
    map: &'v Map<String, Value>,
    place: &'v str,
}

impl<'v> Part<'v> {
    pub(super) fn error(&self, what: impl Into<String>) -> InputError {
        InputError { place: self.place.to_owned(), what: what.into() }
    }

    pub(super) fn any_object(&self) -> Result<&'v Map<String, Value>, InputError> {
        self.value.as_object().ok_or_else(|| self.error("it is no object"))
    }

    /// An object that has none but these keys.
    pub(super) fn object(&self, known: &[&'static str]) -> Result<Object<'v>, InputError> {
        let map = self.any_object()?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(self.unknown("key", key, known)),
            None => Ok(Object { map, place: self.place }),
        }
    }

    /// That something is none of those that there are.
    pub(super) fn unknown(&self, kind: &str, name: &str, known: &[&'static str]) -> InputError {
        if known.is_empty() {
            return self.error(format!("unknown {kind} `{name}`, there is none"));
        }
        let meant = did_you_mean(name, known.iter().copied());
        self.error(format!("unknown {kind} `{name}`, known: {}{meant}", known.join(", ")))
    }

    pub(super) fn text(&self) -> Result<&'v str, InputError> {
        self.value.as_str().ok_or_else(|| self.error("it is no text"))
    }

    /// A value of the field. What stands there instead isn't told, since it may be anybody's.
    pub(super) fn value<V: values::Value>(&self) -> Result<V, InputError> {
        let value = V::from_ascii(self.text()?.as_bytes());
        value.ok_or_else(|| self.error(format!("it takes {}", V::EXPECTED)))
    }

    /// A whole number from `least` to `most`.
    pub(super) fn whole(&self, least: u64, most: u64) -> Result<u64, InputError> {
        let number = self.value.as_u64().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.error(format!("it takes a whole number from {least} to {most}")))
    }
}

impl<'v> Object<'v> {
    pub(super) fn find(&self, key: &'v str) -> Option<Part<'v>> {
        self.map.get(key).map(|value| Part { value, place: key })
    }

    pub(super) fn need(&self, key: &'v str) -> Result<Part<'v>, InputError> {
        let missing = || Part { value: &Value::Null, place: self.place };
        self.find(key).ok_or_else(|| missing().error(format!("`{key}` is missing")))
    }
}

impl InputError {
    /// The same error in a larger place; one without a place is of the whole of that.
    pub(super) fn within(self, place: &str) -> Self {
        let inner = if self.place.is_empty() { String::new() } else { format!(", {}", self.place) };
        Self { place: format!("{place}{inner}"), ..self }
    }
}
