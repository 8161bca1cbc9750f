//! Encoded messages decode to the same values, in every spec and with every encoder.

use std::cell::RefCell;

use bytes::BytesMut;
use titian::iso8583::{De, Message};

use super::arbitrary::check;
use super::same::{assert_encodes_to_its_bytes, draft_of, encoded};
use super::specs;

const CASES: u32 = 400;

#[test]
fn every_message_decodes_to_its_values() {
    for spec in specs::all() {
        check(spec, CASES, |draft| {
            let bytes = encoded(spec, &draft).freeze();
            let message = spec.decode(bytes.clone()).unwrap();
            assert_eq!(message.mti(), draft.mti);
            assert_eq!(draft_of(&message).values, draft.values);
            assert_eq!(message.bytes(), &bytes);
            assert_encodes_to_its_bytes(&message);
            assert_fields_are_contiguous(&message);
            assert_fields_match_the_bitmaps(&message);
            let again = spec.message(message.clone().into_owned()).unwrap();
            assert_eq!(draft_of(&again).values, draft.values, "kept without its spec");
        });
    }
}

fn assert_fields_are_contiguous(message: &Message<'_>) {
    let mut end = message.fields().next().map_or(message.bytes().len(), |field| field.offset());
    for field in message.fields() {
        assert_eq!(field.offset(), end, "{}", field.de());
        end += field.wire().len();
        assert_eq!(field.wire(), &message.bytes()[field.offset()..end]);
        assert_eq!(field.raw(), &field.wire()[field.indicator_width()..]);
    }
    assert_eq!(end, message.bytes().len());
}

fn assert_fields_match_the_bitmaps(message: &Message<'_>) {
    let bitmaps: Vec<_> = message.bitmaps().collect();
    for de in (2..=192).filter_map(De::new) {
        let (word, bit) = (usize::from(de.number() - 1) / 64, (de.number() - 1) % 64);
        let on = bitmaps.get(word).is_some_and(|bits| bits << bit >> 63 == 1);
        assert_eq!((message.has(de), message.field(de).is_some()), (on, on), "{de}");
    }
}

#[test]
fn a_template_writes_the_same_bytes_as_an_encoder() {
    for spec in specs::all() {
        check(spec, CASES, |draft| {
            let (elements, values): (Vec<_>, Vec<_>) = draft.values.iter().cloned().unzip();
            let template = spec.template(draft.mti, &elements).unwrap();
            let mut buffer = BytesMut::from(&b"before"[..]);
            template.encode(&values, &mut buffer).unwrap();
            assert_eq!(buffer[..6], b"before"[..]);
            assert_eq!(buffer[6..], encoded(spec, &draft)[..]);
        });
    }
}

#[test]
fn messages_are_appended_to_the_buffer() {
    for spec in specs::all() {
        let stream = RefCell::new(BytesMut::new());
        check(spec, 20, |draft| {
            let stream = &mut *stream.borrow_mut();
            let before = stream.clone();
            let mut encoder = spec.encoder(draft.mti, stream).unwrap();
            for (de, value) in &draft.values {
                encoder.text(*de, value).unwrap();
            }
            encoder.finish();
            let (held, message) = stream.split_at(before.len());
            assert_eq!(held, before);
            assert_eq!(message, encoded(spec, &draft));
        });
    }
}
