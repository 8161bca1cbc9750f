//! Reads an object whose keys are known, and tells all that is wrong with it.

use std::collections::HashSet;

use super::document::Json;
use crate::cli::beginning;
use crate::spelling::did_you_mean;

/// The members of an object that were not taken yet.
pub(super) struct Object {
    /// What stands in front of a fault, with a colon and a blank.
    place: String,
    members: Vec<(String, Json)>,
}

impl Object {
    /// Opens an object; `place` says where it is in the errors.
    pub(super) fn open(
        place: impl Into<String>,
        json: Json,
        known: &[&str],
        faults: &mut Vec<String>,
    ) -> Option<Self> {
        let place = place.into();
        let Json::Object(members) = json else {
            faults.push(format!("{place}takes an object, has {}", json.kind()));
            return None;
        };
        faults
            .extend(doubles(&members).map(|key| format!("{place}{} stands twice", beginning(key))));
        let unknown = members.iter().filter(|(key, _)| !known.contains(&key.as_str()));
        faults.extend(unknown.map(|(key, _)| {
            let meant = did_you_mean(key, known.iter().copied());
            format!("{place}unknown key {}; known are {}{meant}", beginning(key), known.join(", "))
        }));
        Some(Self { place, members })
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, key: &str) -> Option<Json> {
        let at = self.members.iter().position(|(name, _)| name == key)?;
        Some(self.members.swap_remove(at).1)
    }

    /// The keys that were not taken.
    pub(super) fn rest(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(key, _)| key.as_str())
    }

    /// Takes a member out that must be there.
    pub(super) fn require(
        &mut self,
        key: &str,
        takes: &str,
        faults: &mut Vec<String>,
    ) -> Option<Json> {
        let json = self.take(key);
        if json.is_none() {
            faults.push(format!("{}{key} is missing; it takes {takes}", self.place));
        }
        json
    }

    /// Takes a member out that is text.
    pub(super) fn take_text(&mut self, key: &str, faults: &mut Vec<String>) -> Option<String> {
        let json = self.take(key)?;
        text(json).map_err(|fault| faults.push(format!("{}{key} {fault}", self.place))).ok()
    }
}

/// The keys that come again.
pub(super) fn doubles(members: &[(String, Json)]) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::new();
    members.iter().map(|(key, _)| key.as_str()).filter(move |key| !seen.insert(*key))
}

/// The text of a value. A number would lose its leading zeros.
pub(super) fn text(json: Json) -> Result<String, String> {
    match json {
        Json::Text(text) => Ok(text),
        Json::Number => {
            Err("takes text, has a number: put it in quotes, with leading zeros".to_owned())
        }
        other => Err(format!("takes text, has {}", other.kind())),
    }
}
