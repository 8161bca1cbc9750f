//! What the program is built from: each dependency with its reason, its licence known, its source the registry.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

/// Licences that permit use in a program under Apache-2.0; of a choice, one suffices.
const LICENCES: [&str; 10] = [
    "Apache-2.0",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unlicense",
    "Unicode-3.0",
    "BSL-1.0",
    "CC0-1.0",
];

fn cargo(arguments: &[&str]) -> String {
    let cargo = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    String::from_utf8(cargo.stdout).unwrap()
}

#[test]
fn every_dependency_has_its_reason_and_no_reason_is_without_its_dependency() {
    let metadata = cargo(&["metadata", "--format-version=1", "--offline", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let manifest: BTreeSet<_> = metadata["packages"][0]["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect();
    let page = fs::read_to_string("docs/dependencies.md").unwrap();
    let reasons: BTreeSet<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(reasons, manifest);
}

#[test]
fn every_licence_is_known_and_every_source_is_the_registry() {
    let tree = cargo(&[
        "tree",
        "--offline",
        "--locked",
        "-e=normal,build,dev",
        "--prefix=none",
        "-f={p}|{l}",
    ]);
    let mut count = 0;
    for line in tree.lines() {
        let (package, licence) = line.trim_end_matches(" (*)").split_once('|').unwrap();
        // Cargo tells a source only where it isn't the registry.
        let elsewhere = package.contains("://") || package.contains('/');
        assert!(!elsewhere || package.starts_with("titian "), "{package} isn't from the registry");
        assert!(is_permitted(licence), "{package}: licence `{licence}` has no choice permitted");
        count += 1;
    }
    assert!(count > 20, "the tree is there");
}

fn is_permitted(licence: &str) -> bool {
    let choices = licence.replace(['(', ')'], "").replace('/', " OR ");
    choices.split(" OR ").any(|choice| {
        choice.split(" AND ").all(|part| {
            let base = part.split(" WITH ").next().unwrap_or_default();
            LICENCES.contains(&base.trim())
        })
    })
}
