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

/// Returns name and version of all crates that a build needs, but not ours.
fn built(arguments: &[&str]) -> BTreeSet<(String, String)> {
    let fixed = ["tree", "--offline", "--locked", "--prefix=none", "-f={p}"];
    let tree = cargo(&[&fixed[..], arguments].concat());
    let name = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned()))
    };
    tree.lines().filter_map(name).filter(|(name, _)| name != "titian").collect()
}

#[test]
fn the_documented_dependencies_are_those_of_the_manifest() {
    let metadata = cargo(&["metadata", "--format-version=1", "--offline", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let page = fs::read_to_string("docs/dependencies.md").unwrap();
    for (heading, kind, is_optional) in [
        ("## In the product", None, false),
        ("## In the harness", None, true),
        ("## In tests and benchmarks", Some("dev"), false),
    ] {
        let dependencies = metadata["packages"][0]["dependencies"].as_array().unwrap();
        let manifest: BTreeSet<_> = dependencies
            .iter()
            .filter(|own| own["kind"].as_str() == kind && own["optional"] == is_optional)
            .map(|own| own["name"].as_str().unwrap())
            .collect();
        let section = page.split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
        let reasons: BTreeSet<_> = section
            .lines()
            .filter_map(|line| Some(line.strip_prefix("- `")?.split_once("`: ")?.0))
            .collect();
        assert_eq!(reasons, manifest, "{heading}");
    }
}

#[test]
fn every_crate_of_the_lock_file_is_accepted_and_the_product_needs_none_of_the_harness() {
    let product = built(&["-e=normal,build", "--no-default-features"]);
    let harness = built(&["-e=normal,build"]);
    let tests = built(&["-e=normal,build,dev"]);
    let lock = fs::read_to_string("Cargo.lock").unwrap();
    let quoted = |text: &str, key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
        line.unwrap().trim_end_matches('"').to_owned()
    };
    let needed: BTreeSet<_> = lock
        .split("[[package]]")
        .skip(1)
        .map(|package| (quoted(package, "name"), quoted(package, "version")))
        .filter(|(name, _)| name != "titian")
        .map(|own| {
            let uses = [(&product, "product"), (&harness, "harness"), (&tests, "tests")];
            let found = uses.into_iter().find(|(crates, _)| crates.contains(&own));
            format!("{},{},{}", own.0, own.1, found.map_or("not built", |(_, name)| name))
        })
        .collect();
    let list = fs::read_to_string("docs/crates.csv").unwrap();
    let accepted = list.lines().skip(1).map(|line| {
        let columns: Vec<_> = line.splitn(5, ',').collect();
        assert!(columns.len() == 5 && columns[3].len() == "2026-11-28".len(), "{line}");
        columns[..3].join(",")
    });
    let accepted: BTreeSet<_> = accepted.collect();
    let advice = "review it (docs/dependencies.md), then change docs/crates.csv";
    assert_eq!(&needed - &accepted, BTreeSet::new(), "not accepted: {advice}");
    assert_eq!(&accepted - &needed, BTreeSet::new(), "no longer used: {advice}");
    for name in ["iso8583_rs", "hdrhistogram"] {
        assert!(!product.iter().any(|(own, _)| own == name), "{name} is in the product");
    }
    let page = fs::read_to_string("docs/dependencies.md").unwrap();
    let count = format!("{} crates, and {} with the harness", product.len(), harness.len());
    assert!(page.contains(&count), "docs/dependencies.md: the count is now: {count}");
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
