//! The settings that run, and what a reload finds beside them.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::live::needs_restart;
use crate::admin::SettingView;
use crate::control::{Looser, SettingChange, SettingValue, key_path, looser};
use crate::hex::hex;
use crate::runtime::settings::{Entries, Entry};
use crate::values::{AccountNumber, Value};

/// The key of an account number, which is shown masked.
const ACCOUNT: &str = "api.inquiry_account";

/// The settings that run.
pub(crate) struct Running(Entries);

/// What a reload changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// The keys that are taken now.
    pub(super) applied: Vec<String>,
    /// The keys that need a restart.
    pub(super) needs_restart: Vec<String>,
}

impl Running {
    pub(crate) const fn new(entries: Entries) -> Self {
        Self(entries)
    }

    /// Returns SHA-256 of the settings that run, in hexadecimal. Of the files that they name it has keyed hashes.
    pub(crate) fn hash(&self) -> Box<str> {
        let mut hasher = Sha256::new();
        for (key, Entry { compared, .. }) in &self.0 {
            for part in [key, compared] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part);
            }
        }
        hex(&hasher.finalize()).into()
    }

    /// Puts the settings that run in the place of what waits as a whole: they go on.
    pub(super) fn keep_held(&self, new: &mut Entries, held: &[SettingChange]) {
        for SettingChange { key, .. } in held {
            let path = key_path(key);
            let whole = match looser(key) {
                Some(Looser::NewPart) => path.split_last().map(|(_, path)| path.join(".")),
                Some(Looser::AnyPart) => Some(path.join(".")),
                Some(
                    Looser::Number
                    | Looser::Amount
                    | Looser::Allowed
                    | Looser::Entry
                    | Looser::Value(_),
                )
                | None => None,
            };
            let Some(prefix) = whole.map(|whole| format!("{whole}.")) else { continue };
            if new.keys().any(|key| key.starts_with(&prefix)) {
                continue;
            }
            let running = self.0.iter().filter(|(key, _)| key.starts_with(&prefix));
            new.extend(running.map(|(key, entry)| (key.clone(), entry.clone())));
        }
    }

    /// Compares settings with those that run.
    pub(super) fn compare(&self, new: &Entries) -> Difference {
        let compared =
            |entries: &Entries, key: &String| entries.get(key).map(|entry| entry.compared.clone());
        let keys = self.0.keys().chain(new.keys());
        let changed: BTreeSet<_> =
            keys.filter(|key| compared(&self.0, key) != compared(new, key)).cloned().collect();
        let (needs_restart, applied) =
            changed.iter().cloned().partition(|key| needs_restart(key, &changed));
        Difference { applied, needs_restart }
    }

    /// Takes over the values of keys, and the new origins of values that stay.
    pub(super) fn take(&mut self, applied: &[String], new: &Entries) {
        for (key, running) in &mut self.0 {
            let same = new.get(key).filter(|entry| entry.compared == running.compared);
            if let Some(entry) = same {
                running.clone_from(entry);
            }
        }
        for key in applied {
            match new.get(key) {
                Some(entry) => drop(self.0.insert(key.clone(), entry.clone())),
                None => drop(self.0.remove(key)),
            }
        }
    }

    /// Returns the settings that run as operators see them, with what waits for a checker or for a restart.
    pub(crate) fn views(
        &self,
        held: &[SettingChange],
        needs_restart: &[(String, Option<String>)],
    ) -> Vec<SettingView> {
        let mut keys: BTreeSet<&str> = self.0.keys().map(String::as_str).collect();
        keys.extend(needs_restart.iter().map(|(key, _)| key.as_str()));
        keys.extend(held.iter().map(|change| &*change.key));
        let held = |key: &str| held.iter().find(|change| &*change.key == key);
        let restart = |key: &str| needs_restart.iter().find(|(other, _)| other == key);
        let all = keys.iter().map(|key| {
            let running = self.0.get(*key);
            SettingView {
                key: (*key).to_owned(),
                value: running.map(|entry| shown(key, &entry.shown)),
                origin: running.and_then(|entry| entry.origin.clone()),
                waits_for_checker: held(key).map(|change| wanted(change.to.as_ref())),
                needs_restart: restart(key)
                    .map(|(_, to)| to.as_ref().map_or_else(not_set, |to| shown(key, to))),
            }
        });
        all.collect()
    }
}

fn shown(key: &str, value: &str) -> String {
    if key != ACCOUNT {
        return value.to_owned();
    }
    AccountNumber::from_ascii(value.as_bytes())
        .map_or_else(String::new, |account| account.to_string())
}

/// Returns the value of the configuration that waits for a checker.
fn wanted(value: Option<&SettingValue>) -> String {
    value.map_or_else(not_set, |SettingValue(texts)| texts.join(", "))
}

fn not_set() -> String {
    "not set".to_owned()
}
