//! Every name that is stored, exported or typed, in one snapshot. A name of it is a promise: a change breaks stored
//! journals, dashboards, scripts or settings of users.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod command_line;
mod keys;
mod program;
mod routes;
mod simulator;
mod stored;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use titian::codes;

/// A section of the snapshot: names by group, each group sorted.
type Groups = BTreeMap<String, BTreeSet<String>>;

fn section(text: &mut String, title: &str, groups: &Groups) {
    let _ = writeln!(text, "\n# {title}");
    for (group, names) in groups {
        let _ = writeln!(text, "\n{group}");
        for name in names {
            let _ = writeln!(text, "    {name}");
        }
    }
}

fn groups<'n>(names: impl Iterator<Item = (&'n str, &'n [&'n str])>) -> Groups {
    names
        .map(|(group, names)| (group.to_owned(), names.iter().map(ToString::to_string).collect()))
        .collect()
}

#[test]
fn names_are_stable() {
    let mut text = String::new();
    section(&mut text, "Codes", &groups(codes::groups()));
    let stored = stored::names();
    let stored = stored.iter().map(|(owner, names)| (owner.as_str(), names.as_slice()));
    // Variants are codes, above.
    let fields = stored.filter(|(owner, _)| !stored::is_enum(owner));
    section(&mut text, "Fields of stored facts and metadata", &groups(fields));
    let run = program::run();
    section(&mut text, "Schema of the journal", &run.journal);
    section(&mut text, "Keys of a row", &run.row);
    section(&mut text, "Schema of the embedded ledger", &run.ledger);
    section(&mut text, "Keys of `titian export`", &run.export);
    section(&mut text, "Metrics", &run.metrics);
    section(&mut text, "Simulator", &run.simulator);
    let files = Groups::from([("accounts file".to_owned(), run.accounts)]);
    section(&mut text, "Files", &files);
    section(&mut text, "Settings", &keys::settings());
    section(&mut text, "Network profile", &keys::profile());
    section(&mut text, "Spec", &keys::spec());
    section(&mut text, "Command line", &command_line::names());
    section(&mut text, "HTTP routes", &routes::names());
    insta::assert_snapshot!("names", text.trim());
}
