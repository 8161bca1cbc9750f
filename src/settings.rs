//! Reading settings: every fault of a file is found, each with its key, before anything is refused.

mod layers;
mod secret;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use config::{Config, ConfigError, File, FileFormat, Value, ValueKind};
pub use layers::Layers;

use crate::spelling::did_you_mean;
use crate::values::Value as Known;

/// Something wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, or what it is called where it is none.
    pub file: String,
    /// The path of the key; empty where the whole file is meant.
    pub key: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.key.is_empty() { "" } else { ": " };
        write!(f, "{}: {}{colon}{}", self.file, self.key, self.reason)
    }
}

/// The tree of a TOML text. `file` is what it is called in faults.
///
/// # Errors
/// If it is not TOML.
pub fn tree(file: &str, text: &str) -> Result<Value, Fault> {
    let config = Config::builder().add_source(File::from_str(text, FileFormat::Toml)).build();
    config.map(|config| config.cache).map_err(|error| Fault::of(file, &error))
}

/// Puts a tree over another: tables are joined, key by key, and what is no table takes the place of what was there.
pub fn overlay(tree: &mut Value, over: &Value) {
    match (&mut tree.kind, &over.kind) {
        (ValueKind::Table(table), ValueKind::Table(changes)) => {
            for (key, change) in changes {
                match table.get_mut(key) {
                    Some(value) => overlay(value, change),
                    None => drop(table.insert(key.clone(), change.clone())),
                }
            }
        }
        _ => *tree = over.clone(),
    }
}

impl Fault {
    /// A file that can't be read as settings.
    fn of(file: &str, error: &ConfigError) -> Self {
        let reason = error.to_string().trim().replace('\n', " ");
        Self { file: file.to_owned(), key: String::new(), reason }
    }
}

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// Notes a fault.
    pub fn add(&self, fault: Fault) {
        self.0.borrow_mut().push(fault);
    }

    /// All of them, in the order of files and keys.
    #[must_use]
    pub fn all(self) -> Vec<Fault> {
        let mut all = self.0.into_inner();
        all.sort();
        all
    }
}

/// A table of the tree. What is asked of it and isn't as it should be is noted, and `None`; a key that was never asked
/// for is unknown, and noted when the table is dropped.
pub struct Section<'a> {
    file: &'a str,
    path: String,
    table: BTreeMap<&'a str, &'a Value>,
    asked: RefCell<Vec<&'static str>>,
    /// Whether its keys are names of the file's own choice.
    free: bool,
    faults: &'a Faults,
}

impl<'a> Section<'a> {
    /// The top of a tree.
    pub fn top(file: &'a str, tree: &'a Value, faults: &'a Faults) -> Option<Self> {
        Self::open(file, String::new(), tree, false, faults)
    }

    fn open(
        file: &'a str,
        path: String,
        value: &'a Value,
        free: bool,
        faults: &'a Faults,
    ) -> Option<Self> {
        let file = value.origin().unwrap_or(file);
        let ValueKind::Table(table) = &value.kind else {
            faults.add(Fault { file: file.to_owned(), key: path, reason: "is not a table".into() });
            return None;
        };
        let table = table.iter().map(|(key, value)| (key.as_str(), value)).collect();
        Some(Self { file, path, table, asked: RefCell::default(), free, faults })
    }

    /// Notes what is wrong with a key; with the table as a whole, if that is empty.
    pub fn fault(&self, key: &str, reason: impl Into<String>) {
        let file = self.table.get(key).and_then(|value| value.origin()).unwrap_or(self.file);
        let fault = Fault { file: file.to_owned(), key: self.path_of(key), reason: reason.into() };
        self.faults.add(fault);
    }

    fn path_of(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// The keys of a table whose keys are names of the file's own choice.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.table.keys().copied().collect::<Vec<_>>().into_iter()
    }

    /// Whether a key is there.
    #[must_use]
    pub fn has(&self, key: &'static str) -> bool {
        self.asked.borrow_mut().push(key);
        self.table.contains_key(key)
    }

    fn ask(&self, key: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().push(key);
        let value = self.table.get(key).copied();
        if value.is_none() {
            self.fault(key, "is missing");
        }
        value
    }

    /// What a key holds, whatever it is; nothing, where it isn't there.
    #[must_use]
    pub fn raw(&self, key: &'static str) -> Option<&'a Value> {
        self.has(key).then(|| self.table.get(key).copied())?
    }

    /// A table within.
    pub fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let value = self.ask(key)?;
        Section::open(self.file, self.path_of(key), value, false, self.faults)
    }

    /// The tables of a list; none, where it isn't there.
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

    /// A table within whose keys are names of the file's own choice.
    pub fn named(&self, key: &'static str) -> Option<Section<'a>> {
        let value = self.ask(key)?;
        Section::open(self.file, self.path_of(key), value, true, self.faults)
    }

    /// A table of a name of the file's own choice.
    pub fn section_of(&self, name: &str) -> Option<Section<'a>> {
        let value = self.table.get(name).copied()?;
        Section::open(self.file, self.path_of(name), value, false, self.faults)
    }

    /// The text of a name of the file's own choice, as `parse` takes it.
    pub fn text_of<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.table.get(name).copied()?;
        self.parsed(name, value, "is not text", parse)
    }

    /// A text, as `parse` takes it.
    pub fn text<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.ask(key)?;
        self.parsed(key, value, "is not text", parse)
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

    /// A value that is known by its text.
    pub fn value<T: Known>(&self, key: &'static str) -> Option<T> {
        self.text(key, known)
    }

    /// An IP address and a port.
    pub fn address(&self, key: &'static str) -> Option<SocketAddr> {
        self.text(key, |text| {
            text.parse()
                .map_err(|_| format!("{text:?} is no address and port: write 127.0.0.1:8080"))
        })
    }

    /// A list of values that are known by their text.
    pub fn values<T: Known>(&self, key: &'static str) -> Option<Vec<T>> {
        self.texts(key, known)
    }

    /// A list of texts, each as `parse` takes it.
    pub fn texts<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let items = self.items(key)?;
        all(items.iter().map(|item| self.parsed(key, item, "is not a list of text", &parse)))
    }

    /// A list of numbers within a range.
    pub fn numbers(&self, key: &'static str, range: &RangeInclusive<i64>) -> Option<Vec<i64>> {
        let items = self.items(key)?;
        all(items.iter().map(|item| self.ranged(key, item, range)))
    }

    fn items(&self, key: &'static str) -> Option<&'a [Value]> {
        if let ValueKind::Array(items) = &self.ask(key)?.kind {
            return Some(items);
        }
        self.fault(key, "is not a list");
        None
    }

    /// A number within a range.
    pub fn number(&self, key: &'static str, range: &RangeInclusive<i64>) -> Option<i64> {
        self.ranged(key, self.ask(key)?, range)
    }

    fn ranged(&self, key: &str, value: &Value, range: &RangeInclusive<i64>) -> Option<i64> {
        let number = match &value.kind {
            ValueKind::I64(number) => Some(*number),
            // What comes from the environment and the command line is text.
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

    /// Yes or no.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let flag = match &self.ask(key)?.kind {
            ValueKind::Boolean(flag) => Some(*flag),
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.fault(key, "is neither true nor false");
        }
        flag
    }

    /// One of several names.
    pub fn choice<T: Copy>(&self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        self.text(key, |text| {
            let names = choices.iter().map(|(name, _)| *name);
            choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice).ok_or_else(
                || {
                    let all = names.clone().collect::<Vec<_>>().join(", ");
                    format!("{text:?} is none of {all}{}", did_you_mean(text, names))
                },
            )
        })
    }

    /// A time: a whole number and `ms`, `s`, `m` or `h`.
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
                .ok_or_else(|| format!("{text:?} is no time: write 500ms, 30s, 5m or 24h"))
        })
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        if self.free {
            return;
        }
        let asked = self.asked.borrow();
        for key in self.table.keys().filter(|key| !asked.contains(key)) {
            let meant = did_you_mean(key, asked.iter().copied());
            self.fault(key, format!("is no key that is known here{meant}"));
        }
    }
}

/// Something is there and wrong; it was noted.
#[derive(Clone, Copy, Debug)]
pub struct Wrong;

/// What may be left out, but not be wrong.
///
/// # Errors
/// If it is there and could not be read.
pub fn optional<T>(there: bool, read: impl FnOnce() -> Option<T>) -> Result<Option<T>, Wrong> {
    if there { read().map(Some).ok_or(Wrong) } else { Ok(None) }
}

/// All of what was read, if each could be; each is read, so that each fault is found.
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
                "net.toml: colour: is no key that is known here; did you mean color?",
                "net.toml: inner.slow: is missing",
                "net.toml: inner.tries: is not a number from 1 to 9",
                "net.toml: wait: \"5 minutes\" is no time: write 500ms, 30s, 5m or 24h",
            ]
        );
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let fault = tree("net.toml", "a = 1\nb = = 2\n").unwrap_err().to_string();
        assert!(fault.starts_with("net.toml: TOML parse error at line 2"), "{fault}");
    }
}
