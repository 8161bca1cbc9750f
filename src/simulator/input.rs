//! Reads JSON that people write for the switch. Errors say where and what is wrong.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::spelling::did_you_mean;
use crate::values;

/// What is wrong with a document, and at which path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {what}")]
pub struct InputError {
    path: String,
    what: String,
}

/// The longest document, in bytes.
const BYTES_MAX: usize = 256 * 1024;

/// Parses a document. Errors call the whole of it `name`.
pub(super) fn document(bytes: &[u8], name: &str) -> Result<Value, InputError> {
    let error = |what: String| InputError { path: name.to_owned(), what };
    if bytes.len() > BYTES_MAX {
        let length = bytes.len();
        return Err(error(format!("must be at most {BYTES_MAX} bytes (got {length})")));
    }
    serde_json::from_slice(bytes).map_err(|reason| error(format!("invalid JSON: {reason}")))
}

/// A value in a document.
#[derive(Clone, Copy)]
pub(super) struct InputValue<'v> {
    pub(super) value: &'v Value,
    pub(super) path: &'v str,
}

/// An object that has known keys only.
pub(super) struct InputObject<'v> {
    map: &'v Map<String, Value>,
    path: &'v str,
}

impl<'v> InputValue<'v> {
    pub(super) fn error(&self, what: impl Into<String>) -> InputError {
        InputError { path: self.path.to_owned(), what: what.into() }
    }

    pub(super) fn any_object(&self) -> Result<&'v Map<String, Value>, InputError> {
        self.value.as_object().ok_or_else(|| self.error("must be an object"))
    }

    /// Returns the value as an object that has none but these keys.
    pub(super) fn object(&self, known: &[&'static str]) -> Result<InputObject<'v>, InputError> {
        let map = self.any_object()?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(self.unknown("key", key, known)),
            None => Ok(InputObject { map, path: self.path }),
        }
    }

    /// Makes the error of an unknown name, with the known ones.
    pub(super) fn unknown(&self, kind: &str, name: &str, known: &[&'static str]) -> InputError {
        if known.is_empty() {
            return self.error(format!("unknown {kind} `{name}`; no {kind} is allowed here"));
        }
        let meant = did_you_mean(name, known.iter().copied());
        self.error(format!("unknown {kind} `{name}`, known: {}{meant}", known.join(", ")))
    }

    pub(super) fn text(&self) -> Result<&'v str, InputError> {
        self.value.as_str().ok_or_else(|| self.error("must be a string"))
    }

    /// Returns the value as a data element. The error does not repeat it, since it may be personal data.
    pub(super) fn value<V: values::Value>(&self) -> Result<V, InputError> {
        let value = V::from_ascii(self.text()?.as_bytes());
        value.ok_or_else(|| self.error(format!("must be {}", V::EXPECTED)))
    }

    /// Returns the value as a whole number from `least` to `most`.
    pub(super) fn whole(&self, least: u64, most: u64) -> Result<u64, InputError> {
        let number = self.value.as_u64().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.error(format!("must be a whole number from {least} to {most}")))
    }
}

impl<'v> InputObject<'v> {
    pub(super) fn find(&self, key: &'v str) -> Option<InputValue<'v>> {
        self.map.get(key).map(|value| InputValue { value, path: key })
    }

    pub(super) fn need(&self, key: &'v str) -> Result<InputValue<'v>, InputError> {
        let missing = || InputValue { value: &Value::Null, path: self.path };
        self.find(key).ok_or_else(|| missing().error(format!("key `{key}` is missing")))
    }
}

impl InputError {
    /// Puts the path of an outer value in front of the error's path.
    pub(super) fn within(self, outer: &str) -> Self {
        let inner = if self.path.is_empty() { String::new() } else { format!(", {}", self.path) };
        Self { path: format!("{outer}{inner}"), ..self }
    }
}
