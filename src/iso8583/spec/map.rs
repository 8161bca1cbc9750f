//! Reads the keys of a map and records a fault for each invalid one.

use std::collections::HashSet;
use std::ptr;

use super::faults::{FILE, SpecFault};
use super::yaml::{MapEntry, NodeKind, NodeRef, Scalar};
use crate::spelling::{did_you_mean, suggest_or_list};

/// The maximum of numbers in a spec: no message has more bytes.
const NUMBER_MAX: usize = 65_535;

/// A map of the document with its path from the top. A getter that finds a fault records it and returns
/// `None`.
pub(super) struct Map<'a> {
    path: String,
    source: &'a NodeRef,
    entries: &'a [MapEntry],
}

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) found: Vec<SpecFault>,
    /// Several aliases can lead to the same node, which is then read again. Its faults are reported once. The
    /// node is identified by its address in memory.
    reported: HashSet<(usize, usize, String)>,
}

impl Faults {
    /// Adds a fault of an item of a list or of the value of a key.
    pub(super) fn add(&mut self, at: &NodeRef, path: impl Into<String>, reason: impl Into<String>) {
        self.add_once(at, at.line, "", path.into(), reason.into());
    }

    /// Adds a fault of a key of a map, or of a missing key.
    fn add_once(&mut self, at: &NodeRef, line: usize, key: &str, path: String, reason: String) {
        let reported = (line, ptr::from_ref(&*at.node).addr(), format!("{key}\n{reason}"));
        if self.reported.insert(reported) {
            let key = if path.is_empty() { FILE.to_owned() } else { path };
            self.found.push(SpecFault { line, key, reason });
        }
    }
}

impl<'a> Map<'a> {
    /// Opens a node as a map. Keys that are not in `known` are faults.
    pub(super) fn open(
        source: &'a NodeRef,
        path: &str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let map = Self::open_any(source, path, faults)?;
        for MapEntry { key, .. } in map.entries {
            if !known.contains(&key.as_str()) {
                let hint = suggest_or_list(key, known.iter().copied());
                map.fault(key, format!("unknown key{hint}"), faults);
            }
        }
        Some(map)
    }

    /// Opens an item of a list as a map whose `name` is part of its path.
    pub(super) fn open_named(
        source: &'a NodeRef,
        path: &str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let entries =
            if let NodeKind::Map(entries) = &source.node.kind { entries.as_slice() } else { &[] };
        let name =
            entries.iter().find(|entry| entry.key == "name").map(|entry| &entry.value.node.kind);
        let name = if let Some(NodeKind::Scalar(name)) = name { &name.text } else { "?" };
        Self::open(source, &format!("{path}({name})"), known, faults)
    }

    /// Opens a node as a map whose keys are data.
    pub(super) fn open_any(source: &'a NodeRef, path: &str, faults: &mut Faults) -> Option<Self> {
        let NodeKind::Map(entries) = &source.node.kind else {
            faults.add(source, path, format!("must be a map (got {})", source.node.kind.name()));
            return None;
        };
        let map = Self { path: path.to_owned(), source, entries };
        let mut seen = HashSet::new();
        for MapEntry { key, value } in entries {
            if !seen.insert(key) {
                faults.add(value, map.at(key), "duplicate key");
            }
        }
        Some(map)
    }

    /// Returns the path of a key of this map.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Returns the entries in order.
    pub(super) const fn entries(&self) -> &'a [MapEntry] {
        self.entries
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a NodeRef> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Adds a fault of a key, at its line, or at the line of the map if the key is missing.
    pub(super) fn fault(&self, key: &str, reason: impl Into<String>, faults: &mut Faults) {
        let line = self.get(key).map_or(self.source.node.line, |value| value.line);
        faults.add_once(self.source, line, key, self.at(key), reason.into());
    }

    pub(super) fn require(&self, key: &str, faults: &mut Faults) -> Option<&'a NodeRef> {
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

    /// Reads a name that never needs quotes.
    pub(super) fn require_word(&self, key: &str, faults: &mut Faults) -> Option<&'a str> {
        let text = self.require_text(key, faults)?;
        let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_word {
            self.fault(
                key,
                format!("must be a word of letters, digits and `_` (got `{text}`)"),
                faults,
            );
        }
        is_word.then_some(text)
    }

    pub(super) fn number(&self, key: &str, faults: &mut Faults) -> Option<usize> {
        self.number_to(NUMBER_MAX, key, faults)
    }

    pub(super) fn require_number(&self, key: &str, faults: &mut Faults) -> Option<usize> {
        self.require(key, faults)?;
        self.number(key, faults)
    }

    /// Reads the `id` that `iso8583_rs` requires everywhere. Its value is not used.
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
            let got = if *quoted { format!("\"{text}\"") } else { format!("`{text}`") };
            self.fault(key, format!("must be a whole number up to {highest} (got {got})"), faults);
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
            let suggestion = did_you_mean(text, names.iter().copied());
            let names = names.join(", ");
            let reason = format!("must be one of {names} (got `{text}`){suggestion}");
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

    pub(super) fn list(&self, key: &str, faults: &mut Faults) -> Option<&'a [NodeRef]> {
        list(self.get(key)?, &self.at(key), faults)
    }

    pub(super) fn require_list(&self, key: &str, faults: &mut Faults) -> Option<&'a [NodeRef]> {
        self.require(key, faults)?;
        self.list(key, faults)
    }
}

/// Reads an item of a list, or the value of a key, as a single value.
pub(super) fn scalar<'a>(
    source: &'a NodeRef,
    path: &str,
    faults: &mut Faults,
) -> Option<&'a Scalar> {
    match &source.node.kind {
        NodeKind::Scalar(scalar) => Some(scalar),
        other => {
            faults.add(source, path, format!("must be a single value (got {})", other.name()));
            None
        }
    }
}

fn list<'a>(source: &'a NodeRef, path: &str, faults: &mut Faults) -> Option<&'a [NodeRef]> {
    match &source.node.kind {
        NodeKind::List(items) => Some(items),
        other => {
            faults.add(source, path, format!("must be a list (got {})", other.name()));
            None
        }
    }
}
