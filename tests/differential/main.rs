//! The codec and `iso8583_rs` hold each other to the specs: what one writes the other reads, to the same values,
//! for every message that is valid.
//!
//! `iso8583_rs` reads its one spec from the environment, so each test starts itself again with it set. It
//! reads bitmaps of bits alone; those of `holdfast`, which are hex, are written over for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
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

/// Messages that are exchanged in each direction, for each network.
const MESSAGES: usize = 100_000;

#[test]
fn nusantara_is_read_and_written_alike_by_both() {
    exchange("nusantara", "nusantara_is_read_and_written_alike_by_both");
}

#[test]
fn rendezvous_is_read_and_written_alike_by_both() {
    exchange("rendezvous", "rendezvous_is_read_and_written_alike_by_both");
}

#[test]
fn holdfast_is_read_and_written_alike_by_both() {
    exchange("holdfast", "holdfast_is_read_and_written_alike_by_both");
}

/// Exchanges messages in a process of its own, in which the spec of a network is that of `iso8583_rs`.
fn exchange(network: &str, test: &str) {
    let spec_file = format!("specs/{network}.yaml");
    if std::env::var("SPEC_FILE").is_ok_and(|file| file == spec_file) {
        let messages = exchange_all(network);
        println!("differential {network}: {messages} messages the same both ways");
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("SPEC_FILE", spec_file)
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let told = String::from_utf8(child.stdout).unwrap();
    let count = told.lines().find(|line| line.starts_with("differential "));
    println!("{}", count.unwrap_or(&told));
    assert!(
        child.status.success() && count.is_some(),
        "{}",
        String::from_utf8_lossy(&child.stderr)
    );
}

fn exchange_all(network: &str) -> usize {
    let (name, text) = Spec::SHIPPED.into_iter().find(|(name, _)| *name == network).unwrap();
    let spec = Spec::parse(name, text).unwrap();
    let reference = Reference::new(spec.has_hex_bitmaps());
    let messages = arbitrary::messages(&spec);
    let mut runner = TestRunner::default();
    let mut buffer = BytesMut::new();
    for fixture in fixtures::whole(network) {
        let message = spec.decode(fixture.bytes.into()).unwrap();
        let values = message.fields().map(|field| (field.de(), field.reveal().into_owned()));
        let draft = Draft { mti: message.mti(), values: values.collect() };
        exchange_one(&spec, &reference, &draft, &mut buffer);
        assert_eq!(buffer, message.bytes());
    }
    for _ in 0..MESSAGES {
        let draft = messages.new_tree(&mut runner).unwrap().current();
        exchange_one(&spec, &reference, &draft, &mut buffer);
    }
    MESSAGES
}

fn exchange_one(spec: &Spec, reference: &Reference, draft: &Draft, buffer: &mut BytesMut) {
    buffer.clear();
    let mut encoder = spec.encoder(draft.mti, buffer).unwrap();
    for (de, value) in &draft.values {
        encoder.text(*de, value).unwrap();
    }
    encoder.finish();
    reference.assert_reads(buffer, spec.layout_of(draft.mti).unwrap(), draft);

    let theirs = reference.written(draft);
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
