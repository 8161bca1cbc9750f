//! Reading the keys of a map, with a fault for each that isn't as it should be.

use super::faults::Fault;
use super::yaml::{Entry, Kind, Node};

/// A map of the document, its path from the top, and where its faults go. A getter that finds a fault
/// records it and gives `None`.
pub(super) struct Map<'a> {
    path: String,
    line: usize,
    entries: &'a [Entry],
}

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, line: usize, key: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Fault { line, key: key.into(), reason: reason.into() });
    }
}

impl<'a> Map<'a> {
    /// Opens a node as a map whose keys are among `known`.
    pub(super) fn open(
        node: &'a Node,
        path: &str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let map = Self::open_any(node, path, faults)?;
        for entry in map.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let hint = nearest(&entry.key, known)
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            faults.add(entry.line, map.at(&entry.key), format!("unknown key{hint}"));
        }
        Some(map)
    }

    /// Opens a node as a map whose keys are data.
    pub(super) fn open_any(node: &'a Node, path: &str, faults: &mut Faults) -> Option<Self> {
        match &node.kind {
            Kind::Map(entries) => Some(Self { path: path.to_owned(), line: node.line, entries }),
            other => {
                faults.add(node.line, path, format!("takes a map, has {}", other.name()));
                None
            }
        }
    }

    /// The map under a path that names it better.
    pub(super) fn named(self, path: String) -> Self {
        Self { path, ..self }
    }

    /// The path of a key of this map.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &*entry.value)
    }

    /// The line of a key's value, or of the map where it has none.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.entries.iter().find(|entry| entry.key == key).map_or(self.line, |entry| entry.line)
    }

    pub(super) fn fault(&self, key: &str, reason: impl Into<String>, faults: &mut Faults) {
        faults.add(self.line_of(key), self.at(key), reason);
    }

    pub(super) fn require(&self, key: &str, faults: &mut Faults) -> Option<&'a Node> {
        let node = self.get(key);
        if node.is_none() {
            self.fault(key, "is missing", faults);
        }
        node
    }

    pub(super) fn text(&self, key: &str, faults: &mut Faults) -> Option<&'a str> {
        let node = self.get(key)?;
        self.text_of(key, node, faults)
    }

    pub(super) fn require_text(&self, key: &str, faults: &mut Faults) -> Option<&'a str> {
        let node = self.require(key, faults)?;
        self.text_of(key, node, faults)
    }

    pub(super) fn text_of(
        &self,
        key: &str,
        node: &'a Node,
        faults: &mut Faults,
    ) -> Option<&'a str> {
        match &node.kind {
            Kind::Scalar(text) => Some(text),
            other => {
                self.fault(key, format!("takes a single value, has {}", other.name()), faults);
                None
            }
        }
    }

    pub(super) fn number(&self, key: &str, faults: &mut Faults) -> Option<usize> {
        let text = self.text(key, faults)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.fault(key, format!("takes a whole number, has `{text}`"), faults);
        }
        number
    }

    pub(super) fn require_number(&self, key: &str, faults: &mut Faults) -> Option<usize> {
        self.require(key, faults)?;
        self.number(key, faults)
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
            let reason = format!("takes one of {}, has `{text}`", names.join(", "));
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

    pub(super) fn list(&self, key: &str, faults: &mut Faults) -> Option<&'a [std::rc::Rc<Node>]> {
        match &self.require(key, faults)?.kind {
            Kind::List(items) => Some(items),
            other => {
                self.fault(key, format!("takes a list, has {}", other.name()), faults);
                None
            }
        }
    }
}

/// The known key that is most like a mistyped one.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(key, known), *known))
        .filter(|(distance, known)| *distance <= known.len().max(3) / 3 + 1)
        .min()
        .map(|(_, known)| known)
}
