//! Reading the keys of a map, with a fault for each that isn't as it should be.

use std::collections::HashSet;
use std::ptr;

use super::faults::{FILE, Fault};
use super::yaml::{Entry, Kind, Place, Scalar};
use crate::spelling::did_you_mean;

/// The highest number that a spec may state: no message has more bytes.
const HIGHEST: usize = 65_535;

/// A map of the document, its path from the top, and where its faults go. A getter that finds a fault
/// records it and gives `None`.
pub(super) struct Map<'a> {
    path: String,
    place: &'a Place,
    entries: &'a [Entry],
}

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) found: Vec<Fault>,
    /// A node that aliases lead to is read again by each of them, and its faults are told once. It is known by
    /// where it lies in memory.
    told: HashSet<(usize, usize, String)>,
}

impl Faults {
    /// Adds what is wrong with an item of a list, or with what stands behind a key.
    pub(super) fn add(&mut self, at: &Place, path: impl Into<String>, reason: impl Into<String>) {
        self.add_once(at, at.line, "", path.into(), reason.into());
    }

    /// Adds what is wrong with a key of a map, or with there being none.
    fn add_once(&mut self, at: &Place, line: usize, key: &str, path: String, reason: String) {
        let told = (line, ptr::from_ref(&*at.node).addr(), format!("{key}\n{reason}"));
        if self.told.insert(told) {
            let key = if path.is_empty() { FILE.to_owned() } else { path };
            self.found.push(Fault { line, key, reason });
        }
    }
}

impl<'a> Map<'a> {
    /// Opens a node as a map whose keys are among `known`.
    pub(super) fn open(
        place: &'a Place,
        path: &str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let map = Self::open_any(place, path, faults)?;
        for Entry { key, .. } in map.entries {
            if !known.contains(&key.as_str()) {
                let meant = did_you_mean(key, known.iter().copied());
                map.fault(key, format!("unknown key{meant}"), faults);
            }
        }
        Some(map)
    }

    /// Opens an item of a list as a map whose `name` stands in its path.
    pub(super) fn open_named(
        place: &'a Place,
        path: &str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let entries =
            if let Kind::Map(entries) = &place.node.kind { entries.as_slice() } else { &[] };
        let name =
            entries.iter().find(|entry| entry.key == "name").map(|entry| &entry.value.node.kind);
        let name = if let Some(Kind::Scalar(name)) = name { &name.text } else { "?" };
        Self::open(place, &format!("{path}({name})"), known, faults)
    }

    /// Opens a node as a map whose keys are data.
    pub(super) fn open_any(place: &'a Place, path: &str, faults: &mut Faults) -> Option<Self> {
        let Kind::Map(entries) = &place.node.kind else {
            faults.add(place, path, format!("takes a map, has {}", place.node.kind.name()));
            return None;
        };
        let map = Self { path: path.to_owned(), place, entries };
        let mut seen = HashSet::new();
        for Entry { key, value } in entries {
            if !seen.insert(key) {
                faults.add(value, map.at(key), "the key stands twice");
            }
        }
        Some(map)
    }

    /// The path of a key of this map.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// What there is, in order.
    pub(super) const fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// What stands behind a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a Place> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Adds a fault of a key, at its line; at that of the map, where the key is missing.
    pub(super) fn fault(&self, key: &str, reason: impl Into<String>, faults: &mut Faults) {
        let line = self.get(key).map_or(self.place.node.line, |value| value.line);
        faults.add_once(self.place, line, key, self.at(key), reason.into());
    }

    pub(super) fn require(&self, key: &str, faults: &mut Faults) -> Option<&'a Place> {
        let value = self.get(key);
        if value.is_none() {
            self.fault(key, "is missing", faults);
        }
        value
    }

    pub(super) fn text(&self, key: &str, faults: &mut Faults) -> Option<&'a str> {
        scalar(self.get(key)?, &self.at(key), faults).map(|scalar| scalar.text.as_str())
    }

    pub(super) fn require_text(&self, key: &str, faults: &mut Faults) -> Option<&'a str> {
        self.require(key, faults)?;
        self.text(key, faults)
    }

    /// A name that needs no quotes anywhere.
    pub(super) fn require_word(&self, key: &str, faults: &mut Faults) -> Option<&'a str> {
        let text = self.require_text(key, faults)?;
        let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_word {
            self.fault(
                key,
                format!("takes a word of letters, digits and `_`, has `{text}`"),
                faults,
            );
        }
        is_word.then_some(text)
    }

    pub(super) fn number(&self, key: &str, faults: &mut Faults) -> Option<usize> {
        self.number_to(HIGHEST, key, faults)
    }

    pub(super) fn require_number(&self, key: &str, faults: &mut Faults) -> Option<usize> {
        self.require(key, faults)?;
        self.number(key, faults)
    }

    /// The number that the dialect wants of everything; it means nothing.
    pub(super) fn require_id(&self, faults: &mut Faults) {
        if self.require("id", faults).is_some() {
            self.number_to(u32::MAX as usize, "id", faults);
        }
    }

    fn number_to(&self, highest: usize, key: &str, faults: &mut Faults) -> Option<usize> {
        let Scalar { text, quoted } = scalar(self.get(key)?, &self.at(key), faults)?;
        let digits = !quoted && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number <= highest);
        if number.is_none() {
            let has = if *quoted { format!("\"{text}\"") } else { format!("`{text}`") };
            self.fault(key, format!("takes a whole number up to {highest}, has {has}"), faults);
        }
        number
    }

    pub(super) fn flag(&self, key: &str, faults: &mut Faults) -> Option<bool> {
        self.choice(key, &[("true", true), ("false", false)], faults)
    }

    pub(super) fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.text(key, faults)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let meant = did_you_mean(text, names.iter().copied());
            let reason = format!("takes one of {}, has `{text}`{meant}", names.join(", "));
            self.fault(key, reason, faults);
        }
        found
    }

    pub(super) fn require_choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
        faults: &mut Faults,
    ) -> Option<T> {
        self.require(key, faults)?;
        self.choice(key, choices, faults)
    }

    pub(super) fn list(&self, key: &str, faults: &mut Faults) -> Option<&'a [Place]> {
        list(self.get(key)?, &self.at(key), faults)
    }

    pub(super) fn require_list(&self, key: &str, faults: &mut Faults) -> Option<&'a [Place]> {
        self.require(key, faults)?;
        self.list(key, faults)
    }
}

/// An item of a list, or what stands behind a key, as a single value.
pub(super) fn scalar<'a>(place: &'a Place, path: &str, faults: &mut Faults) -> Option<&'a Scalar> {
    match &place.node.kind {
        Kind::Scalar(scalar) => Some(scalar),
        other => {
            faults.add(place, path, format!("takes a single value, has {}", other.name()));
            None
        }
    }
}

fn list<'a>(place: &'a Place, path: &str, faults: &mut Faults) -> Option<&'a [Place]> {
    match &place.node.kind {
        Kind::List(items) => Some(items),
        other => {
            faults.add(place, path, format!("takes a list, has {}", other.name()));
            None
        }
    }
}
