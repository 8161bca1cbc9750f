//! Every fixture, decoded and encoded by the program.

use std::fs;
use std::path::Path;

use super::program::{NETWORKS, done, fed, fixtures, hex_files, hex_of, refused, titian};

#[test]
fn every_fixture_decodes_to_its_json_and_encodes_to_its_bytes() {
    let mut count = 0;
    for network in NETWORKS {
        for path in fixtures(network, false) {
            let json =
                done(titian(&["decode", "--spec", network, "--reveal", "--format", "json", &path]));
            let expected = fs::read_to_string(path.replace(".hex", ".json")).unwrap();
            assert_eq!(json, expected, "{path}");
            let hex = done(fed(&["encode", "--spec", network], json.as_bytes()));
            assert_eq!(hex, hex_of(&path) + "\n", "{path}");
            count += 1;
        }
    }
    assert!(count >= 85, "{count} fixtures");
}

#[test]
fn every_framed_fixture_is_the_bare_one_with_its_header() {
    let mut count = 0;
    for network in NETWORKS {
        for path in fixtures(network, true) {
            let args = ["--spec", network, "--framed"];
            let json = done(titian(
                &[&["decode", "--reveal", "--format", "json", &path], &args[..]].concat(),
            ));
            let mut value: serde_json::Value = serde_json::from_str(&json).unwrap();
            let header = value.as_object_mut().unwrap().shift_remove("header");
            assert_eq!(header.is_some(), network != "nusantara");
            let bare = fs::read_to_string(path.replace(".framed.hex", ".json")).unwrap();
            assert_eq!(value, serde_json::from_str::<serde_json::Value>(&bare).unwrap(), "{path}");
            let hex = done(fed(&[&["encode"], &args[..]].concat(), json.as_bytes()));
            assert_eq!(hex, hex_of(&path) + "\n", "{path}");
            count += 1;
        }
    }
    assert!(count >= 7, "{count} framed fixtures");
}

#[test]
fn every_invalid_fixture_is_rejected_in_one_line_with_part_and_byte() {
    let mut count = 0;
    for network in NETWORKS {
        for path in hex_files(&Path::new("fixtures").join(network).join("broken")) {
            let expected = fs::read_to_string(path.replace(".hex", ".txt")).unwrap();
            let [part, offset, _] = expected.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("{path}: {expected}");
            };
            for format in ["table", "json"] {
                let args = ["decode", "--spec", network, "--format", format, &path];
                let line = refused(titian(&args));
                assert!(line.starts_with(part), "{path}: {line}");
                assert!(line.contains(&format!(" at byte {offset}: ")), "{path}: {line}");
            }
            count += 1;
        }
    }
    assert!(count >= 45, "{count} invalid fixtures");
}
