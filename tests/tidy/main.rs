//! The structure of the source: which room may use which, which file of a room may use which, and the maximum length of a
//! file. Rules only get stricter.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod imports;
mod modules;
mod picture;

use std::fs;
use std::path::{Path, PathBuf};

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
    let files: Vec<_> = NAMED_FOLDERS
        .iter()
        .filter(|folder| Path::new(folder).is_dir())
        .flat_map(|folder| sources(Path::new(folder)))
        .collect();
    let mut count = 0;
    for page in pages.chain([PathBuf::from("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_file = !quoted.contains([' ', '*'])
                && Path::new(quoted).extension().is_some_and(|ending| ending == "rs");
            assert!(
                !is_file || files.iter().any(|file| file.ends_with(quoted)),
                "{}: {quoted} does not exist",
                page.display()
            );
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
