//! Decodes arbitrary bytes and changed messages. Decoding does no harm, and an accepted message encodes to
//! the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic, and prints what it counted"
)]

#[allow(dead_code, reason = "shared with tests/codec")]
#[path = "../tests/codec/arbitrary.rs"]
mod arbitrary;
#[allow(dead_code, reason = "shared with tests/codec")]
#[path = "../tests/codec/fixtures.rs"]
mod fixtures;
#[path = "../tests/codec/same.rs"]
mod same;
#[allow(dead_code, reason = "shared with tests/codec")]
#[path = "../tests/codec/specs.rs"]
mod specs;
mod support;

use bolero::{TypeGenerator, check, produce};
use bytes::Bytes;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use support::{Changed, Run};
use titian::iso8583::{Message, Salvaged, Spec};
use titian::values::{Pan, Transmission};

/// The number of generated messages of each spec, beside its fixtures.
const GENERATED: usize = 50;

#[derive(Clone, Debug, TypeGenerator)]
enum Input {
    Any {
        spec: u8,
        mti: u8,
        #[generator(produce::<Vec<u8>>().with().len(0_usize..600))]
        bytes: Vec<u8>,
    },
    Changed(Changed),
}

fn main() {
    let run = Run::of("decode");
    let seeds = seeds();
    check!().with_type::<Input>().with_test_time(Run::time()).for_each(|input| {
        run.count();
        match input {
            Input::Any { spec, mti, bytes } => {
                let spec = &specs::all()[usize::from(*spec) % specs::all().len()];
                decode(spec, bytes.clone());
                decode(spec, [&mti_prefix(spec, *mti)[..], bytes].concat());
            }
            Input::Changed(changed) => {
                let (spec, bytes) = changed.pick(&seeds);
                decode(spec, changed.applied_to(bytes));
            }
        }
    });
    run.end();
}

/// Returns fixtures and generated messages, each with its spec.
fn seeds() -> Vec<(&'static Spec, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut runner = TestRunner::deterministic();
    for spec in specs::shipped() {
        seeds.extend(fixtures::valid(spec.name()).into_iter().map(|fixture| (spec, fixture.bytes)));
    }
    for spec in specs::all() {
        let messages = arbitrary::messages(spec);
        for _ in 0..GENERATED {
            let draft = messages.new_tree(&mut runner).unwrap().current();
            seeds.push((spec, same::encoded(spec, &draft).to_vec()));
        }
    }
    seeds
}

/// Returns an MTI of the spec as it is on the wire, because random bytes rarely begin with one.
fn mti_prefix(spec: &Spec, nth: u8) -> Vec<u8> {
    let known = ["0200", "0210", "0800", "0810"];
    let mti = known[usize::from(nth) % known.len()];
    match spec.name() {
        "coded" => vec![
            mti.as_bytes()[0] << 4 | mti.as_bytes()[1] & 0xF,
            u8::from_str_radix(&mti[2..], 16).unwrap(),
        ],
        "ebcdic" => mti.bytes().map(|digit| digit | 0xF0).collect(),
        _ => mti.into(),
    }
}

fn decode(spec: &Spec, bytes: Vec<u8>) {
    let (length, bytes) = (bytes.len(), Bytes::from(bytes));
    if let Ok(Salvaged { message, faults }) = spec.salvage(bytes.clone()) {
        read(&message);
        assert_eq!(faults.is_empty(), spec.decode(bytes.clone()).is_ok(), "{faults:?}");
    }
    match spec.decode(bytes) {
        Ok(message) => {
            same::assert_encodes_to_its_bytes(&message);
            read(&message);
        }
        Err(error) => {
            assert!(error.offset <= length, "{error}");
            assert!(!error.to_string().is_empty() && !format!("{error:?}").is_empty());
        }
    }
}

/// Reads everything that a message offers.
fn read(message: &Message<'_>) {
    assert_eq!(format!("{message:?}"), format!("Message({message})"));
    for field in message.fields() {
        assert_eq!(field.masked().chars().count(), field.reveal().chars().count());
        assert!(field.offset() + field.wire().len() <= message.bytes().len());
        for subfield in field.subfields() {
            assert_eq!(subfield.length(), subfield.masked().len());
        }
        let _ = (field.value::<Pan>(), field.value::<Transmission>());
    }
}
