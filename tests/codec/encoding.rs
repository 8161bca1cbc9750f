//! Values that an encoder rejects leave nothing behind.

use bytes::BytesMut;
use titian::iso8583::{Attributes, Class, De, EncodeReason, Encoder, MessageLayout, Mti};

use super::arbitrary::{Draft, check};
use super::same::encoded;
use super::specs;

const CASES: u32 = 150;

/// Returns values that no element with these attributes accepts.
fn wrong_values(attributes: Attributes) -> [String; 2] {
    let digits = if attributes.class == Class::B { 2 } else { 1 };
    ["\u{7F}".to_owned(), "C".repeat(digits * (attributes.max + 1))]
}

/// Tries values that must be rejected.
fn try_wrong(encoder: &mut Encoder<'_, '_>, layout: &MessageLayout, de: De) {
    for wrong in wrong_values(layout.attributes(de).unwrap()) {
        let error = encoder.text(de, &wrong).map(|_| ()).unwrap_err();
        assert_eq!(error.de, Some(de));
    }
}

#[test]
fn a_rejected_value_leaves_the_message_unchanged() {
    for spec in specs::all() {
        check(spec, CASES, |draft| {
            let layout = spec.layout_of(draft.mti).unwrap();
            let (last, _) = layout.elements().last().unwrap();
            let mut buffer = BytesMut::new();
            let mut encoder = spec.encoder(draft.mti, &mut buffer).unwrap();
            for (de, value) in &draft.values {
                try_wrong(&mut encoder, layout, last);
                try_wrong(&mut encoder, layout, *de);
                encoder.text(*de, value).unwrap();
                let again = encoder.text(*de, value).map(|_| ()).unwrap_err();
                assert_eq!(again.reason, EncodeReason::OutOfOrder(*de));
            }
            encoder.finish();
            assert_eq!(buffer, encoded(spec, &draft));
        });
    }
}

#[test]
fn a_dropped_encoder_leaves_the_buffer_unchanged() {
    for spec in specs::all() {
        check(spec, CASES, |draft| {
            let mut buffer = BytesMut::from(&b"before"[..]);
            let mut encoder = spec.encoder(draft.mti, &mut buffer).unwrap();
            for (de, value) in &draft.values {
                encoder.text(*de, value).unwrap();
            }
            drop(encoder);
            assert_eq!(buffer, b"before"[..]);
        });
    }
}

#[test]
fn a_template_with_a_rejected_value_leaves_the_buffer_unchanged() {
    for spec in specs::all() {
        check(spec, CASES, |draft| {
            let (elements, values): (Vec<_>, Vec<_>) = draft.values.iter().cloned().unzip();
            let layout = spec.layout_of(draft.mti).unwrap();
            let template = spec.template(draft.mti, &elements).unwrap();
            let mut buffer = BytesMut::from(&b"before"[..]);
            for (nth, de) in elements.iter().enumerate() {
                for wrong in wrong_values(layout.attributes(*de).unwrap()) {
                    let mut values = values.clone();
                    values[nth] = wrong;
                    assert_eq!(template.encode(&values, &mut buffer).unwrap_err().de, Some(*de));
                    assert_eq!(buffer, b"before"[..]);
                }
            }
            let more = [&values[..], &[String::new()]].concat();
            template.encode(&more, &mut buffer).unwrap_err();
            assert_eq!(buffer, b"before"[..]);
        });
    }
}

#[test]
fn mandatory_subfields_are_required() {
    let layout = "type: Fixed, len: 6, data_encoding: ASCII, class: n, subfields: [
        { name: one, len: 2, class: n }, { name: two, len: 4, class: n } ]";
    let spec = specs::of_element(layout);
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(Mti::new(200).unwrap(), &mut buffer).unwrap();
    for too_few in [&[][..], &["12"]] {
        assert!(encoder.fixed_subfields(De::PAN, too_few).is_err(), "{too_few:?}");
    }
    encoder.fixed_subfields(De::PAN, &["12", "3"]).unwrap();
    encoder.finish();
    assert_eq!(buffer[12..], b"120003"[..]);
}

#[test]
fn an_element_with_different_subfields_is_not_echoed() {
    let element = |subfields: &str| {
        format!(
            "{{ position: 2, name: only, id: 2, type: Variable, len: 2, len_encoding: ASCII, \
             data_encoding: ASCII, class: ans, max: 9, subfields: {subfields} }}"
        )
    };
    let tagged = element("{ tag: 1, length: 1, tags: {} }");
    let parts = element(
        "[ { name: all, len: 4, class: ans }, { name: more, len: 1, class: n, optional: true } ]",
    );
    let spec = specs::of_layouts(&[("\"0200\"", &parts), ("\"0210\"", &tagged)]);
    for (value, echoed) in [("A2bc", true), ("abcd", false)] {
        let draft = Draft { mti: Mti::new(200).unwrap(), values: vec![(De::PAN, value.into())] };
        let message = spec.decode(encoded(&spec, &draft).freeze()).unwrap();
        let mut buffer = BytesMut::new();
        let written = spec.respond::<&str>(&message, &[De::PAN], &[], &mut buffer);
        assert_eq!(written.is_ok(), echoed, "{value}");
        assert_eq!(!buffer.is_empty() && spec.decode(buffer.freeze()).is_ok(), echoed, "{value}");
    }
}
