//! Sensitive values are never shown without `--reveal`.

use std::collections::BTreeSet;

use bytes::Bytes;
use titian::iso8583::Spec;

use super::program::{
    NETWORKS, TRANSFER, bytes_of, command, done, fed, fixtures, hex_of, refused, run, titian,
};

/// Returns every recognizable sensitive value of all fixtures.
fn secrets() -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    for (network, text) in Spec::SHIPPED {
        let spec = Spec::parse(network, text).unwrap();
        for path in fixtures(network, false) {
            let message = spec.decode(Bytes::from(bytes_of(&hex_of(&path)))).unwrap();
            for field in message.fields() {
                if field.element().presentation().sensitive.is_some() {
                    secrets.insert(field.reveal().trim().to_owned());
                }
                let parts = field.subfields();
                let hidden = parts.iter().filter(|part| part.masked() != part.reveal());
                secrets.extend(hidden.map(|part| part.reveal().trim().to_owned()));
            }
        }
    }
    secrets.retain(|secret| secret.len() >= 6);
    assert!(secrets.len() >= 50, "{secrets:?}");
    secrets
}

fn in_hex(text: &str) -> String {
    text.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"))
}

/// Returns the two sides of a hex dump as continuous text.
fn dump_sides(output: &str) -> (String, String) {
    let is_row = |line: &&str| line.len() > 56 && line[..4].bytes().all(|it| it.is_ascii_digit());
    let rows: Vec<_> = output.lines().filter(is_row).collect();
    let hex = rows.iter().map(|row| row[6..55].replace(' ', "")).collect();
    (hex, rows.iter().map(|row| &row[56..]).collect())
}

#[test]
fn sensitive_values_are_shown_only_with_reveal() {
    let secrets = secrets();
    let hexed: Vec<_> = secrets.iter().map(|secret| in_hex(secret)).collect();
    for network in NETWORKS {
        for path in fixtures(network, false) {
            for options in [&["--hex"][..], &["--format", "json"]] {
                let args = [&["decode", "--spec", network, &path], options].concat();
                // Wide enough that no value is wrapped.
                let output = done(run(command(2000, &args), b""));
                let (hex, text) = dump_sides(&output);
                let all = [output, hex, text].join("\n");
                let shown = secrets.iter().chain(&hexed).find(|secret| all.contains(*secret));
                assert_eq!(shown, None, "{path}\n{all}");
            }
        }
    }
}

#[test]
fn revealed_bytes_are_shown_whole() {
    let output = done(titian(&["decode", "--reveal", "--hex", TRANSFER]));
    assert_eq!(dump_sides(&output).0, hex_of(TRANSFER));
    assert!(!output.contains("masked"), "{output}");
}

#[test]
fn an_argument_that_may_be_a_message_is_not_shown() {
    let card = "303230304000000000000000".to_owned() + "31369360021300417780G";
    let line = refused(titian(&["decode", &card]));
    assert!(!line.contains("9360021300417780"), "{line}");
}

#[test]
fn an_invalid_sensitive_value_is_not_shown() {
    let json = r#"{"mti": "0200", "fields": {"2": "93600213004177801234", "102": "21300417785\u0001",
        "48": "SITI RAHAYU\u0001", "52": "0011223344556G77"}}"#;
    let run = fed(&["encode"], json.as_bytes());
    assert_eq!((run.code, run.stderr.lines().count()), (2, 4), "{}", run.stderr);
    for secret in ["0041778", "0417785", "RAHAYU", "2233445"] {
        assert!(!run.stderr.contains(secret), "{}", run.stderr);
    }
}

#[test]
fn a_masked_value_is_not_encoded() {
    for network in NETWORKS {
        let path = format!("fixtures/{network}/transfer-request.hex");
        let json = done(titian(&["decode", "--spec", network, "--format", "json", &path]));
        let run = fed(&["encode", "--spec", network], json.as_bytes());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        let places: Vec<_> =
            run.stderr.lines().map(|line| line.split(" (").next().unwrap()).collect();
        assert!(places.starts_with(&["error: DE2", "error: DE48"]), "{places:?}");
        assert!(places.ends_with(&["error: DE102", "error: DE103"]), "{places:?}");
        assert!(run.stderr.lines().all(|line| line.contains("decode with --reveal")));
    }
}

#[test]
fn a_message_among_the_arguments_is_not_shown() {
    let message = hex_of(TRANSFER);
    let option = format!("--{message}");
    for args in [
        &["decode", "0133", &message][..],
        &["encode", &message],
        &[&message],
        &["decode", &option],
        &["decode", "--format", &message],
        &["decode", "--spec", &message],
        &["decode", &message[..message.len() - 1]],
    ] {
        let run = titian(args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(!run.stderr.contains(&message[..16]), "{}", run.stderr);
    }
}

#[test]
fn subfields_of_a_sensitive_element_are_masked() {
    let spec = std::fs::read_to_string("specs/nusantara.yaml").unwrap();
    let element = "class: ans, max: 999, title: Additional data - private,";
    assert!(spec.contains(element));
    let spec = spec.replace(element, &format!("{element} sensitive: private,"));
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("sensitive.yaml");
    std::fs::write(&file, spec).unwrap();
    for format in ["table", "json"] {
        let args = ["decode", "--spec", file.to_str().unwrap(), "--format", format, TRANSFER];
        let output = done(titian(&args));
        assert!(output.contains("customer_reference") && !output.contains("INV-2026"), "{output}");
    }
}
