//! Every valid fixture round-trips, and every invalid one is rejected at the expected byte.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use titian::iso8583::{Message, Spec};

fn files(network: &str, folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new("fixtures").join(network).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    files.sort();
    files
}

fn bytes_of(path: &Path) -> Bytes {
    let text = fs::read_to_string(path).unwrap();
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let digits: Vec<_> = digits.chars().filter(|digit| !digit.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

#[test]
fn invalid_messages_are_rejected_at_the_expected_byte_for_the_expected_reason() {
    let mut count = 0;
    for (network, text) in Spec::SHIPPED {
        let spec = Spec::parse(network, text).unwrap();
        for path in files(network, "broken", ".hex") {
            let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
            let error = spec.decode(bytes_of(&path)).unwrap_err();
            let found = format!("{} {} {}", error.part, error.offset, error.reason.code());
            assert_eq!(found, expected.trim(), "{}: {error}", path.display());
            count += 1;
        }
    }
    assert!(count >= 45, "{count} invalid fixtures");
}

/// Encodes every field of a message from its text.
fn encoded(message: &Message<'_>) -> BytesMut {
    let mut buffer = BytesMut::new();
    let mut encoder = message.spec().encoder(message.mti(), &mut buffer).unwrap();
    for field in message.fields() {
        encoder.text(field.de(), &*field.reveal()).unwrap();
    }
    encoder.finish();
    buffer
}

#[test]
fn valid_messages_encode_to_the_bytes_they_were_decoded_from() {
    let mut count = 0;
    for (network, text) in Spec::SHIPPED {
        let spec = Spec::parse(network, text).unwrap();
        for path in files(network, "", ".hex") {
            if path.to_str().unwrap().ends_with(".framed.hex") {
                continue;
            }
            let bytes = bytes_of(&path);
            let decoded = spec.decode(bytes.clone());
            let message = decoded.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(encoded(&message), bytes, "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 85, "{count} fixtures");
}
