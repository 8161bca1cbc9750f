//! JSON with duplicate keys, which the values of `serde_json` would lose.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::cli::failure::Failure;

/// A JSON value. Types that a message never uses are kept only for errors.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Json {
    Text(String),
    /// Keys and values in order, including duplicates.
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
    Number,
    Bool(bool),
    Null,
}

impl Json {
    /// Returns the name of its type, for errors that must not show the value.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Object(_) => "an object",
            Self::List(_) => "an array",
            Self::Number => "a number",
            Self::Bool(_) => "true or false",
            Self::Null => "null",
        }
    }
}

/// Reads a document.
pub(super) fn read(bytes: &[u8]) -> Result<Json, Failure> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err("the input is empty: JSON is required, see titian encode --help"
            .to_owned()
            .into());
    }
    serde_json::from_slice(bytes)
        .map_err(|error| format!("the input is not valid JSON: {error}").into())
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Json::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = members.next_entry()? {
            all.push(member);
        }
        Ok(Json::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_keys_are_kept() {
        let json: Json = serde_json::from_str(r#"{"a": 1, "a": ["b", null, true, -1.5]}"#).unwrap();
        let list = vec![Json::Text("b".into()), Json::Null, Json::Bool(true), Json::Number];
        let members = vec![("a".into(), Json::Number), ("a".into(), Json::List(list))];
        assert_eq!(json, Json::Object(members));
    }
}
