//! The software bill of materials of the production build, as `CycloneDX` 1.5 (JSON): each crate with version, licence, checksum
//! and dependencies.
//!
//! `cargo run --example sbom > titian.cdx.json`. The same source gives the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool that cannot continue ends"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

/// Name and version of a crate.
type Crate = (String, String);

fn main() {
    println!("{:#}", bill_of_materials());
}

fn bill_of_materials() -> Value {
    let system = format!("--filter-platform={}", host());
    let metadata = cargo(&["metadata", "--format-version=1", "--no-default-features", &system]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let by_id: BTreeMap<&str, &Value> =
        packages.iter().map(|package| (text(package, "id"), package)).collect();
    let built = built();
    let checksums = checksums();
    let root = by_id[text(&metadata["resolve"], "root")];
    let components: Vec<_> = packages
        .iter()
        .filter(|package| name(package) != name(root) && built.contains(&name(package)))
        .map(|package| component(package, &checksums))
        .collect();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let dependencies: Vec<_> = nodes
        .iter()
        .filter(|node| built.contains(&name(by_id[text(node, "id")])))
        .map(|node| {
            let used = node["deps"].as_array().unwrap().iter().filter(|used| is_built(used));
            let used: BTreeSet<_> = used
                .map(|used| by_id[text(used, "pkg")])
                .filter(|used| built.contains(&name(used)))
                .map(purl)
                .collect();
            json!({ "ref": purl(by_id[text(node, "id")]), "dependsOn": used })
        })
        .collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application", "bom-ref": purl(root), "purl": purl(root),
            "name": root["name"], "version": root["version"], "licenses": licenses(root),
        } },
        "components": components,
        "dependencies": dependencies,
    })
}

/// Returns the name of this system, as the compiler has it.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// Returns the crates of the production build on this system, with those that only build it.
fn built() -> BTreeSet<Crate> {
    let edges = ["-e=normal,build", "--prefix=none", "-f={p}"];
    let tree = cargo(&[&["tree", "--no-default-features"], &edges[..]].concat());
    let name = |line: &str| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?);
        Some((name.to_owned(), version.trim_start_matches('v').to_owned()))
    };
    tree.lines().filter_map(name).collect()
}

/// Returns the checksum of each crate of the lock file.
fn checksums() -> BTreeMap<Crate, String> {
    let lock = std::fs::read_to_string("Cargo.lock").unwrap();
    let package = |text: &str| {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")))?;
            Some(line.trim_matches('"').to_owned())
        };
        Some(((field("name")?, field("version")?), field("checksum")?))
    };
    lock.split("[[package]]").filter_map(package).collect()
}

fn component(package: &Value, checksums: &BTreeMap<Crate, String>) -> Value {
    let checksum = &checksums[&name(package)];
    json!({
        "type": "library", "bom-ref": purl(package), "purl": purl(package),
        "name": package["name"], "version": package["version"],
        "description": package["description"], "licenses": licenses(package),
        "hashes": [{ "alg": "SHA-256", "content": checksum }],
    })
}

/// Returns the licence as an SPDX expression. Some crates still write `/` for a choice.
fn licenses(package: &Value) -> Value {
    json!([{ "expression": text(package, "license").replace('/', " OR ") }])
}

fn name(package: &Value) -> Crate {
    (text(package, "name").to_owned(), text(package, "version").to_owned())
}

/// Returns the package URL.
fn purl(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
}

/// Returns whether a dependency is used by the program or its build, and not only by tests.
fn is_built(dependency: &Value) -> bool {
    let kinds = dependency["dep_kinds"].as_array().unwrap();
    kinds.iter().any(|kind| kind["kind"] != "dev")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_of_the_product_is_listed_with_its_licence_and_checksum() {
        let bill = bill_of_materials();
        let components = bill["components"].as_array().unwrap();
        let listed: BTreeSet<Crate> = components.iter().map(name).collect();
        let own = name(&bill["metadata"]["component"]);
        assert_eq!(listed, &built() - &BTreeSet::from([own]));
        assert!(!listed.iter().any(|(name, _)| name == "iso8583_rs"));
        for component in components {
            assert_eq!(text(&component["hashes"][0], "content").len(), 64, "{component}");
            assert!(!text(&component["licenses"][0], "expression").is_empty(), "{component}");
        }
        let nodes = bill["dependencies"].as_array().unwrap();
        let references: BTreeSet<_> = nodes.iter().map(|node| text(node, "ref")).collect();
        assert_eq!(references.len(), listed.len() + 1, "the program, and each crate once");
    }
}
