//! What is encoded decodes to the same, in every spec and in every way of encoding.

use std::cell::RefCell;

use bytes::BytesMut;
use titian::iso8583::{De, Message};

use crate::arbitrary::hold;
use crate::same::{assert_encodes_to_its_bytes, draft_of, encoded};
use crate::specs;

const CASES: u32 = 400;

#[test]
fn every_message_decodes_to_the_values_it_was_encoded_from() {
    for spec in specs::all() {
        hold(spec, CASES, |draft| {
            let bytes = encoded(spec, &draft).freeze();
            let message = spec.decode(bytes.clone()).unwrap();
            assert_eq!(message.mti(), draft.mti);
            assert_eq!(draft_of(&message).values, draft.values);
            assert_eq!(message.bytes(), &bytes);
            assert_encodes_to_its_bytes(&message);
            assert_fields_lie_one_behind_the_other(&message);
            assert_has_what_the_bitmaps_say(&message);
        });
    }
}

fn assert_fields_lie_one_behind_the_other(message: &Message<'_>) {
    let mut end = message.fields().next().map_or(message.bytes().len(), |field| field.offset());
    for field in message.fields() {
        assert_eq!(field.offset(), end, "{}", field.de());
        end += field.wire().len();
        assert_eq!(field.wire(), &message.bytes()[field.offset()..end]);
        assert_eq!(field.raw(), &field.wire()[field.indicator_width()..]);
    }
    assert_eq!(end, message.bytes().len());
}

fn assert_has_what_the_bitmaps_say(message: &Message<'_>) {
    let bitmaps: Vec<_> = message.bitmaps().collect();
    for de in (2..=192).filter_map(De::new) {
        let (word, bit) = (usize::from(de.number() - 1) / 64, (de.number() - 1) % 64);
        let on = bitmaps.get(word).is_some_and(|bits| bits << bit >> 63 == 1);
        assert_eq!((message.has(de), message.field(de).is_some()), (on, on), "{de}");
    }
}

#[test]
fn a_template_gives_the_bytes_that_an_encoder_gives() {
    for spec in specs::all() {
        hold(spec, CASES, |draft| {
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
fn messages_are_written_behind_what_the_buffer_holds() {
    for spec in specs::all() {
        let stream = RefCell::new(BytesMut::new());
        hold(spec, 20, |draft| {
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
