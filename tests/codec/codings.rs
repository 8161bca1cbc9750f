//! The wire encoding of values, byte by byte, as `docs/specs.md` defines the codings.

use bytes::{Bytes, BytesMut};
use titian::iso8583::{
    Class, De, EncodeError, EncodeReason, Mti, Reason, Spec, SubfieldFault, SubfieldReason,
};

use super::specs;

const ONLY: De = De::PAN;
const REQUEST: Mti = Mti::new(200).unwrap();
/// MTI and bitmap of a message with DE2 only.
const HEAD: &[u8] = b"0200\x40\0\0\0\0\0\0\0";

fn encoded(spec: &Spec, value: &str) -> Result<Bytes, EncodeError> {
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(REQUEST, &mut buffer)?;
    encoder.text(ONLY, value)?;
    encoder.finish();
    Ok(buffer.freeze())
}

#[test]
fn every_coding_encodes_and_decodes_these_bytes() {
    for (layout, value, wire) in [
        ("type: Fixed, len: 3, data_encoding: ASCII, class: n", "123", &b"123"[..]),
        ("type: Fixed, len: 3, data_encoding: EBCDIC, class: x+n", "C12", b"\xC3\xF1\xF2"),
        ("type: Fixed, len: 3, data_encoding: EBCDIC, class: ns", "[]^", b"\xBA\xBB\xB0"),
        (
            "type: Fixed, len: 3, data_encoding: EBCDIC, class: ns, code_page: \"1047\"",
            "[]^",
            b"\xAD\xBD\x5F",
        ),
        ("type: Fixed, len: 2, data_encoding: BCD, class: n", "0123", b"\x01\x23"),
        ("type: Fixed, len: 2, data_encoding: BCD, class: n, digits: 3", "123", b"\x01\x23"),
        (
            "type: Fixed, len: 2, data_encoding: BCD, class: n, digits: 3, pad: right-0",
            "123",
            b"\x12\x30",
        ),
        (
            "type: Fixed, len: 2, data_encoding: BCD, class: n, digits: 3, pad: right-F",
            "123",
            b"\x12\x3F",
        ),
        ("type: Fixed, len: 2, data_encoding: BINARY, class: b", "0AFF", b"\x0A\xFF"),
        ("type: Fixed, len: 4, data_encoding: ASCII, class: b", "0AFF", b"0AFF"),
        ("type: Fixed, len: 4, data_encoding: EBCDIC, class: b", "0AFF", b"\xF0\xC1\xC6\xC6"),
        (
            "type: Variable, len: 1, len_encoding: ASCII, data_encoding: EBCDIC, class: a, max: 9",
            "a B",
            b"3\x81\x40\xC2",
        ),
        (
            "type: Variable, len: 4, len_encoding: ASCII, data_encoding: BINARY, class: b, max: 9",
            "0AFF",
            b"0002\x0A\xFF",
        ),
        (
            "type: Variable, len: 3, len_encoding: EBCDIC, data_encoding: ASCII, class: ans, max: 9",
            "A~",
            b"\xF0\xF0\xF2A~",
        ),
        (
            "type: Variable, len: 1, len_encoding: BCD, data_encoding: BCD, class: n, max: 19",
            "12345678901",
            b"\x11\x01\x23\x45\x67\x89\x01",
        ),
        (
            "type: Variable, len: 2, len_encoding: BCD, data_encoding: BCD, class: z, max: 37, pad: right-F",
            "601D9",
            b"\x00\x05\x60\x1D\x9F",
        ),
        (
            "type: Variable, len: 1, len_encoding: BCD, data_encoding: BCD, class: n, max: 9, pad: right-F, length_in: bytes",
            "12345",
            b"\x03\x12\x34\x5F",
        ),
        (
            "type: Variable, len: 1, len_encoding: BINARY, data_encoding: BCD, class: n, max: 9, pad: right-F, length_in: bytes",
            "1234",
            b"\x02\x12\x34",
        ),
        (
            "type: Variable, len: 2, len_encoding: BINARY, data_encoding: EBCDIC, class: b, max: 9",
            "0AFF",
            b"\x00\x02\xF0\xC1\xC6\xC6",
        ),
        (
            "type: Variable, len: 2, len_encoding: ASCII, data_encoding: ASCII, class: z, max: 37",
            "601=9?",
            b"06601=9?",
        ),
    ] {
        let spec = specs::of_element(layout);
        let bytes = encoded(&spec, value).unwrap();
        assert_eq!(bytes, [HEAD, wire].concat(), "{layout}");
        assert_eq!(spec.decode(bytes).unwrap().field(ONLY).unwrap().reveal(), value, "{layout}");
    }
}

#[test]
fn hex_is_accepted_in_either_case_and_written_in_upper_case() {
    for layout in [
        "type: Fixed, len: 2, data_encoding: BINARY, class: b",
        "type: Fixed, len: 4, data_encoding: ASCII, class: b",
        "type: Fixed, len: 4, data_encoding: EBCDIC, class: b",
    ] {
        let spec = specs::of_element(layout);
        assert_eq!(encoded(&spec, "0aFf"), encoded(&spec, "0AFF"), "{layout}");
    }
    let spec = specs::of_element("type: Fixed, len: 4, data_encoding: EBCDIC, class: b");
    let lower = [HEAD, b"\xF0\x81\xC6\x86"].concat();
    let message = spec.decode(lower.into()).unwrap();
    assert_eq!(message.field(ONLY).unwrap().reveal(), "0AFF");
}

#[test]
fn a_duplicate_tag_is_rejected_in_every_coding() {
    for (layout, twice) in [
        ("len: 2, len_encoding: ASCII, data_encoding: ASCII, class: ans", "A1xB0A1y"),
        ("len: 2, len_encoding: ASCII, data_encoding: EBCDIC, class: ans", "A1xB0A1y"),
        ("len: 1, len_encoding: BCD, data_encoding: BCD, class: n", "11920117"),
    ] {
        let subfields = "max: 99, subfields: { tag: 1, length: 1, tags: {} }";
        let spec = specs::of_element(&format!("type: Variable, {layout}, {subfields}"));
        encoded(&spec, &twice[..5]).unwrap();
        let error = encoded(&spec, twice).unwrap_err();
        let fault = SubfieldFault { position: 5, reason: SubfieldReason::DuplicateTag };
        assert_eq!(error.reason, EncodeReason::Subfields(fault), "{layout}");

        let whole = specs::of_element(&format!("type: Variable, {layout}, max: 99"));
        let refused = spec.decode(encoded(&whole, twice).unwrap()).unwrap_err();
        assert_eq!(refused.reason, Reason::Subfields(fault), "{layout}");
    }
}

#[test]
fn track_data_without_a_bcd_nibble_is_rejected() {
    let spec = specs::of_element(
        "type: Variable, len: 1, len_encoding: BCD, data_encoding: BCD, class: z, max: 37",
    );
    for sign in [':', ';', '<', '>', '?'] {
        let error = encoded(&spec, &format!("601{sign}99")).unwrap_err();
        assert_eq!(error.reason, EncodeReason::Class { class: Class::Z, position: 3 });
    }
    let separated = encoded(&spec, "601=99").unwrap();
    assert_eq!(separated, encoded(&spec, "601D99").unwrap());
    assert_eq!(spec.decode(separated).unwrap().field(ONLY).unwrap().reveal(), "601D99");
}

#[test]
fn the_longest_message_is_encoded_and_a_longer_one_is_rejected() {
    let spec = specs::of_element(
        "type: Variable, len: 2, len_encoding: BINARY, data_encoding: ASCII, class: ans, max: 65535",
    );
    let most = 65_535 - HEAD.len() - 2;
    for length in [0, 9_999, most] {
        let value = "x".repeat(length);
        let bytes = encoded(&spec, &value).unwrap();
        assert_eq!(spec.decode(bytes).unwrap().field(ONLY).unwrap().reveal(), value);
    }
    let error = encoded(&spec, &"x".repeat(most + 1)).unwrap_err();
    assert_eq!(error.reason, EncodeReason::TooLarge);
    let template = spec.template(REQUEST, &[ONLY]).unwrap();
    let mut buffer = BytesMut::new();
    let error = template.encode(&["x".repeat(most + 1)], &mut buffer).unwrap_err();
    assert_eq!(error.reason, EncodeReason::TooLarge);
    assert!(buffer.is_empty());
}
