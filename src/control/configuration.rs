//! The configuration on record: what starts and reloads took, and the guarded values that are approved.

use serde::{Deserialize, Serialize};

use super::guarded::{self, Compared, SettingChange, SettingValues};
use super::ids::StateVersion;
use super::names::Names;

/// The guarded settings on record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardedSettings {
    /// The approved values; `None` before the first start that recorded them.
    approved: Option<SettingValues>,
    version: StateVersion,
    /// The differences that a checker rejected. They wait until the settings differ in another way.
    rejected: Option<Vec<SettingChange>>,
}

impl GuardedSettings {
    /// Returns the approved values; `None` before the first start that recorded them: then all are taken.
    #[must_use]
    pub const fn approved(&self) -> Option<&SettingValues> {
        self.approved.as_ref()
    }

    /// Compares values with the approved ones.
    #[must_use]
    pub fn compare(&self, wanted: &SettingValues) -> Compared {
        match &self.approved {
            Some(approved) => guarded::compare(approved, wanted),
            None => Compared { taken: changes_from_nothing(wanted), held: Vec::new() },
        }
    }

    /// Returns the version: the last row that changed an approved value.
    pub(super) const fn version(&self) -> StateVersion {
        self.version
    }

    pub(super) fn apply(&mut self, changes: &[SettingChange], row: u64) {
        guarded::apply(self.approved.get_or_insert_default(), changes);
        self.version = StateVersion(row);
    }

    /// Returns whether a checker rejected exactly these differences.
    pub(super) fn has_rejected(&self, changes: &[SettingChange]) -> bool {
        self.rejected.as_deref() == Some(changes)
    }

    /// Keeps what a checker rejected.
    pub(super) fn reject(&mut self, changes: &[SettingChange]) {
        self.rejected = Some(changes.to_vec());
    }
}

fn changes_from_nothing(wanted: &SettingValues) -> Vec<SettingChange> {
    wanted
        .iter()
        .map(|(key, value)| SettingChange { key: key.clone(), from: None, to: Some(value.clone()) })
        .collect()
}

/// What a reload did: lists of keys, never a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reloaded {
    /// SHA-256 of the effective configuration, in hexadecimal. Secrets are not part of it.
    #[serde(rename = "configuration")]
    pub configuration: Box<str>,
    /// The keys whose new values are in use.
    #[serde(rename = "applied", default, skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<Box<str>>,
    /// The keys whose new values wait for a checker.
    #[serde(rename = "waiting", default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Box<str>>,
    /// The keys whose new values need a restart.
    #[serde(rename = "needs_restart", default, skip_serializing_if = "Vec::is_empty")]
    pub needs_restart: Vec<Box<str>>,
    /// The names that scopes may use.
    #[serde(rename = "names")]
    pub names: Names,
}
