//! Keys of settings, network profiles and specs, as their readers know them.
//!
//! A reader lists the keys that it knows when it finds an unknown key. So each table gets one.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use titian::iso8583::{Spec, SpecError};
use titian::network::{Bank, Network};
use titian::runtime::{DEFAULTS, Settings};
use titian::settings::{Fault, Layers};
use titian::values::{Institution, Pan, Value};

use super::Groups;

/// A key that no reader knows, and that is like no key.
const UNKNOWN: &str = "zzzzzzzz";

/// All tables that settings can have. Values are not looked at, so most are missing or wrong.
const SETTINGS: [&str; 2] = [
    "[bank]\n[keys]\n[store]\n[network]\n[api]\nauth = 'snap'\n[api.partners.P]\n[core]\nmode = 'embedded'\n\
     [console]\n[console.oidc]\n[[alerts]]\n[limits]\n[telemetry]\n[[links]]\nname = 'a'\nconnect = 'localhost:1'\n\
     tls = { certificate_file = '-', zzzzzzzz = 1 }\n",
    "[[links]]\nname = 'b'\nlisten = '127.0.0.1:1'\nallowed = []\ntls = { authority_file = '-', zzzzzzzz = 1 }\n\
     [core]\nmode = 'http'\nurl = 'https://localhost'\ntls = { certificate_file = '-', zzzzzzzz = 1 }\n\
     [network]\nprofile = '-'\n",
];

pub(crate) fn settings() -> Groups {
    let mut groups = Groups::new();
    for (text, nth) in SETTINGS.iter().zip(0..) {
        let name = format!("titian-names-{}-{nth}.toml", std::process::id());
        let file: PathBuf = std::env::temp_dir().join(name);
        fs::write(&file, with_unknown_keys(text)).unwrap();
        let layers = Layers { defaults: DEFAULTS, files: vec![file.clone()], set: Vec::new() };
        let faults = Settings::load(&layers).err().unwrap();
        fs::remove_file(file).unwrap();
        collect(&faults, &mut groups);
    }
    groups
}

pub(crate) fn profile() -> Groups {
    let bank = Bank {
        code: Institution::from_ascii(b"213").unwrap(),
        forwarder: Institution::from_ascii(b"213").unwrap(),
        iin: Pan::from_ascii(b"93600213").unwrap(),
    };
    let mut groups = Groups::new();
    for ((name, profile), (_, spec)) in Network::SHIPPED.iter().zip(Spec::SHIPPED) {
        let spec = Arc::new(Spec::parse(name, spec).unwrap());
        let text = with_unknown_keys(profile).replace("{ ", "{ zzzzzzzz = 1, ");
        let faults = Network::parse(name, &text, Arc::clone(&spec), bank.clone()).err().unwrap();
        collect(&faults, &mut groups);
        let at = text_of_pattern(profile);
        let text = profile.replacen(at, "{zzzzzzzz}", 1);
        let faults = Network::parse(name, &text, spec, bank.clone()).err().unwrap();
        let known = faults.iter().find_map(|fault| fault.reason.split_once("; known: "));
        let words = known.expect("a pattern with an unknown word names the words").1.split(", ");
        groups
            .entry("(words of patterns)".to_owned())
            .or_default()
            .extend(words.map(ToOwned::to_owned));
    }
    groups
}

/// A word of a pattern of a profile.
fn text_of_pattern(profile: &str) -> &str {
    let start = profile.find("\"{").unwrap() + 1;
    let end = profile[start..].find('}').unwrap();
    &profile[start..=start + end]
}

pub(crate) fn spec() -> Groups {
    let mut groups = Groups::new();
    for (name, spec) in Spec::SHIPPED {
        let mut text = String::new();
        for line in spec.replace("{ ", "{ zzzzzzzz: 1, ").lines() {
            let inner = line.trim_start();
            let indent = &line[..line.len() - inner.len()];
            // A map in lines gets the key before its name.
            match (inner.strip_prefix("- name:"), inner.strip_prefix("name:")) {
                (Some(rest), _) => {
                    let _ = writeln!(text, "{indent}- zzzzzzzz: 1\n{indent}  name:{rest}");
                }
                (None, Some(_)) => {
                    let _ = writeln!(text, "{indent}zzzzzzzz: 1\n{line}");
                }
                (None, None) => {
                    let _ = writeln!(text, "{line}");
                }
            }
        }
        let Err(SpecError::Faulty { faults, .. }) = Spec::parse(name, &text) else {
            panic!("{name} is faulty")
        };
        for fault in &faults {
            insert(&fault.key, &fault.reason, &mut groups);
        }
    }
    groups
}

/// Puts the unknown key at the top and into each table of a TOML text that is opened by a line.
fn with_unknown_keys(text: &str) -> String {
    let mut with = format!("{UNKNOWN} = 1\n");
    for line in text.lines() {
        with.push_str(line);
        with.push('\n');
        if line.starts_with('[') {
            let _ = writeln!(with, "{UNKNOWN} = 1");
        }
    }
    with
}

/// A path with `*` for names that the author of the file chooses.
fn without_own_names(path: &str) -> String {
    const TABLES: [&str; 4] = ["api.partners.", "currencies.", "services.", ".tags."];
    for table in TABLES {
        if let Some((before, name)) = path.split_once(table) {
            let rest = name.find('.').map_or("", |end| &name[end..]);
            return format!("{before}{table}*{rest}");
        }
    }
    path.to_owned()
}

fn collect(faults: &[Fault], groups: &mut Groups) {
    for Fault { key, reason, .. } in faults {
        insert(key, reason, groups);
    }
}

/// Takes the known keys of a fault of an unknown key. The group is the path without places and own names.
fn insert(key: &str, reason: &str, groups: &mut Groups) {
    let Some(known) = reason.strip_prefix("unknown key; known: ") else { return };
    let path = key.strip_suffix(UNKNOWN).unwrap().trim_end_matches('.');
    let mut plain = String::new();
    let mut depth = 0;
    for char in path.chars() {
        match char {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        // `messages[0].fields[1](pan)` is `messages[].fields[]`.
        if depth == 0 && char != ')' || char == '[' {
            plain.push(char);
        }
    }
    let plain = if plain.is_empty() { "(top)".to_owned() } else { without_own_names(&plain) };
    groups.entry(plain).or_default().extend(known.split(", ").map(ToOwned::to_owned));
}
