//! Dependencies: each has a documented reason, a permitted licence, and the registry as its source.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

/// Licences that are compatible with Apache-2.0. Of a choice of licences, one must be listed.
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
fn the_documented_dependencies_are_those_of_the_manifest() {
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
fn every_licence_is_permitted_and_every_source_is_the_registry() {
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
        // Cargo prints the source only when it is not the registry.
        let elsewhere = package.contains("://") || package.contains('/');
        assert!(
            !elsewhere || package.starts_with("titian "),
            "{package}: the source is not the registry"
        );
        assert!(is_permitted(licence), "{package}: licence `{licence}` is not permitted");
        count += 1;
    }
    assert!(count > 20, "the dependency tree is complete");
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
