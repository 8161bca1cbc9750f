//! Reads settings, and finds every fault of a file with its key before it refuses the file.

mod contents;
mod distinct;
mod layers;
mod secret;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use config::{Config, ConfigError, File, FileFormat, Value, ValueKind};
pub use contents::Contents;
use distinct::DistinctSecrets;
pub use layers::Layers;

use crate::spelling::{did_you_mean, suggest_or_list};
use crate::values::{Backoff, Value as Known};

/// A wrong setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file; or the variable or option that the setting is from.
    pub file: String,
    /// The path of the key; empty for the whole file.
    pub key: String,
    /// What is wrong, and what is expected.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.key.is_empty() { "" } else { ": " };
        write!(f, "{}: {}{colon}{}", self.file, self.key, self.reason)
    }
}

/// Parses a TOML text. Faults name it `file`.
///
/// # Errors
/// If the text is not TOML.
pub fn tree(file: &str, text: &str) -> Result<Value, Fault> {
    let config = Config::builder().add_source(File::from_str(text, FileFormat::Toml)).build();
    config.map(|config| config.cache).map_err(|error| Fault::of(file, &error))
}

/// Overrides a tree with another. Tables are merged key by key; any other value replaces the one before.
pub fn overlay(tree: &mut Value, overrides: &Value) {
    match (&mut tree.kind, &overrides.kind) {
        (ValueKind::Table(table), ValueKind::Table(overrides)) => {
            for (key, new) in overrides {
                match table.get_mut(key) {
                    Some(value) => overlay(value, new),
                    None => drop(table.insert(key.clone(), new.clone())),
                }
            }
        }
        _ => *tree = overrides.clone(),
    }
}

impl Fault {
    /// Returns the fault of a file that can't be parsed.
    fn of(file: &str, error: &ConfigError) -> Self {
        let reason = error.to_string().trim().replace('\n', " ");
        Self { file: file.to_owned(), key: String::new(), reason }
    }
}

/// The faults found so far, and the secrets and files read so far.
#[derive(Debug, Default)]
pub struct Faults {
    found: RefCell<Vec<Fault>>,
    secrets: DistinctSecrets,
    contents: Contents,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.found.borrow_mut().push(fault);
    }

    /// Takes the contents of all secrets and files that keys name.
    #[must_use]
    pub fn take_contents(&self) -> Contents {
        self.contents.take()
    }

    /// Returns all faults, sorted by file and key.
    #[must_use]
    pub fn all(self) -> Vec<Fault> {
        let mut all = self.found.into_inner();
        all.sort();
        all
    }
}

/// A table of the tree. Each getter adds a fault and returns `None` if the key is missing or wrong. When the table is
/// dropped, every key that no getter read is a fault: it is unknown.
pub struct Section<'a> {
    file: &'a str,
    path: String,
    table: BTreeMap<&'a str, &'a Value>,
    read_keys: RefCell<Vec<&'static str>>,
    /// Whether its keys are names that the file chooses, such as partners.
    has_free_keys: bool,
    faults: &'a Faults,
}

impl<'a> Section<'a> {
    /// Returns the top table of a tree.
    pub fn top(file: &'a str, tree: &'a Value, faults: &'a Faults) -> Option<Self> {
        Self::open(file, String::new(), tree, false, faults)
    }

    fn open(
        file: &'a str,
        path: String,
        value: &'a Value,
        has_free_keys: bool,
        faults: &'a Faults,
    ) -> Option<Self> {
        let file = value.origin().unwrap_or(file);
        let ValueKind::Table(table) = &value.kind else {
            faults.add(Fault { file: file.to_owned(), key: path, reason: "is not a table".into() });
            return None;
        };
        let table = table.iter().map(|(key, value)| (key.as_str(), value)).collect();
        Some(Self { file, path, table, read_keys: RefCell::default(), has_free_keys, faults })
    }

    /// Adds a fault of a key; of the whole table, if the key is empty.
    pub fn fault(&self, key: &str, reason: impl Into<String>) {
        let file = self.table.get(key).and_then(|value| value.origin()).unwrap_or(self.file);
        let fault = Fault { file: file.to_owned(), key: self.path_of(key), reason: reason.into() };
        self.faults.add(fault);
    }

    /// Notes the content of the file that a key names, so that a reload finds a change of it.
    pub fn note_content(&self, key: &str, content: &[u8]) {
        self.faults.contents.add(self.path_of(key), content);
    }

    fn path_of(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// Returns the keys of a table with free keys.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.table.keys().copied().collect::<Vec<_>>().into_iter()
    }

    /// Returns whether a key is set.
    #[must_use]
    pub fn has(&self, key: &'static str) -> bool {
        self.read_keys.borrow_mut().push(key);
        self.table.contains_key(key)
    }

    fn required(&self, key: &'static str) -> Option<&'a Value> {
        self.read_keys.borrow_mut().push(key);
        let value = self.table.get(key).copied();
        if value.is_none() {
            self.fault(key, "is missing");
        }
        value
    }

    /// Returns the value of a key as it is; `None` if the key is not set.
    #[must_use]
    pub fn raw(&self, key: &'static str) -> Option<&'a Value> {
        self.has(key).then(|| self.table.get(key).copied())?
    }

    /// Returns the table of a key.
    pub fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let value = self.required(key)?;
        Section::open(self.file, self.path_of(key), value, false, self.faults)
    }

    /// Returns the tables of a list; an empty list if the key is not set.
    pub fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        if !self.has(key) {
            return Vec::new();
        }
        let items = self.items(key).unwrap_or_default().iter().enumerate();
        let open = |(place, item)| {
            let path = format!("{}[{place}]", self.path_of(key));
            Section::open(self.file, path, item, false, self.faults)
        };
        items.filter_map(open).collect()
    }

    /// Returns the table of a key. The file chooses its keys.
    pub fn named(&self, key: &'static str) -> Option<Section<'a>> {
        let value = self.required(key)?;
        Section::open(self.file, self.path_of(key), value, true, self.faults)
    }

    /// Returns the table of a free key.
    pub fn section_of(&self, name: &str) -> Option<Section<'a>> {
        let value = self.table.get(name).copied()?;
        Section::open(self.file, self.path_of(name), value, false, self.faults)
    }

    /// Returns the text of a free key, parsed.
    pub fn text_of<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.table.get(name).copied()?;
        self.parsed(name, value, "is not text; write it in quotes", parse)
    }

    /// Returns a text, parsed.
    pub fn text<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.required(key)?;
        self.parsed(key, value, "is not text; write it in quotes", parse)
    }

    fn parsed<T>(
        &self,
        key: &str,
        value: &Value,
        otherwise: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let parsed = match &value.kind {
            ValueKind::String(text) => parse(text),
            _ => Err(otherwise.to_owned()),
        };
        parsed.map_err(|reason| self.fault(key, reason)).ok()
    }

    /// Returns a value that is written as text.
    pub fn value<T: Known>(&self, key: &'static str) -> Option<T> {
        self.text(key, known)
    }

    /// Returns an IP address and a port.
    pub fn address(&self, key: &'static str) -> Option<SocketAddr> {
        self.text(key, |text| {
            text.parse()
                .map_err(|_| format!("{text:?} is not an address and port: write 127.0.0.1:8080"))
        })
    }

    /// Returns a list of values that are written as text.
    pub fn values<T: Known>(&self, key: &'static str) -> Option<Vec<T>> {
        self.texts(key, known)
    }

    /// Returns a list of texts, each parsed.
    pub fn texts<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let items = self.items(key)?;
        all(items.iter().map(|item| self.parsed(key, item, "is not a list of text", &parse)))
    }

    /// Returns a list of numbers within a range.
    pub fn numbers(&self, key: &'static str, range: &RangeInclusive<i64>) -> Option<Vec<i64>> {
        let items = self.items(key)?;
        all(items.iter().map(|item| self.ranged(key, item, range)))
    }

    fn items(&self, key: &'static str) -> Option<&'a [Value]> {
        if let ValueKind::Array(items) = &self.required(key)?.kind {
            return Some(items);
        }
        self.fault(key, "is not a list");
        None
    }

    /// Returns a number within a range.
    pub fn number(&self, key: &'static str, range: &RangeInclusive<i64>) -> Option<i64> {
        self.ranged(key, self.required(key)?, range)
    }

    fn ranged(&self, key: &str, value: &Value, range: &RangeInclusive<i64>) -> Option<i64> {
        let number = match &value.kind {
            ValueKind::I64(number) => Some(*number),
            // The environment and the command line have text only.
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            self.fault(key, format!("is not a number from {least} to {most}"));
        }
        number
    }

    /// Returns a flag.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let flag = match &self.required(key)?.kind {
            ValueKind::Boolean(flag) => Some(*flag),
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.fault(key, "is not true or false");
        }
        flag
    }

    /// Returns the choice of one of several names.
    pub fn choice<T: Copy>(&self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        self.text(key, |text| {
            let names = choices.iter().map(|(name, _)| *name);
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(
                || {
                    let all = names.clone().collect::<Vec<_>>().join(", ");
                    format!("{text:?} is not one of {all}{}", did_you_mean(text, names))
                },
            )
        })
    }

    /// Returns a duration: a whole number and `ms`, `s`, `m` or `h`.
    pub fn time(&self, key: &'static str) -> Option<Duration> {
        self.text(key, |text| {
            let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
            let (number, unit) = text.split_at(end);
            let unit = match unit {
                "ms" => Some(1),
                "s" => Some(1_000),
                "m" => Some(60_000),
                "h" => Some(3_600_000),
                _ => None,
            };
            let millis = number.parse::<u64>().ok().zip(unit).and_then(|(n, u)| n.checked_mul(u));
            millis
                .map(Duration::from_millis)
                .ok_or_else(|| format!("{text:?} is not a duration: write 500ms, 30s, 5m or 24h"))
        })
    }
}

impl Section<'_> {
    /// Returns the intervals between repeats: `first_delay`, `max_delay` and `jitter_percent`.
    pub fn backoff(&self) -> Option<Backoff> {
        let (first, longest) = (self.time("first_delay"), self.time("max_delay"));
        let jitter = self.number("jitter_percent", &(0..=100));
        let (first, longest) = (first?, longest?);
        if first > longest || first.is_zero() {
            self.fault("first_delay", "must be between 1ms and max_delay");
        }
        Some(Backoff { first, longest, jitter_percent: u8::try_from(jitter?).ok()? })
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        if self.has_free_keys {
            return;
        }
        let read_keys = self.read_keys.borrow();
        for key in self.table.keys().filter(|key| !read_keys.contains(key)) {
            let hint = suggest_or_list(key, read_keys.iter().copied());
            self.fault(key, format!("unknown key{hint}"));
        }
    }
}

/// A setting is wrong; its fault was added.
#[derive(Clone, Copy, Debug)]
pub struct Invalid;

/// Reads an optional setting.
///
/// # Errors
/// If the setting is there and wrong.
pub fn optional<T>(is_set: bool, read: impl FnOnce() -> Option<T>) -> Result<Option<T>, Invalid> {
    if is_set { read().map(Some).ok_or(Invalid) } else { Ok(None) }
}

/// Returns all values, if all are valid. Reads every one, so that every fault is found.
pub fn all<T>(read: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

fn known<T: Known>(text: &str) -> Result<T, String> {
    T::from_ascii(text.as_bytes()).ok_or_else(|| format!("{text:?} is not {}", T::EXPECTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ResponseCode;

    fn faults(text: &str, read: impl Fn(&Section<'_>)) -> Vec<String> {
        let tree = tree("net.toml", text).unwrap();
        let faults = Faults::default();
        if let Some(top) = Section::top("net.toml", &tree, &faults) {
            read(&top);
        }
        faults.all().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_fault_is_found_with_its_key() {
        let text = "colour = 'red'\nwait = '5 minutes'\ncodes = ['00', 'x']\n[inner]\ntries = 70\n";
        let found = faults(text, |top| {
            top.choice("color", &[("red", 1)]);
            top.time("wait");
            top.values::<ResponseCode>("codes");
            let inner = top.section("inner").unwrap();
            inner.number("tries", &(1..=9));
            inner.flag("slow");
        });
        assert_eq!(
            found,
            [
                "net.toml: codes: \"x\" is not two letters or digits",
                "net.toml: color: is missing",
                "net.toml: colour: unknown key; did you mean color?",
                "net.toml: inner.slow: is missing",
                "net.toml: inner.tries: is not a number from 1 to 9",
                "net.toml: wait: \"5 minutes\" is not a duration: write 500ms, 30s, 5m or 24h",
            ]
        );
    }

    #[test]
    fn a_toml_error_has_its_line() {
        let fault = tree("net.toml", "a = 1\nb = = 2\n").unwrap_err().to_string();
        assert!(fault.starts_with("net.toml: TOML parse error at line 2"), "{fault}");
    }
}
