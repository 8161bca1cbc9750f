//! Messages with faults: nothing does harm, a valid message has no fault, and one odd element changes no other.

use bytes::Bytes;
use proptest::prelude::*;
use titian::iso8583::{Message, Salvaged, Spec};

use super::arbitrary::{check, hostile};
use super::fixtures;
use super::same::{draft_of, encoded};
use super::specs;

/// Reads everything of a message that can be read.
fn read_all(message: &Message<'_>) {
    let shown = format!("{message}");
    for field in message.fields() {
        let _ = (field.reveal(), field.raw(), field.masked(), field.attributes());
        let _ = field.value::<titian::values::Pan>();
        let _ = message.get::<titian::values::Transmission>(field.de());
        for subfield in field.subfields() {
            let _ = (subfield.reveal(), subfield.masked());
            assert!(!message.is_odd(field.de()), "{shown}");
        }
        assert!(field.subfield("beneficiary_name").is_none() || !message.is_odd(field.de()));
    }
    let again = message.spec().message(message.clone().into_owned()).unwrap();
    assert_eq!(draft_of(&again).values, draft_of(message).values);
}

fn salvaged(spec: &Spec, bytes: &[u8]) {
    let strict = spec.decode(Bytes::copy_from_slice(bytes));
    match spec.salvage(Bytes::copy_from_slice(bytes)) {
        Ok(Salvaged { message, faults }) => {
            read_all(&message);
            match strict {
                Ok(strict) => {
                    assert!(faults.is_empty(), "{faults:?}");
                    assert_eq!(draft_of(&message).values, draft_of(&strict).values);
                }
                Err(error) => {
                    // A bitmap that the layout does not define is read here, so the first fault may be another.
                    assert!(faults.contains(&error), "{error}: {faults:?}");
                }
            }
        }
        Err(_) => assert!(strict.is_err()),
    }
}

#[test]
fn a_valid_message_has_no_fault() {
    for spec in specs::all() {
        check(spec, 200, |draft| salvaged(spec, &encoded(spec, &draft)));
    }
}

#[test]
fn every_change_of_a_byte_is_safe() {
    for spec in specs::shipped() {
        for fixture in fixtures::valid(spec.name()).into_iter().step_by(3) {
            let mut bytes = fixture.bytes.clone();
            for at in 0..bytes.len() {
                let old = bytes[at];
                for new in [b'9', 0xC9, old ^ 1] {
                    bytes[at] = new;
                    salvaged(spec, &bytes);
                }
                bytes[at] = old;
                salvaged(spec, &bytes[..at]);
            }
        }
    }
}

/// A byte that no class accepts in the content of one element: all others read as sent.
#[test]
fn one_odd_element_changes_no_other() {
    let mut odd = 0;
    for spec in specs::shipped() {
        check(spec, 100, |draft| {
            let bytes = encoded(spec, &draft);
            let message = spec.decode(bytes.clone().freeze()).unwrap();
            for field in message.fields() {
                let Some(last) = (field.offset() + field.wire().len()).checked_sub(1) else {
                    continue;
                };
                if field.raw().is_empty() {
                    continue;
                }
                let mut changed = bytes.to_vec();
                changed[last] = 0xFF;
                let Salvaged { message: read, faults } =
                    spec.salvage(Bytes::from(changed)).unwrap();
                assert!(faults.len() <= 1, "{faults:?}");
                assert_eq!(read.is_odd(field.de()), faults.len() == 1);
                for other in message.fields().filter(|other| other.de() != field.de()) {
                    let same = read.field(other.de()).unwrap();
                    assert_eq!(same.wire(), other.wire(), "{}", other.de());
                    assert!(!read.is_odd(other.de()));
                }
            }
        });
        odd += 1;
    }
    assert_eq!(odd, 3);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn arbitrary_bytes_are_safe(
        nth in 0..5_usize,
        mti in prop::sample::select(vec![200_u16, 210, 800]),
        bitmap in prop::collection::vec(any::<u8>(), 24),
        body in prop::collection::vec(prop_oneof![8 => b'0'..=b'9', 2 => 0xF0..=0xF9_u8, 1 => any::<u8>()], 0..600),
    ) {
        let spec = &specs::all()[nth];
        for bytes in hostile(mti, &bitmap, &body) {
            salvaged(spec, &bytes);
        }
    }
}
