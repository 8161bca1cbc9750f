//! Compares a message with its values encoded again.

use std::ops::Range;

use bytes::BytesMut;
use titian::iso8583::{Message, Spec};

use super::arbitrary::Draft;

/// Encodes a draft element by element.
pub(crate) fn encoded(spec: &Spec, draft: &Draft) -> BytesMut {
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(draft.mti, &mut buffer).unwrap();
    for (de, value) in &draft.values {
        encoder.text(*de, value).unwrap_or_else(|error| panic!("{error}: {value:?}"));
    }
    encoder.finish();
    buffer
}

/// Returns the values of a message.
pub(crate) fn draft_of(message: &Message<'_>) -> Draft {
    let values = message.fields().map(|field| (field.de(), field.reveal().into_owned())).collect();
    Draft { mti: message.mti(), values }
}

/// Asserts that the values of a message encode to its bytes. The case of hex on the wire may differ. An empty
/// last bitmap, which a peer may send, is not encoded.
pub(crate) fn assert_encodes_to_its_bytes(message: &Message<'_>) {
    let again = encoded(message.spec(), &draft_of(message));
    if ends_in_an_empty_bitmap(message) {
        let again = message.spec().decode(again.freeze()).unwrap();
        assert_eq!(draft_of(&again).values, draft_of(message).values);
        return;
    }
    let bytes = message.bytes();
    if again == *bytes {
        return;
    }
    assert_eq!(again.len(), bytes.len(), "{message}");
    let hex = hex_ranges(message);
    for (at, (new, old)) in again.iter().zip(bytes).enumerate() {
        let folded = hex.iter().any(|span| span.contains(&at)) && folded(*new) == folded(*old);
        assert!(new == old || folded, "{message}: byte {at} was {old:#04x} and is {new:#04x}");
    }
}

fn ends_in_an_empty_bitmap(message: &Message<'_>) -> bool {
    let bitmaps: Vec<_> = message.bitmaps().collect();
    bitmaps.len() > 1 && bitmaps.last() == Some(&0)
}

/// Returns the byte ranges that hold hex: bitmaps of characters, and bits.
fn hex_ranges(message: &Message<'_>) -> Vec<Range<usize>> {
    let body = message.fields().next().map_or(message.bytes().len(), |field| field.offset());
    let bitmaps = message.mti_width()..body;
    let hex = bitmaps.len() == 16 * message.bitmaps().count();
    let fields = message.fields().filter(|field| field.attributes().ends_with("hex"));
    let bits = fields.map(|field| field.offset()..field.offset() + field.wire().len());
    bits.chain(hex.then_some(bitmaps)).collect()
}

/// Returns a hex digit without the bits of its case, in ASCII and in EBCDIC.
fn folded(byte: u8) -> u8 {
    byte | 0x60
}
