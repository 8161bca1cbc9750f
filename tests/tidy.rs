//! The structure of the source: which room may use which, and the maximum length of a file. Rules only get stricter.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// All rooms from top to bottom. A room may use the rooms after it, never those before it.
const ROOMS: [&str; 25] = [
    "cli",
    "harness",
    "runtime",
    "api",
    "core_banking",
    "simulator",
    "link",
    "records",
    "journal",
    "engine",
    "network",
    "transfer",
    "iso8583",
    "tls",
    "sqlite",
    "settings",
    "clock",
    "random",
    "hmac_key",
    "values",
    "masking",
    "hex",
    "spelling",
    "mutation",
    "codes",
];

/// Pairs of rooms where the upper must not use the lower.
const FORBIDDEN: [(&str, &str); 35] = [
    ("harness", "runtime"),
    ("harness", "simulator"),
    ("harness", "iso8583"),
    ("runtime", "simulator"),
    ("api", "iso8583"),
    ("api", "network"),
    ("api", "link"),
    ("api", "simulator"),
    ("api", "records"),
    ("api", "journal"),
    ("core_banking", "engine"),
    ("core_banking", "iso8583"),
    ("core_banking", "journal"),
    ("core_banking", "link"),
    ("core_banking", "network"),
    ("core_banking", "records"),
    ("core_banking", "simulator"),
    ("transfer", "iso8583"),
    ("transfer", "settings"),
    ("engine", "iso8583"),
    ("engine", "network"),
    ("link", "engine"),
    ("link", "transfer"),
    ("link", "records"),
    ("records", "iso8583"),
    ("records", "network"),
    ("journal", "engine"),
    ("journal", "transfer"),
    ("journal", "iso8583"),
    ("journal", "network"),
    // The simulator is the other side of the wire and must be independent of the adapter.
    ("simulator", "engine"),
    ("simulator", "transfer"),
    ("simulator", "link"),
    ("simulator", "journal"),
    ("simulator", "records"),
];

/// The maximum number of lines of a file, tests included.
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
        None => panic!("{}: the room is missing in ROOMS", path.display()),
    }
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let mut uses = 0;
    for path in sources(Path::new("src")) {
        let Some(room) = room_of(&path) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        for (line, number) in text.lines().zip(1..) {
            for (other, name) in ROOMS.iter().enumerate() {
                if line.contains(&format!("crate::{name}")) {
                    uses += 1;
                    let place = format!("{}:{number}", path.display());
                    assert!(
                        other >= room,
                        "{place}: {} must not use {name}, which is above it",
                        ROOMS[room]
                    );
                    let is_forbidden = FORBIDDEN.contains(&(ROOMS[room], *name));
                    assert!(!is_forbidden, "{place}: {} must not use {name}", ROOMS[room]);
                }
            }
        }
    }
    assert!(uses > 10, "the search finds the imports");
}

#[test]
fn files_have_a_bounded_length() {
    for path in ["src", "tests", "benches", "fuzz"].iter().flat_map(|top| sources(Path::new(top))) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{}: {lines} lines, maximum {LINES_MAX}", path.display());
    }
}

/// Folders whose files the documents name by their path.
const NAMED_FOLDERS: [&str; 8] =
    ["src/", "tests/", "docs/", "config/", "specs/", "fixtures/", "benches/", "fuzz/"];

#[test]
fn every_path_in_the_documents_exists() {
    let pages = fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let mut count = 0;
    for page in pages.chain([PathBuf::from("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_path = NAMED_FOLDERS.iter().any(|folder| quoted.starts_with(folder))
                && !quoted.contains([' ', '*', '…'])
                && !quoted.contains("NETWORK");
            if is_path {
                count += 1;
                assert!(Path::new(quoted).exists(), "{}: {quoted} does not exist", page.display());
            }
        }
    }
    assert!(count > 30, "the search still finds paths");
}
