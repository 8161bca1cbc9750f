//! What an encoder refuses leaves no trace.

use bytes::BytesMut;
use titian::iso8583::{Class, De, EncodeReason, Encoder, Form, MessageLayout, Mti};

use crate::arbitrary::{Draft, hold};
use crate::same::encoded;
use crate::specs;

const CASES: u32 = 150;

/// Values that no element of this form takes.
fn wrong_values(form: Form) -> [String; 2] {
    let digits = if form.class == Class::B { 2 } else { 1 };
    ["\u{7F}".to_owned(), "C".repeat(digits * (form.max + 1))]
}

/// Tries values that must be refused.
fn try_wrong(encoder: &mut Encoder<'_, '_>, layout: &MessageLayout, de: De) {
    for wrong in wrong_values(layout.form(de).unwrap()) {
        let error = encoder.text(de, &wrong).map(|_| ()).unwrap_err();
        assert_eq!(error.de, Some(de));
    }
}

#[test]
fn a_refused_value_leaves_the_message_as_it_was() {
    for spec in specs::all() {
        hold(spec, CASES, |draft| {
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
fn an_encoder_that_is_given_up_leaves_the_buffer_as_it_was() {
    for spec in specs::all() {
        hold(spec, CASES, |draft| {
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
fn a_template_that_is_refused_a_value_leaves_the_buffer_as_it_was() {
    for spec in specs::all() {
        hold(spec, CASES, |draft| {
            let (elements, values): (Vec<_>, Vec<_>) = draft.values.iter().cloned().unzip();
            let layout = spec.layout_of(draft.mti).unwrap();
            let template = spec.template(draft.mti, &elements).unwrap();
            let mut buffer = BytesMut::from(&b"before"[..]);
            for (nth, de) in elements.iter().enumerate() {
                for wrong in wrong_values(layout.form(*de).unwrap()) {
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
fn parts_that_may_not_be_missing_may_not_be_left_out() {
    let layout = "type: Fixed, len: 6, data_encoding: ASCII, class: n, subfields: [
        { name: one, len: 2, class: n }, { name: two, len: 4, class: n } ]";
    let spec = specs::of_element(layout);
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(Mti::new(200).unwrap(), &mut buffer).unwrap();
    for too_few in [&[][..], &["12"]] {
        assert!(encoder.parts(De::PAN, too_few).is_err(), "{too_few:?}");
    }
    encoder.parts(De::PAN, &["12", "3"]).unwrap();
    encoder.finish();
    assert_eq!(buffer[12..], b"120003"[..]);
}

#[test]
fn an_element_that_is_made_of_other_subfields_is_not_echoed() {
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
        let written = spec.respond(&message, &[De::PAN], &[], &mut buffer);
        assert_eq!(written.is_ok(), echoed, "{value}");
        assert_eq!(!buffer.is_empty() && spec.decode(buffer.freeze()).is_ok(), echoed, "{value}");
    }
}
