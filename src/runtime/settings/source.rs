//! Where settings come from: all keys with their origins, and the contents of the files that they name.

use std::collections::BTreeMap;

use config::{Value as Tree, ValueKind};

use super::tree::{at, names_at, remove, set};
use crate::control::{
    Looser, SettingChange, SettingValue, SettingValues, guarded_patterns, key_path, looser,
};
use crate::personal::RecordKey;
use crate::settings::Contents;

/// The purpose of the keyed hash of the contents of files.
const CONTENTS: &str = "titian settings: contents";

/// The origin of a value that replaces a looser one of the configuration.
const APPROVED: &str = "approved";

/// The keys of a partner's secrets and public keys, with what they are. The second ones come first: they can go alone.
const PARTNER_KEYS: [(&str, &str); 6] = [
    ("second_public_key_file", "public_key"),
    ("second_secret_file", "secret"),
    ("second_secret_env", "secret"),
    ("public_key_file", "public_key"),
    ("secret_file", "secret"),
    ("secret_env", "secret"),
];

/// A setting: a single value, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The value; of a file, its name.
    pub(crate) shown: String,
    /// The file, variable or option that it comes from; `None`: the defaults of the program.
    pub(crate) origin: Option<String>,
    /// What a reload compares: the value; of a file, the keyed hash of its content.
    pub(crate) compared: String,
}

/// Settings by key.
pub(crate) type Entries = BTreeMap<String, Entry>;

/// Where settings come from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The file that faults name if a key is missing.
    pub(super) file: String,
    pub(super) tree: Tree,
    /// The contents of the files and secrets, as keyed hashes in hexadecimal.
    contents: BTreeMap<String, String>,
}

impl Source {
    pub(super) fn new(file: String, tree: Tree, contents: Contents, key: &RecordKey) -> Self {
        let keyed = |(name, hash): (String, [u8; 32])| {
            (name, format!("{:032x}", key.lookup_hash(CONTENTS, &hash)))
        };
        let contents = contents.into_hashes().into_iter().map(keyed).collect();
        Self { file, tree, contents }
    }

    /// Returns all settings.
    #[must_use]
    pub(crate) fn entries(&self) -> Entries {
        let mut entries = Entries::new();
        self.flatten(String::new(), &self.tree, &mut entries);
        entries
    }

    fn flatten(&self, path: String, tree: &Tree, into: &mut Entries) {
        let is_table = |item: &Tree| matches!(item.kind, ValueKind::Table(_));
        match &tree.kind {
            ValueKind::Table(table) => {
                for (key, value) in table {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.flatten(format!("{path}{dot}{key}"), value, into);
                }
            }
            ValueKind::Array(items) if items.iter().any(is_table) => {
                for (place, value) in items.iter().enumerate() {
                    self.flatten(format!("{path}[{place}]"), value, into);
                }
            }
            _ => {
                let shown = texts(tree).join(", ");
                let compared = self.contents.get(&path).cloned().unwrap_or_else(|| shown.clone());
                let origin = origin(tree);
                into.insert(path, Entry { shown, origin, compared });
            }
        }
    }

    /// Returns the values of the guarded settings.
    #[must_use]
    pub(crate) fn guarded(&self) -> SettingValues {
        let mut values = SettingValues::new();
        for pattern in guarded_patterns() {
            match pattern.split_once(".*") {
                None => values.extend(self.guarded_value(pattern.to_owned())),
                Some((parent, suffix)) => {
                    let names = self.names(parent).into_iter();
                    let keys = names.map(|name| format!("{parent}.{name}{suffix}"));
                    values.extend(keys.filter_map(|key| self.guarded_value(key)));
                }
            }
        }
        values
    }

    fn names(&self, parent: &str) -> Vec<&str> {
        let path: Vec<_> = parent.split('.').collect();
        names_at(&self.tree, &path)
    }

    fn guarded_value(&self, key: String) -> Option<(Box<str>, SettingValue)> {
        let path = key_path(&key);
        let value = || at(&self.tree, &path);
        let parts = match looser(&key)? {
            Looser::NewPart => self.partner_parts(&path)?,
            Looser::AnyPart => self.all_parts(&key, value()?),
            Looser::Number
            | Looser::Amount
            | Looser::Allowed
            | Looser::Entry
            | Looser::Value(_) => texts(value()?),
        };
        let value = SettingValue(parts.into_iter().map(Into::into).collect());
        Some((key.into(), value))
    }

    /// Returns who a partner is, and its keys.
    fn partner_parts(&self, path: &[&str]) -> Option<Vec<String>> {
        let [partner @ .., _] = path else { return None };
        let id = at(at(&self.tree, partner)?, &["client_id"]);
        let client = id.map(|id| format!("client_id={}", id.kind));
        let keys = PARTNER_KEYS.iter().filter_map(|(name, _)| self.partner_part(partner, name));
        let mut parts: Vec<_> = client.into_iter().chain(keys).collect();
        parts.sort_unstable();
        parts.dedup();
        Some(parts)
    }

    /// Returns a key of a partner as a part: what it is, and the keyed hash of its content.
    fn partner_part(&self, partner: &[&str], name: &str) -> Option<String> {
        let (_, what) = PARTNER_KEYS.iter().find(|(known, _)| *known == name)?;
        let content = self.contents.get(&format!("{}.{name}", partner.join(".")))?;
        Some(format!("{what}={content}"))
    }

    /// Returns all keys of a table with their values. Without the secret of the client: its exchange loosens nothing.
    fn all_parts(&self, key: &str, table: &Tree) -> Vec<String> {
        let mut entries = Entries::new();
        self.flatten(key.to_owned(), table, &mut entries);
        let is_secret = |name: &str| name.contains(".client_secret_");
        let parts = entries.into_iter().filter(|(name, _)| !is_secret(name));
        parts.map(|(name, entry)| format!("{name}={}", entry.compared)).collect()
    }

    /// Returns the tree with the approved values in the place of looser ones.
    pub(super) fn with_approved(&self, held: &[SettingChange]) -> Tree {
        let mut tree = self.tree.clone();
        for change in held {
            let path = key_path(&change.key);
            match looser(&change.key) {
                Some(Looser::NewPart) => self.hold_partner(&mut tree, change),
                Some(Looser::AnyPart) => remove(&mut tree, &path),
                Some(Looser::Allowed | Looser::Entry) => {
                    let value = change.from.clone().unwrap_or_default();
                    let items = value.0.iter().map(|text| approved(text)).collect();
                    let list = ValueKind::Array(items);
                    set(&mut tree, &path, Tree::new(Some(&APPROVED.to_owned()), list));
                }
                Some(Looser::Number | Looser::Amount | Looser::Value(_)) | None => {
                    let value = change.from.as_ref().and_then(|value| value.0.first());
                    match value {
                        Some(text) => set(&mut tree, &path, approved(text)),
                        None => remove(&mut tree, &path),
                    }
                }
            }
        }
        tree
    }

    /// Takes what is not approved from a partner: a second key alone, and otherwise the partner.
    fn hold_partner(&self, tree: &mut Tree, SettingChange { key, from, to }: &SettingChange) {
        let path = key_path(key);
        let [path @ .., _] = path.as_slice() else { return };
        let approved = from.clone().unwrap_or_default();
        let mut new: Vec<_> = to.iter().flat_map(|to| &to.0).collect();
        new.retain(|part| !approved.0.contains(part));
        for (name, _) in PARTNER_KEYS.iter().filter(|(name, _)| name.starts_with("second_")) {
            let Some(part) = self.partner_part(path, name) else { continue };
            if new.iter().any(|new| ***new == *part) {
                remove(tree, &[path, &[name]].concat());
                new.retain(|new| ***new != *part);
            }
        }
        if !new.is_empty() {
            remove(tree, path);
        }
    }
}

/// Returns an approved value.
fn approved(text: &str) -> Tree {
    Tree::new(Some(&APPROVED.to_owned()), ValueKind::String(text.to_owned()))
}

/// Returns a single value, or those of a list, as texts.
fn texts(tree: &Tree) -> Vec<String> {
    match &tree.kind {
        ValueKind::Array(items) => items.iter().map(|item| item.kind.to_string()).collect(),
        kind => vec![kind.to_string()],
    }
}

fn origin(tree: &Tree) -> Option<String> {
    match &tree.kind {
        ValueKind::Array(items) if tree.origin().is_none() => {
            items.first().and_then(Tree::origin).map(str::to_owned)
        }
        _ => tree.origin().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::SettingChange;
    use crate::settings::tree;

    /// Settings in which each file has its name as its content.
    fn source(text: &str) -> Source {
        read(tree("t.toml", text).unwrap())
    }

    fn read(tree: Tree) -> Source {
        let mut source = Source { file: "t.toml".to_owned(), tree, contents: BTreeMap::new() };
        let files = source.entries().into_iter().filter(|(key, _)| key.ends_with("_file"));
        source.contents = files.map(|(key, entry)| (key, entry.shown)).collect();
        source
    }

    /// Returns the guarded values after those that loosen were replaced by the approved ones.
    fn held(approved: &str, wanted: &str) -> SettingValues {
        let (approved, wanted) = (source(approved).guarded(), source(wanted));
        let to = wanted.guarded();
        let keys =
            approved.keys().chain(to.keys()).filter(|key| approved.get(*key) != to.get(*key));
        let changes: Vec<_> = keys
            .map(|key| SettingChange {
                key: key.clone(),
                from: approved.get(key).cloned(),
                to: to.get(key).cloned(),
            })
            .collect();
        read(wanted.with_approved(&changes)).guarded()
    }

    const PARTNER: &str = "[api.partners.A]\nclient_id = 'a'\nsecret_file = 'one'\nrate = 5\n";

    #[test]
    fn approved_values_take_the_place_of_looser_ones() {
        let approved = "[limits]\nopen_transfers = 5\n[api]\nbanks = ['014']\nauth = 'snap'\n\
            [[links]]\nname = 'a.b'\nallowed = ['10.1.1.1']\n";
        let wanted = "[limits]\nopen_transfers = 50\n[api]\nbanks = []\nauth = 'none'\n\
            [[links]]\nname = 'a.b'\nallowed = ['10.1.1.1', '10.1.1.2']\n";
        assert_eq!(held(approved, wanted), source(approved).guarded());
        assert_eq!(source(approved).guarded().len(), 4);
    }

    #[test]
    fn of_a_partner_a_second_secret_waits_alone_and_others_with_the_partner() {
        let guarded = source(PARTNER).guarded();
        let second = format!("{PARTNER}second_secret_file = 'two'\n");
        assert_eq!(held(PARTNER, &second), guarded);
        let faster = PARTNER.replace("rate = 5", "rate = 6");
        assert_eq!(held(PARTNER, &faster), guarded);
        let other = PARTNER.replace("one", "two");
        assert!(held(PARTNER, &other).is_empty());
        let added = format!("{PARTNER}[api.partners.'B.rate']\nclient_id = 'b'\n");
        assert_eq!(held(PARTNER, &added), guarded);
        let promoted = PARTNER.replace("one", "two");
        let both = format!("{PARTNER}second_secret_file = 'two'\n");
        let part = |text: &str| source(text).guarded()["api.partners.A.keys"].0.clone();
        assert!(part(&promoted).iter().all(|one| part(&both).contains(one)));
    }

    #[test]
    fn the_sign_in_of_people_waits_as_a_whole() {
        let one = "[console]\nlisten = 'x'\n[console.oidc]\nissuer = 'a'\n";
        assert!(held(one, &one.replace("'a'", "'b'")).is_empty());
        let secret = format!("{one}client_secret_file = 's'\n");
        assert_eq!(source(&secret).guarded(), source(one).guarded());
    }
}
