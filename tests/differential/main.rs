//! The codec and `iso8583_rs` check each other: each decodes the messages of the other to the same values.
//!
//! `iso8583_rs` reads its only spec from the environment, so each test starts itself again with the variable
//! set. It supports binary bitmaps only, so the hex bitmaps of `holdfast` are converted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic, and prints what it counted"
)]

#[allow(dead_code, reason = "shared with tests/codec, which uses all of it")]
#[path = "../codec/arbitrary.rs"]
mod arbitrary;
#[allow(dead_code, reason = "shared with tests/codec, which uses all of it")]
#[path = "../codec/fixtures.rs"]
mod fixtures;
mod reference;

use std::process::{Command, Stdio};

use arbitrary::Draft;
use bytes::{Bytes, BytesMut};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use reference::Reference;
use titian::iso8583::Spec;

/// The number of messages for each network.
const MESSAGES: usize = 100_000;

#[test]
fn nusantara_messages_are_the_same_in_both_codecs() {
    compare("nusantara", "nusantara_messages_are_the_same_in_both_codecs");
}

#[test]
fn rendezvous_messages_are_the_same_in_both_codecs() {
    compare("rendezvous", "rendezvous_messages_are_the_same_in_both_codecs");
}

#[test]
fn holdfast_messages_are_the_same_in_both_codecs() {
    compare("holdfast", "holdfast_messages_are_the_same_in_both_codecs");
}

/// Compares messages in a child process, in which `iso8583_rs` uses the spec of the network.
fn compare(network: &str, test: &str) {
    let spec_file = format!("specs/{network}.yaml");
    if std::env::var("SPEC_FILE").is_ok_and(|file| file == spec_file) {
        let messages = compare_all(network);
        println!("differential {network}: {messages} messages are the same in both codecs");
        return;
    }
    let (_program, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::{test}");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture"])
        .env("SPEC_FILE", spec_file)
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let output = String::from_utf8(child.stdout).unwrap();
    let count = output.lines().find(|line| line.starts_with("differential "));
    println!("{}", count.unwrap_or(&output));
    assert!(
        child.status.success() && count.is_some(),
        "{}",
        String::from_utf8_lossy(&child.stderr)
    );
}

fn compare_all(network: &str) -> usize {
    let (name, text) = Spec::SHIPPED.into_iter().find(|(name, _)| *name == network).unwrap();
    let spec = Spec::parse(name, text).unwrap();
    let reference = Reference::new(spec.has_hex_bitmaps());
    let messages = arbitrary::messages(&spec);
    let mut runner = TestRunner::default();
    let mut buffer = BytesMut::new();
    for fixture in fixtures::valid(network) {
        let message = spec.decode(fixture.bytes.into()).unwrap();
        let values = message.fields().map(|field| (field.de(), field.reveal().into_owned()));
        let draft = Draft { mti: message.mti(), values: values.collect() };
        compare_message(&spec, &reference, &draft, &mut buffer);
        assert_eq!(buffer, message.bytes());
    }
    for _ in 0..MESSAGES {
        let draft = messages.new_tree(&mut runner).unwrap().current();
        compare_message(&spec, &reference, &draft, &mut buffer);
    }
    MESSAGES
}

fn compare_message(spec: &Spec, reference: &Reference, draft: &Draft, buffer: &mut BytesMut) {
    buffer.clear();
    let mut encoder = spec.encoder(draft.mti, buffer).unwrap();
    for (de, value) in &draft.values {
        encoder.text(*de, value).unwrap();
    }
    encoder.finish();
    reference.assert_reads(buffer, spec.layout_of(draft.mti).unwrap(), draft);

    let theirs = reference.encode(draft);
    assert_eq!(theirs, *buffer, "{draft:?}");
    let message = spec.decode(Bytes::from(theirs)).unwrap();
    assert_eq!(message.mti(), draft.mti);
    let mut expected = draft.values.iter();
    for field in message.fields() {
        let (de, value) = expected.next().unwrap();
        assert_eq!((field.de(), &*field.reveal()), (*de, value.as_str()));
    }
    assert!(expected.next().is_none());
}
