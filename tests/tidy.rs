//! The shape of the source, held: which room knows which, and how long a file may be. Only ever tightened.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Every room from the top down: a room may use those after it, never those before.
const ROOMS: [&str; 21] = [
    "cli", "rig", "runtime", "api", "bank", "switch", "link", "records", "journal", "engine",
    "network", "transfer", "iso8583", "tls", "sqlite", "settings", "values", "masking", "hex",
    "spelling", "mutation",
];

/// Rooms that don't know each other, though one is above.
const STRANGERS: [(&str, &str); 34] = [
    ("rig", "runtime"),
    ("rig", "switch"),
    ("rig", "iso8583"),
    ("runtime", "switch"),
    ("api", "iso8583"),
    ("api", "network"),
    ("api", "link"),
    ("api", "switch"),
    ("api", "records"),
    ("api", "journal"),
    ("bank", "engine"),
    ("bank", "iso8583"),
    ("bank", "journal"),
    ("bank", "link"),
    ("bank", "network"),
    ("bank", "records"),
    ("bank", "switch"),
    ("transfer", "iso8583"),
    ("transfer", "settings"),
    ("engine", "iso8583"),
    ("engine", "network"),
    ("link", "engine"),
    ("link", "transfer"),
    ("link", "records"),
    ("records", "iso8583"),
    ("records", "network"),
    ("journal", "transfer"),
    ("journal", "iso8583"),
    ("journal", "network"),
    // The simulated switch is the other end of the wire, and knows nothing of ours.
    ("switch", "engine"),
    ("switch", "transfer"),
    ("switch", "link"),
    ("switch", "journal"),
    ("switch", "records"),
];

/// Lines that a file may have, with its tests.
const LINES_MAX: usize = 480;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn room_of(path: &Path) -> Option<usize> {
    let inside = path.strip_prefix("src").unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    let name = first.trim_end_matches(".rs");
    match ROOMS.iter().position(|room| *room == name) {
        Some(room) => Some(room),
        None if ["main", "lib"].contains(&name) => None,
        None => panic!("{} is in no room of ROOMS: place it", path.display()),
    }
}

#[test]
fn rooms_know_only_those_below_them() {
    let mut uses = 0;
    for path in sources(Path::new("src")) {
        let Some(room) = room_of(&path) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        for (line, number) in text.lines().zip(1..) {
            for (other, name) in ROOMS.iter().enumerate() {
                if line.contains(&format!("crate::{name}")) {
                    uses += 1;
                    let place = format!("{}:{number}", path.display());
                    assert!(other >= room, "{place}: {} uses {name}, above it", ROOMS[room]);
                    let strangers = STRANGERS.contains(&(ROOMS[room], *name));
                    assert!(!strangers, "{place}: {} knows {name}", ROOMS[room]);
                }
            }
        }
    }
    assert!(uses > 10, "the search still finds what it looks for");
}

#[test]
fn files_are_of_one_subject_and_of_a_length_to_be_read_in_one_go() {
    for path in ["src", "tests", "benches", "fuzz"].iter().flat_map(|top| sources(Path::new(top))) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{}: {lines} lines, at most {LINES_MAX}", path.display());
    }
}
