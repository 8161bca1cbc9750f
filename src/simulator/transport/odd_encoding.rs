//! Makes the encoding of a message odd in one place.

use bytes::{BufMut, BytesMut};

use crate::iso8583::De;
use crate::simulator::{OddBytes, TextMessage};

/// Bytes of the message type in characters, before the bitmap.
const MTI: usize = 4;
/// The bit of DE5 in the first byte of a binary bitmap, and in the second character of a hexadecimal one.
const DE5: u8 = 0x08;
/// A byte that is a letter in Latin-1, and no character in ASCII.
const NOT_ASCII: u8 = 0xC9;

/// Changes the bytes of an encoded message. Bytes that lack the element stay as they are.
pub(super) fn make_odd(
    bytes: &mut BytesMut,
    odd: OddBytes,
    message: &TextMessage,
    has_hex_bitmaps: bool,
) {
    match odd {
        OddBytes::NotAscii => {
            let name = message.get(De::CARD_ACCEPTOR_NAME).unwrap_or_default();
            if let Some(byte) = find(bytes, name).and_then(|at| bytes.get_mut(at + 1)) {
                *byte = NOT_ASCII;
            }
        }
        OddBytes::EmptyNames => {
            let names = message.get(De::ADDITIONAL_DATA).unwrap_or_default();
            let with_length = format!("{:03}{names}", names.len());
            if let Some(at) = find(bytes, &with_length) {
                let rest = bytes.split_off(at);
                bytes.extend_from_slice(b"000");
                bytes.extend(rest.get(with_length.len()..).unwrap_or_default());
            }
        }
        OddBytes::UndefinedElement if has_hex_bitmaps => {
            if let Some(digit) = bytes.get_mut(MTI + 1) {
                *digit = with_bit(*digit);
            }
        }
        OddBytes::UndefinedElement => {
            if let Some(byte) = bytes.get_mut(MTI) {
                *byte |= DE5;
            }
        }
        OddBytes::TrailingByte => bytes.put_u8(b' '),
    }
}

/// Finds a text in a message.
fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len().max(1)).position(|window| window == text.as_bytes())
}

/// Sets the bit of DE5 in a hexadecimal digit. Another byte stays as it is.
fn with_bit(digit: u8) -> u8 {
    let value = char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let text = value.map(|value| format!("{:X}", value | DE5));
    text.and_then(|text| text.bytes().next()).unwrap_or(digit)
}
