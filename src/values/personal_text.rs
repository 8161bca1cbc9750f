//! Text without its personal values: they stand apart, so that they can be encrypted.
//!
//! ```text
//! {"source_account":{"@":0},"amount":{…},"sender_name":{"@":1}}      the text
//! ["1234567890","Siti Rahayu"]                                       the personal text
//! ```
//!
//! In a JSON text `{"@":` is always the begin of an object: inside a string its quotes would be escaped. So values are put
//! back by replacing text.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use thiserror::Error;

/// The begin of a place where a personal value was.
const PLACE: &str = r#"{"@":"#;

/// The value at a place whose personal value cannot be read. It is a valid account number, card number and name.
pub const PLACEHOLDER: &str = "0";

/// The personal values of a text: a JSON array of strings. `Debug` prints its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalText(pub String);

impl fmt::Debug for PersonalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonalText({} bytes)", self.0.len())
    }
}

/// Why personal values cannot be put back. It shows no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PersonalTextError {
    /// The personal text is not an array of strings.
    #[error("the personal text is malformed")]
    Malformed,
    /// The text has a place whose number is not that of a personal value.
    #[error("the personal text has no value for a place of the text")]
    Missing,
}

/// The values that are taken out of a text while it is written.
#[derive(Default)]
struct Apart {
    json: String,
    count: usize,
}

thread_local! {
    /// The values of the text that this thread is writing; `None` while personal values stay in their text.
    static APART: Cell<Option<Apart>> = const { Cell::new(None) };
}

/// Ends the scope of [`write_apart`], also if the writer panics.
struct Scope;

impl Drop for Scope {
    fn drop(&mut self) {
        APART.set(None);
    }
}

/// Calls a function that writes a text. The personal values that it serializes stand apart, in the second result; `None`
/// if there are none.
pub fn write_apart<T>(write: impl FnOnce() -> T) -> (T, Option<PersonalText>) {
    APART.set(Some(Apart::default()));
    let _scope = Scope;
    let written = write();
    let apart = APART.take().filter(|apart| apart.count > 0);
    (written, apart.map(|apart| PersonalText(apart.json + "]")))
}

/// Takes a personal value out of the text that is being written. Returns its number; `None` if it stays in the text.
pub(super) fn take_out(value: &str) -> Option<Result<usize, serde_json::Error>> {
    let mut apart = APART.take()?;
    let quoted = serde_json::to_string(value);
    let number = quoted.map(|quoted| {
        apart.json.push(if apart.count == 0 { '[' } else { ',' });
        apart.json.push_str(&quoted);
        apart.count += 1;
        apart.count - 1
    });
    APART.set(Some(apart));
    Some(number)
}

/// Returns whether a text has places of personal values.
#[must_use]
pub fn has_places(text: &str) -> bool {
    text.contains(PLACE)
}

/// Returns a text with its personal values. Without a personal text each value is the [`PLACEHOLDER`].
///
/// # Errors
/// If the personal text is malformed, or lacks a value.
pub fn put_back<'t>(
    text: &'t str,
    personal: Option<&PersonalText>,
) -> Result<Cow<'t, str>, PersonalTextError> {
    if !has_places(text) {
        return Ok(Cow::Borrowed(text));
    }
    let values: Option<Vec<String>> = personal
        .map(|personal| serde_json::from_str(&personal.0).map_err(|_| PersonalTextError::Malformed))
        .transpose()?;
    let value = |number: usize| match &values {
        Some(values) => values.get(number).map(String::as_str),
        None => Some(PLACEHOLDER),
    };
    let mut whole = String::with_capacity(text.len() + personal.map_or(0, |own| own.0.len()));
    let mut rest = text;
    while let Some((before, place)) = rest.split_once(PLACE) {
        let (number, after) = place.split_once('}').ok_or(PersonalTextError::Missing)?;
        let value = number.parse().ok().and_then(value).ok_or(PersonalTextError::Missing)?;
        let quoted = serde_json::to_string(value).map_err(|_| PersonalTextError::Malformed)?;
        whole.push_str(before);
        whole.push_str(&quoted);
        rest = after;
    }
    whole.push_str(rest);
    Ok(Cow::Owned(whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{AccountNumber, Name, Value, unmasked};

    #[derive(serde::Serialize)]
    struct Sample {
        #[serde(with = "unmasked")]
        account: AccountNumber,
        reference: &'static str,
        #[serde(with = "unmasked::option")]
        name: Option<Name>,
        #[serde(with = "unmasked::option")]
        none: Option<Name>,
    }

    fn sample() -> Sample {
        Sample {
            account: AccountNumber::from_ascii(br#"12{"@":1}""#).unwrap(),
            reference: r#"{"@":0}"#,
            name: Name::new(r#"Siti \ "{"@":7}" Rahayu"#),
            none: None,
        }
    }

    fn write(sample: &Sample) -> String {
        serde_json::to_string(sample).unwrap()
    }

    #[test]
    fn personal_values_stand_apart_only_in_the_scope() {
        let (text, personal) = write_apart(|| write(&sample()));
        let expected = r#"{"account":{"@":0},"reference":"{\"@\":0}","name":{"@":1},"none":null}"#;
        assert_eq!(text, expected);
        let personal = personal.unwrap();
        let expected = r#"["12{\"@\":1}\"","Siti \\ \"{\"@\":7}\" Rahayu"]"#;
        assert_eq!(personal.0, expected);
        assert_eq!(format!("{personal:?}"), "PersonalText(48 bytes)");
        assert!(write(&sample()).contains("Rahayu"), "outside the scope");
        assert_eq!(put_back(&text, Some(&personal)).unwrap(), write(&sample()));
        let placeholders = r#"{"account":"0","reference":"{\"@\":0}","name":"0","none":null}"#;
        assert_eq!(put_back(&text, None).unwrap(), placeholders);
        assert_eq!(write_apart(|| ()).1, None);
        let _panic = std::panic::catch_unwind(|| write_apart(|| panic!("in the scope")));
        assert!(write(&sample()).contains("Rahayu"), "after a panic in the scope");
    }

    #[test]
    fn a_place_without_a_value_is_an_error() {
        let personal = |text: &str| PersonalText(text.to_owned());
        let result = |text, json: &str| put_back(text, Some(&personal(json))).map(Cow::into_owned);
        assert_eq!(result(r#"{"a":{"@":0}}"#, r#"["x"]"#), Ok(r#"{"a":"x"}"#.to_owned()));
        for wrong in [r#"{"@":1}"#, r#"{"@":-1}"#, r#"{"@":}"#, r#"{"@":0"#, r#"{"@":"0"}"#] {
            assert_eq!(result(wrong, r#"["x"]"#), Err(PersonalTextError::Missing), "{wrong}");
        }
        for wrong in ["", "{}", "[1]", "[\"x\""] {
            assert_eq!(result(r#"{"@":0}"#, wrong), Err(PersonalTextError::Malformed), "{wrong}");
        }
    }
}
