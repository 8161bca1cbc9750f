//! Settings whose loosening waits for a checker: one table of keys, and how the values of each compare.
//!
//! The record keeps the approved value of each. A value that is as strict or stricter is taken at once; a looser one waits, and the
//! approved value stays in force. All values are text, as the settings have them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::values::Money;

/// The value of a setting: one text, or those of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettingValue(pub Vec<Box<str>>);

/// Values of settings by their keys.
pub type SettingValues = BTreeMap<Box<str>, SettingValue>;

/// A setting with two values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// The key.
    #[serde(rename = "key")]
    pub key: Box<str>,
    /// The approved value; `None`: it had none.
    #[serde(rename = "from", default, skip_serializing_if = "Option::is_none")]
    pub from: Option<SettingValue>,
    /// The other value; `None`: the key is not set any more.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub to: Option<SettingValue>,
}

/// How the values of a guarded setting compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looser {
    /// A higher number is looser.
    Number,
    /// A higher amount is looser.
    Amount,
    /// A longer list is looser, and an empty one allows all.
    Allowed,
    /// A longer list is looser.
    Entry,
    /// This value is looser than every other one: it turns a check off.
    Value(&'static str),
    /// A part that it did not have is looser: the keys of a partner. It is held as a whole, and a partner that is removed ends at once.
    NewPart,
    /// Every difference is looser: how people sign in. It is held as a whole.
    AnyPart,
}

/// A row of the table: the keys, how they compare, and the key whose value holds where one is not set.
type Row = (&'static str, Looser, Option<&'static str>);

/// All guarded keys. `*` is a name that the settings choose: whatever is in it, the end of a key tells which row it is. `api.partners.*.keys` stands
/// for who a partner is, and for the contents of its keys and secrets.
const TABLE: [Row; 18] = [
    ("limits.inbound_amount_max", Looser::Amount, None),
    ("limits.open_transfers", Looser::Number, None),
    ("api.amount_max", Looser::Amount, None),
    ("api.banks", Looser::Allowed, None),
    ("api.rate", Looser::Number, None),
    ("api.burst", Looser::Number, None),
    ("api.in_flight", Looser::Number, None),
    ("api.partner_in_flight", Looser::Number, None),
    ("api.auth", Looser::Value("none"), None),
    ("api.partners.*.keys", Looser::NewPart, None),
    ("api.partners.*.rate", Looser::Number, Some("api.rate")),
    ("api.partners.*.burst", Looser::Number, Some("api.burst")),
    ("api.partners.*.in_flight", Looser::Number, Some("api.partner_in_flight")),
    ("core.debit", Looser::Value("caller"), None),
    ("core.verifies_card", Looser::Value("true"), None),
    ("network.override.services.*.inbound_enabled", Looser::Value("true"), None),
    ("links.*.allowed", Looser::Entry, None),
    ("console.oidc", Looser::AnyPart, None),
];

/// Returns the row of a key.
fn row(key: &str) -> Option<Row> {
    let is_match = |pattern: &str| match pattern.split_once('*') {
        None => key == pattern,
        Some((prefix, suffix)) => {
            let rest = key.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
            rest.is_some_and(|name| !name.is_empty())
        }
    };
    TABLE.iter().find(|(pattern, ..)| is_match(pattern)).copied()
}

/// Returns how the values of a key compare; `None` for a key that is not guarded.
#[must_use]
pub fn looser(key: &str) -> Option<Looser> {
    row(key).map(|(_, looser, _)| looser)
}

/// Returns the path of a guarded key in the settings. A name that the settings choose is one step, whatever is in it.
#[must_use]
pub fn key_path(key: &str) -> Vec<&str> {
    let Some((prefix, suffix)) = row(key).and_then(|(pattern, ..)| pattern.split_once('*')) else {
        return key.split('.').collect();
    };
    let name = key.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    let steps = |text: &'static str| text.split('.').filter(|step| !step.is_empty());
    steps(prefix).chain(name).chain(steps(suffix)).collect()
}

/// Returns the patterns of all guarded keys.
pub fn guarded_patterns() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(pattern, ..)| *pattern)
}

/// What new values mean beside the approved ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// As strict or stricter: taken at once.
    pub taken: Vec<SettingChange>,
    /// Looser: a checker must approve them.
    pub held: Vec<SettingChange>,
}

/// Compares values with the approved ones.
#[must_use]
pub(super) fn compare(approved: &SettingValues, wanted: &SettingValues) -> Compared {
    let keys: BTreeSet<_> = approved.keys().chain(wanted.keys()).collect();
    let mut compared = Compared::default();
    for key in keys {
        let (from, to) = (approved.get(key), wanted.get(key));
        if from == to {
            continue;
        }
        let change = SettingChange { key: key.clone(), from: from.cloned(), to: to.cloned() };
        if is_looser(key, approved, wanted) {
            compared.held.push(change);
        } else {
            compared.taken.push(change);
        }
    }
    compared
}

/// Returns whether the wanted value of a key is looser than the approved one.
fn is_looser(key: &str, approved: &SettingValues, wanted: &SettingValues) -> bool {
    let Some((_, looser, fallback)) = row(key) else { return false };
    // The limits of a partner that is removed end with it.
    if fallback.is_some() && !wanted.contains_key(partner_keys(key).as_str()) {
        return false;
    }
    let value = |values: &SettingValues| values.get(key).or_else(|| values.get(fallback?)).cloned();
    let (from, to) = (value(approved), value(wanted));
    match looser {
        Looser::Number => exceeds(from, to, |text| text.parse::<u64>().ok()),
        Looser::Amount => exceeds(from, to, |text| Money::minor(text).ok()),
        Looser::Allowed => {
            let allows_all = |value: &SettingValue| value.0.is_empty();
            match (from, to) {
                (None, _) => false,
                (Some(from), to) => {
                    let to = to.unwrap_or_default();
                    !allows_all(&from) && (allows_all(&to) || has_new_part(&from, &to))
                }
            }
        }
        Looser::Value(loose) => {
            let is_loose = |value: &Option<SettingValue>| {
                value
                    .as_ref()
                    .is_some_and(|SettingValue(texts)| texts.iter().any(|text| &**text == loose))
            };
            is_loose(&to) && !is_loose(&from)
        }
        Looser::Entry => from.zip(to).is_some_and(|(from, to)| has_new_part(&from, &to)),
        Looser::NewPart => to.is_some_and(|to| has_new_part(&from.unwrap_or_default(), &to)),
        Looser::AnyPart => to.is_some(),
    }
}

fn has_new_part(from: &SettingValue, to: &SettingValue) -> bool {
    to.0.iter().any(|part| !from.0.contains(part))
}

/// Returns whether a value is higher. A value that cannot be read is; one beside no approved value is not.
fn exceeds(
    from: Option<SettingValue>,
    to: Option<SettingValue>,
    read: impl Fn(&str) -> Option<u64>,
) -> bool {
    let number = |SettingValue(texts): SettingValue| texts.first().and_then(|text| read(text));
    match (from.and_then(&number), to) {
        (None, _) | (_, None) => false,
        (Some(from), Some(to)) => number(to).is_none_or(|to| to > from),
    }
}

/// Returns the key of the keys of the partner that a limit belongs to.
fn partner_keys(key: &str) -> String {
    let (partner, _) = key.rsplit_once('.').unwrap_or_default();
    format!("{partner}.keys")
}

/// Makes the values of a change approved.
pub(super) fn apply(values: &mut SettingValues, changes: &[SettingChange]) {
    for SettingChange { key, to, .. } in changes {
        match to {
            Some(value) => drop(values.insert(key.clone(), value.clone())),
            None => drop(values.remove(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(all: &[(&str, &[&str])]) -> SettingValues {
        let value = |texts: &[&str]| SettingValue(texts.iter().map(|&text| text.into()).collect());
        all.iter().map(|(key, texts)| ((*key).into(), value(texts))).collect()
    }

    /// Returns the keys that are taken and those that are held.
    fn compared(
        approved: &[(&str, &[&str])],
        wanted: &[(&str, &[&str])],
    ) -> (Vec<String>, Vec<String>) {
        let Compared { taken, held } = compare(&values(approved), &values(wanted));
        let keys = |all: Vec<SettingChange>| all.into_iter().map(|one| one.key.into()).collect();
        (keys(taken), keys(held))
    }

    #[test]
    fn each_kind_of_value_has_its_looser_side() {
        let cases: [(&str, &[&str], &[&str]); 10] = [
            ("limits.open_transfers", &["99"], &["100"]),
            ("limits.inbound_amount_max", &["99.00"], &["100.00"]),
            ("api.banks", &["014"], &["014", "008"]),
            ("api.banks", &["014", "008"], &[]),
            ("api.auth", &["snap"], &["none"]),
            ("core.debit", &["titian"], &["caller"]),
            ("core.verifies_card", &["false"], &["true"]),
            ("network.override.services.withdrawal.inbound_enabled", &["false"], &["true"]),
            ("links.jakarta.allowed", &["10.1.1.1"], &["10.1.1.1", "10.1.1.2"]),
            ("api.partners.MOBILE.keys", &["secret=1"], &["secret=1", "second_secret=2"]),
        ];
        for (key, strict, loose) in cases {
            let (strict, loose) = ([(key, strict)], [(key, loose)]);
            assert_eq!(compared(&strict, &loose), (vec![], vec![key.to_owned()]), "{key}");
            assert_eq!(compared(&loose, &strict), (vec![key.to_owned()], vec![]), "{key}");
            assert_eq!(compared(&loose, &loose), (vec![], vec![]), "{key}");
        }
        assert!(guarded_patterns().all(|pattern| looser(pattern).is_some()));
        assert_eq!(looser("telemetry.log"), None);
        assert_eq!(looser("api.partners.A.B.rate"), Some(Looser::Number), "a name with a dot");
    }

    #[test]
    fn the_path_of_a_key_keeps_a_name_whole() {
        assert_eq!(key_path("api.partners.A.B.rate"), ["api", "partners", "A.B", "rate"]);
        assert_eq!(key_path("api.partners.A.rate.keys"), ["api", "partners", "A.rate", "keys"]);
        assert_eq!(key_path("console.oidc"), ["console", "oidc"]);
        assert_eq!(key_path("limits.drain"), ["limits", "drain"]);
    }

    #[test]
    fn how_people_sign_in_waits_with_each_difference_and_ends_at_once() {
        let key = "console.oidc";
        let (one, other): (&[&str], &[&str]) = (&["issuer=a", "roles.x=viewer"], &["issuer=a"]);
        assert_eq!(compared(&[(key, one)], &[(key, other)]).1, [key]);
        assert_eq!(compared(&[(key, other)], &[(key, one)]).1, [key]);
        assert_eq!(compared(&[], &[(key, one)]).1, [key]);
        assert_eq!(compared(&[(key, one)], &[]), (vec![key.to_owned()], vec![]));
    }

    #[test]
    fn a_partner_waits_when_it_is_added_and_ends_with_its_limits() {
        let partner: (&str, &[&str]) = ("api.partners.A.keys", &["client_id=a", "secret=1"]);
        let rate: (&str, &[&str]) = ("api.partners.A.rate", &["700"]);
        let default: (&str, &[&str]) = ("api.rate", &["500"]);
        let (taken, held) = compared(&[default], &[default, partner, rate]);
        assert_eq!((taken.len(), held.len()), (0, 2));
        let (taken, held) = compared(&[default, partner, rate], &[default]);
        assert_eq!((taken.len(), held.len()), (2, 0));
    }

    #[test]
    fn a_limit_that_a_partner_does_not_set_is_that_of_all() {
        let partner: (&str, &[&str]) = ("api.partners.A.keys", &["secret=1"]);
        let all: (&str, &[&str]) = ("api.rate", &["500"]);
        let rate = |text: &'static [&'static str]| ("api.partners.A.rate", text);
        let looser =
            |from: &[(&str, &[&str])], to: &[(&str, &[&str])]| !compared(from, to).1.is_empty();
        assert!(looser(&[partner, all], &[partner, all, rate(&["501"])]));
        assert!(!looser(&[partner, all], &[partner, all, rate(&["500"])]));
        assert!(looser(&[partner, all, rate(&["400"])], &[partner, all]));
        assert!(!looser(&[partner, all, rate(&["600"])], &[partner, all]));
    }

    #[test]
    fn a_value_beside_no_approved_one_is_taken_unless_it_turns_a_check_off() {
        assert_eq!(compared(&[], &[("limits.open_transfers", &["5"])]).1, [""; 0]);
        assert_eq!(compared(&[], &[("api.banks", &["014"])]).1, [""; 0]);
        assert_eq!(compared(&[], &[("api.auth", &["none"])]).1, ["api.auth"]);
        let wrong =
            compared(&[("limits.open_transfers", &["5"])], &[("limits.open_transfers", &["many"])]);
        assert_eq!(wrong.1, ["limits.open_transfers"]);
    }
}
