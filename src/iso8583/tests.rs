use bytes::{Bytes, BytesMut};

use super::*;

const REQUEST: Mti = Mti::new(200).unwrap();

/// A spec with these layouts, each with an MTI and its DE2.
fn spec(layouts: &[(&str, &str)]) -> Spec {
    let mti = "id: 0, type: Fixed, len: 4, data_encoding: ASCII";
    let layout = |(selector, element): &(&str, &str)| {
        format!(
            "  - {{ name: layout, id: 0, selector: [{selector}], fields: [\n    \
             {{ name: message_type, {mti} }},\n    \
             {{ name: bitmap, id: 0, type: Bitmapped, len: 0, data_encoding: BINARY, children: [\n    \
             {{ name: only, id: 0, position: 2, {element} }} ] }} ] }}\n"
        )
    };
    let layouts: String = layouts.iter().map(layout).collect();
    let text = format!(
        "name: test\nid: 0\nframing: {{ length: big2 }}\n\
         header_fields: [ {{ name: mti, {mti} }} ]\nmessages:\n{layouts}"
    );
    Spec::parse("test", &text).unwrap_or_else(|faults| panic!("{faults}"))
}

fn of_element(element: &str) -> Spec {
    spec(&[("\"0200\"", element)])
}

/// Returns the bytes of DE2 that a call of the encoder writes.
fn written(
    spec: &Spec,
    write: impl FnOnce(&mut Encoder<'_, '_>) -> Result<(), EncodeError>,
) -> Result<Bytes, EncodeError> {
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(REQUEST, &mut buffer)?;
    write(&mut encoder)?;
    encoder.finish();
    Ok(buffer.split_off(12).freeze())
}

fn text(spec: &Spec, value: &str) -> Result<Bytes, EncodeError> {
    written(spec, |encoder| encoder.text(De::PAN, value).map(|_| ()))
}

#[test]
fn a_fixed_element_is_padded_unless_it_is_empty() {
    for (class, padded) in [("n", "000"), ("ans", "0  ")] {
        let spec =
            of_element(&format!("type: Fixed, len: 3, data_encoding: ASCII, class: {class}"));
        assert_eq!(text(&spec, "0").unwrap(), padded);
        let reason = text(&spec, "").unwrap_err().reason;
        assert!(matches!(reason, EncodeReason::TooShort { length: 0, min: 1, .. }), "{reason}");
        let template = spec.template(REQUEST, &[De::PAN]).unwrap();
        let refused = template.encode(&[""], &mut BytesMut::new()).unwrap_err();
        assert_eq!(refused.reason, reason);
    }
}

#[test]
fn a_number_is_accepted_by_numeric_elements_only() {
    let number = |layout: &str| {
        written(&of_element(layout), |encoder| encoder.number(De::PAN, 42).map(|_| ()))
    };
    assert_eq!(number("type: Fixed, len: 5, data_encoding: ASCII, class: n").unwrap(), "00042");
    assert_eq!(number("type: Fixed, len: 2, data_encoding: BCD, class: n").unwrap(), b"\0\x42"[..]);
    for (class, length) in [("b", 4), ("ans", 4), ("z", 4), ("x+n", 4)] {
        let layout = format!("type: Fixed, len: {length}, data_encoding: ASCII, class: {class}");
        let reason = number(&layout).unwrap_err().reason;
        assert!(matches!(reason, EncodeReason::NotNumeric(_)), "{class}: {reason}");
    }
}

#[test]
fn subfields_of_any_length_are_joined() {
    let spec = of_element(
        "type: Variable, len: 4, len_encoding: ASCII, data_encoding: ASCII, class: ans, max: 4000,
         subfields: [{ name: one, len: 1500, class: ans }, { name: two, len: 2500, class: n }]",
    );
    let bytes = written(&spec, |encoder| encoder.fixed_subfields(De::PAN, &["a", "1"]).map(|_| ()))
        .unwrap();
    assert_eq!(bytes, format!("4000{:1500}{:02500}", "a", 1));
}

#[test]
fn a_message_longer_than_any_frame_is_rejected() {
    let spec = of_element(
        "type: Variable, len: 2, len_encoding: BINARY, data_encoding: ASCII, class: ans, max: 65535",
    );
    let template = spec.template(REQUEST, &[De::PAN]).unwrap();
    for (length, fits) in [(65_521, true), (65_522, false)] {
        let value = "x".repeat(length);
        assert_eq!(text(&spec, &value).is_ok(), fits);
        let mut buffer = BytesMut::from(&b"before"[..]);
        let reason = template.encode(&[&value], &mut buffer).map_err(|error| error.reason);
        assert_eq!(reason, if fits { Ok(()) } else { Err(EncodeReason::TooLarge) });
        assert_eq!(buffer.len(), if fits { 6 + 65_535 } else { 6 });
    }
}

#[test]
fn a_repeat_has_the_layout_of_its_original() {
    let digits = "type: Fixed, len: 4, data_encoding: ASCII, class: n";
    let spec = spec(&[("\"0200\"", digits), ("\"0201\", \"0210\"", digits)]);
    let mut original = BytesMut::new();
    let mut encoder = spec.encoder(REQUEST, &mut original).unwrap();
    encoder.text(De::PAN, "1234").unwrap();
    encoder.finish();
    let mut buffer = BytesMut::new();
    let refused = spec.repeat(&original, &mut buffer).unwrap_err();
    assert_eq!(refused.reason, EncodeReason::LayoutDiffers(Mti::new(201).unwrap()));
    assert!(buffer.is_empty());

    let message = spec.decode(original.freeze()).unwrap();
    spec.respond::<&str>(&message, &[De::PAN], &[], &mut buffer).unwrap();
    assert!(buffer.ends_with(b"1234"), "an element with another layout is encoded anew");
}

#[test]
fn an_element_is_echoed_in_the_coding_of_the_response() {
    let spec = spec(&[
        ("\"0200\"", "type: Fixed, len: 4, data_encoding: ASCII, class: n"),
        ("\"0210\"", "type: Fixed, len: 3, data_encoding: BCD, class: n"),
    ]);
    let head = b"0200\x40\0\0\0\0\0\0\0";
    let message = spec.decode([&head[..], b"1234"].concat().into()).unwrap();
    let mut buffer = BytesMut::new();
    spec.respond::<&str>(&message, &[De::PAN], &[], &mut buffer).unwrap();
    assert_eq!(buffer[12..], *b"\x00\x12\x34");
}

#[test]
fn a_length_in_bytes_is_reported_in_bytes() {
    let spec = of_element(
        "type: Variable, len: 1, len_encoding: BINARY, data_encoding: BCD, class: n, min: 3, max: 5, \
         pad: right-F, length_in: bytes",
    );
    let decoded = |wire: &[u8]| {
        let input = [b"0200\x40\0\0\0\0\0\0\0", wire].concat();
        spec.decode(input.into()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(decoded(b"\x03\x12\x34\x5F"), Ok(()));
    for (wire, reason) in [
        (&b"\x04\x12\x34\x56\x78"[..], "12: the length is 4 bytes, the maximum is 3"),
        (b"\x01\x12", "12: the length is 1 byte, the minimum is 2"),
        (b"\x03\x12\x34\x56", "12: the length is 6 digits, the maximum is 5"),
        (b"\x03\x12\x34", "13: the message ends here: 3 bytes needed, 2 left"),
    ] {
        assert_eq!(decoded(wire), Err(format!("DE2 (only) at byte {reason}")));
    }
}

#[test]
fn errors_name_position_and_unit() {
    let signed = of_element("type: Fixed, len: 4, data_encoding: ASCII, class: x+n");
    let tagged = of_element(
        "type: Variable, len: 2, len_encoding: ASCII, data_encoding: ASCII, class: ans, max: 20, \
         subfields: { tag: 2, length: 1, tags: {} }",
    );
    let tags = |tag: &str| {
        written(&tagged, |encoder| encoder.tagged_subfields(De::PAN, &[(tag, "x")]).map(|_| ()))
            .unwrap_err()
    };
    let template = signed.template(REQUEST, &[De::PAN]).unwrap();
    let count = template.encode(&["C123", "1"], &mut BytesMut::new()).unwrap_err();
    for (error, expected) in [
        (
            text(&signed, "1234").unwrap_err(),
            "DE2: character 1 is invalid: class x+n allows C or D as the first character",
        ),
        (
            text(&signed, "C12D").unwrap_err(),
            "DE2: character 4 is invalid: class x+n allows digits after C or D",
        ),
        (text(&signed, "C").unwrap_err(), "DE2: the value has 1 character, the minimum is 4"),
        (tags("ABC"), "DE2: a tag must have 2 characters (got 3)"),
        (count, "the template needs 1 values, one per data element (got 2)"),
    ] {
        assert_eq!(error.to_string(), expected);
    }
    let bytes = [b"0200\x40\0\0\0\0\0\0\0", &b"C123?"[..]].concat();
    let after = signed.decode(bytes.into()).unwrap_err();
    assert_eq!(after.to_string(), "message at byte 16: 1 byte left after the last data element");
}

/// The first element behind 64 moves what is written, because it needs a second bitmap.
#[test]
fn the_bytes_of_a_written_element_are_those_of_the_message() {
    for (name, text) in Spec::SHIPPED {
        let spec = Spec::parse(name, text).unwrap();
        let mut buffer = BytesMut::from(&b"before"[..]);
        let mut encoder = spec.encoder(REQUEST, &mut buffer).unwrap();
        let values = [(De::STAN, "000042"), (De::FROM_ACCOUNT, "1234567"), (De::TO_ACCOUNT, "89")];
        let wires = values.map(|(de, text)| encoder.text_wire(de, text).unwrap().to_vec());
        encoder.finish();
        let message = spec.decode(buffer.split_off(6).freeze()).unwrap();
        for ((de, _), wire) in values.iter().zip(&wires) {
            assert_eq!(message.wire(*de), Some(wire.as_slice()), "{name} {de}");
        }
    }
}
