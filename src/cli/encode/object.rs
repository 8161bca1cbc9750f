//! Reads an object with known keys and reports all errors.

use std::collections::HashSet;

use super::document::Json;
use crate::cli::beginning;
use crate::spelling::did_you_mean;

/// The members of an object that have not been taken yet.
pub(super) struct Object {
    /// The prefix of errors, with a colon and a space.
    place: String,
    members: Vec<(String, Json)>,
}

impl Object {
    /// Opens an object. `place` is the prefix of its errors.
    pub(super) fn open(
        place: impl Into<String>,
        json: Json,
        known: &[&str],
        faults: &mut Vec<String>,
    ) -> Option<Self> {
        let place = place.into();
        let Json::Object(members) = json else {
            faults.push(format!("{place}must be an object (got {})", json.kind()));
            return None;
        };
        faults.extend(
            duplicate_keys(&members).map(|key| format!("{place}duplicate key {}", beginning(key))),
        );
        let unknown = members.iter().filter(|(key, _)| !known.contains(&key.as_str()));
        faults.extend(unknown.map(|(key, _)| {
            let suggestion = did_you_mean(key, known.iter().copied());
            format!(
                "{place}unknown key {}; known keys: {}{suggestion}",
                beginning(key),
                known.join(", ")
            )
        }));
        Some(Self { place, members })
    }

    /// Removes and returns a member.
    pub(super) fn take(&mut self, key: &str) -> Option<Json> {
        let at = self.members.iter().position(|(name, _)| name == key)?;
        Some(self.members.swap_remove(at).1)
    }

    /// Returns the keys that have not been taken.
    pub(super) fn rest(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(key, _)| key.as_str())
    }

    /// Removes and returns a mandatory member.
    pub(super) fn require(
        &mut self,
        key: &str,
        expected: &str,
        faults: &mut Vec<String>,
    ) -> Option<Json> {
        let json = self.take(key);
        if json.is_none() {
            faults.push(format!("{}{key}: is missing; must be {expected}", self.place));
        }
        json
    }

    /// Removes and returns a text member.
    pub(super) fn take_text(&mut self, key: &str, faults: &mut Vec<String>) -> Option<String> {
        let json = self.take(key)?;
        text(json).map_err(|fault| faults.push(format!("{}{key}: {fault}", self.place))).ok()
    }
}

/// Returns the keys that occur again.
pub(super) fn duplicate_keys(members: &[(String, Json)]) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::new();
    members.iter().map(|(key, _)| key.as_str()).filter(move |key| !seen.insert(*key))
}

/// Returns the text of a value. Numbers are rejected, because they lose leading zeros.
pub(super) fn text(json: Json) -> Result<String, String> {
    match json {
        Json::Text(text) => Ok(text),
        Json::Number => {
            Err("must be text (got a number): use quotes and keep leading zeros".to_owned())
        }
        other => Err(format!("must be text (got {})", other.kind())),
    }
}
