//! Invalid bytes are rejected at the right offset, do no harm, and errors reveal no secret.

use std::collections::BTreeSet;

use allocation_counter::measure;
use bytes::Bytes;
use proptest::prelude::*;
use titian::iso8583::{De, DecodeError, Message, MessagePart, Reason, Spec};

use super::arbitrary::hostile;
use super::fixtures::{self, Fixture};
use super::same::assert_encodes_to_its_bytes;
use super::specs;

/// Returns the shipped specs with their fixtures.
fn networks() -> Vec<(&'static Spec, Vec<Fixture>)> {
    specs::shipped().iter().map(|spec| (spec, fixtures::valid(spec.name()))).collect()
}

/// Decodes arbitrary bytes and asserts the properties of every result.
fn decoded(spec: &Spec, bytes: &[u8]) -> Result<(), DecodeError> {
    match spec.decode(Bytes::copy_from_slice(bytes)) {
        Ok(message) => {
            assert_encodes_to_its_bytes(&message);
            Ok(())
        }
        Err(error) => {
            assert!(error.offset <= bytes.len(), "{error}");
            let named =
                matches!(error.part, MessagePart::Element(_)) && error.reason != Reason::Undefined;
            assert_eq!(error.name.is_some(), named, "{error}");
            Err(error)
        }
    }
}

#[test]
fn every_truncation_is_rejected() {
    let mut count = 0;
    for (spec, fixtures) in networks() {
        for fixture in fixtures {
            for length in 0..fixture.bytes.len() {
                let error = decoded(spec, &fixture.bytes[..length]).unwrap_err();
                assert!(matches!(error.reason, Reason::Truncated { .. }), "{error}");
                count += 1;
            }
        }
    }
    assert!(count > 15_000, "{count} truncations");
}

#[test]
fn trailing_bytes_are_rejected() {
    for (spec, fixtures) in networks() {
        for fixture in fixtures {
            for more in 1..20 {
                let bytes = [&fixture.bytes[..], &b"0".repeat(more)].concat();
                let error = decoded(spec, &bytes).unwrap_err();
                assert_eq!((error.part, error.offset), (MessagePart::Message, fixture.bytes.len()));
                assert_eq!(error.reason, Reason::TrailingBytes(more));
            }
        }
    }
}

/// Changes every byte of every fixture of a network. Asserts that the result is rejected or encodes to its
/// bytes. Returns the numbers of rejected and accepted changes.
fn change_every_byte(network: usize) -> (usize, usize) {
    let (spec, fixtures) = networks().swap_remove(network);
    let (mut rejected, mut accepted) = (0, 0);
    for fixture in fixtures {
        let mut bytes = fixture.bytes.clone();
        for at in 0..bytes.len() {
            let old = bytes[at];
            for new in (0..=u8::MAX).filter(|new| *new != old) {
                bytes[at] = new;
                match decoded(spec, &bytes) {
                    Ok(()) => accepted += 1,
                    Err(_) => rejected += 1,
                }
            }
            bytes[at] = old;
        }
    }
    println!("{}: {rejected} changes rejected, {accepted} accepted", spec.name());
    (rejected, accepted)
}

#[test]
fn every_change_of_a_byte_of_nusantara_is_rejected_or_encodes_to_its_bytes() {
    let (rejected, accepted) = change_every_byte(0);
    assert!(rejected > 1_000_000 && accepted > 150_000, "{rejected} rejected, {accepted} accepted");
}

#[test]
fn every_change_of_a_byte_of_rendezvous_is_rejected_or_encodes_to_its_bytes() {
    let (rejected, accepted) = change_every_byte(1);
    assert!(rejected > 1_000_000 && accepted > 150_000, "{rejected} rejected, {accepted} accepted");
}

#[test]
fn every_change_of_a_byte_of_holdfast_is_rejected_or_encodes_to_its_bytes() {
    let (rejected, accepted) = change_every_byte(2);
    assert!(rejected > 1_000_000 && accepted > 150_000, "{rejected} rejected, {accepted} accepted");
}

/// Returns the message with one more bit set in its bitmaps.
fn with_bit(message: &Message<'_>, number: u8) -> Vec<u8> {
    let mut bytes = message.bytes().to_vec();
    let bit = usize::from(number) - 1;
    if message.spec().name() == "holdfast" {
        let place = &mut bytes[message.mti_width() + bit / 4];
        let nibble = char::from(*place).to_digit(16).unwrap() | 8 >> (bit % 4);
        *place = b"0123456789ABCDEF"[usize::try_from(nibble).unwrap()];
    } else {
        bytes[message.mti_width() + bit / 8] |= 0x80 >> (bit % 8);
    }
    bytes
}

#[test]
fn an_extra_bitmap_bit_is_rejected_at_its_element_or_behind_it() {
    let (mut undefined, mut missing) = (0, 0);
    for (spec, fixtures) in networks() {
        for fixture in fixtures {
            let message = spec.decode(Bytes::from(fixture.bytes)).unwrap();
            let highest = 64 * u8::try_from(message.bitmaps().count()).unwrap();
            for de in (1..=highest).filter_map(De::new).filter(|de| !message.has(*de)) {
                let result = decoded(spec, &with_bit(&message, de.number()));
                if message.layout().element(de).is_none() {
                    let error = result.unwrap_err();
                    assert_eq!(
                        (error.part, error.reason),
                        (MessagePart::Element(de), Reason::Undefined)
                    );
                    undefined += 1;
                } else if let Err(error) = result {
                    let behind = match error.part {
                        MessagePart::Element(found) => found >= de,
                        MessagePart::Message => true,
                        MessagePart::Mti | MessagePart::Bitmap => false,
                    };
                    assert!(behind, "{de} is absent: {error}");
                    missing += 1;
                }
            }
        }
    }
    assert!(undefined > 1000 && missing > 1000, "{undefined} undefined, {missing} missing");
}

#[test]
fn a_bitmap_that_announces_another_is_rejected_that_the_message_does_not_have() {
    for (spec, fixtures) in networks() {
        for fixture in fixtures {
            let message = spec.decode(Bytes::from(fixture.bytes)).unwrap();
            let secondary = message.bitmaps().count() == 2;
            let error =
                decoded(spec, &with_bit(&message, if secondary { 65 } else { 1 })).unwrap_err();
            // If the secondary bitmap is announced wrongly, the elements are read as that bitmap.
            assert!(!secondary || error.reason == Reason::UndefinedBitmap, "{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn arbitrary_bytes_are_safe(
        nth in 0..5_usize,
        mti in prop::sample::select(vec![200_u16, 210, 800]),
        bitmap in prop::collection::vec(any::<u8>(), 24),
        body in prop::collection::vec(prop_oneof![8 => b'0'..=b'9', 2 => 0xF0..=0xF9_u8, 1 => any::<u8>()], 0..600),
    ) {
        let spec = &specs::all()[nth];
        for bytes in hostile(mti, &bitmap, &body) {
            let _ = decoded(spec, &bytes);
        }
        let _ = decoded(spec, &body);
    }
}

#[test]
fn messages_of_more_than_65535_bytes_are_rejected_before_they_are_read() {
    for spec in specs::all() {
        for length in [65_536, 65_537, 100_000, 1 << 20] {
            let error = decoded(spec, &vec![b'0'; length]).unwrap_err();
            assert_eq!((error.part, error.offset), (MessagePart::Message, 0));
            assert_eq!(error.reason, Reason::TooLarge(length));
        }
    }
}

/// Returns the sensitive values of a message, in recognizable pieces of six characters.
fn secrets(message: &Message<'_>) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    let mut add = |value: &str| {
        let pieces = value.trim().as_bytes().windows(6);
        secrets.extend(pieces.map(|piece| String::from_utf8(piece.to_vec()).unwrap()));
    };
    for field in message.fields() {
        if field.element().presentation().sensitive.is_some() {
            add(&field.reveal());
        }
        for subfield in field.subfields() {
            if subfield.presentation().is_none_or(|shown| shown.sensitive.is_some()) {
                add(&subfield.reveal());
            }
        }
    }
    secrets
}

#[test]
fn errors_reveal_no_sensitive_value() {
    let mut pieces = 0;
    for (spec, fixtures) in networks() {
        for fixture in fixtures {
            let message = spec.decode(Bytes::from(fixture.bytes.clone())).unwrap();
            let secrets = secrets(&message);
            pieces += secrets.len();
            let check_error = |bytes: &[u8]| {
                let Err(error) = spec.decode(Bytes::copy_from_slice(bytes)) else { return };
                let text = format!("{error} {error:?}");
                let leaked = secrets.iter().find(|secret| text.contains(*secret));
                assert_eq!(leaked, None, "{text}");
                if let (MessagePart::Element(de), Reason::Class { byte, .. }) =
                    (error.part, error.reason)
                {
                    let sensitive = message.layout().element(de).unwrap().is_sensitive();
                    assert_eq!(byte.is_none(), sensitive, "{text}");
                }
            };
            for at in 0..fixture.bytes.len() {
                check_error(&fixture.bytes[..at]);
                for change in [1, 0x10, 0x80] {
                    let mut bytes = fixture.bytes.clone();
                    bytes[at] ^= change;
                    check_error(&bytes);
                }
            }
        }
    }
    assert!(pieces > 1000, "{pieces} pieces of secrets");
}

/// Counts the allocations of decoding, after the bytes have been copied.
fn allocations(spec: &Spec, bytes: &[u8]) -> u64 {
    let bytes = Bytes::copy_from_slice(bytes);
    measure(move || drop(std::hint::black_box(spec.decode(bytes)))).count_total
}

#[test]
fn decoding_never_allocates() {
    for (spec, fixtures) in networks() {
        for fixture in fixtures {
            for length in 0..=fixture.bytes.len() {
                assert_eq!(allocations(spec, &fixture.bytes[..length]), 0, "{}", fixture.name);
            }
        }
        for fixture in fixtures::invalid(spec.name()) {
            assert_eq!(allocations(spec, &fixture.bytes), 0, "{}", fixture.name);
        }
    }
}

#[test]
fn an_indicated_length_reserves_no_memory() {
    for (layout, indicated) in [
        ("len: 3, len_encoding: ASCII, data_encoding: ASCII, class: ans, max: 999", &b"999"[..]),
        ("len: 4, len_encoding: ASCII, data_encoding: EBCDIC, class: ans, max: 9999", b"9999"),
        ("len: 2, len_encoding: BINARY, data_encoding: BINARY, class: b, max: 65535", b"\xFF\xFF"),
        ("len: 2, len_encoding: BINARY, data_encoding: ASCII, class: b, max: 65535", b"\xFF\xFF"),
        (
            "len: 2, len_encoding: BINARY, data_encoding: BCD, class: n, max: 65535, pad: right-F, length_in: bytes",
            b"\x7F\xFF",
        ),
    ] {
        let spec = specs::of_element(&format!("type: Variable, {layout}"));
        let bytes = [b"0200\x40\0\0\0\0\0\0\0", indicated, b"0"].concat();
        let error = decoded(&spec, &bytes).unwrap_err();
        assert!(matches!(error.reason, Reason::Truncated { left: 1, .. }), "{error}");
        assert_eq!(allocations(&spec, &bytes), 0);
    }
}
