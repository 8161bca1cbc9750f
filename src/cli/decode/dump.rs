//! The bytes of a message in hex, with sensitive data masked.

use std::ops::Range;

use super::view::View;
use crate::cli::hexdump::{ROW, readable};
use crate::iso8583::Message;

/// Writes lines of 16 bytes: offset (decimal, as in the table and in errors), hex and text.
pub(super) fn written(message: &Message<'_>, view: View) -> String {
    let hidden = hidden(message, view);
    let bytes: Vec<_> = (0..)
        .zip(message.bytes())
        .map(|(at, byte)| (!hidden.iter().any(|range| range.contains(&at))).then_some(*byte))
        .collect();
    (0..).step_by(ROW).zip(bytes.chunks(ROW)).map(|(at, row)| line(at, row)).collect()
}

/// Returns the ranges of bytes that must be masked.
fn hidden(message: &Message<'_>, view: View) -> Vec<Range<usize>> {
    message
        .fields()
        .filter(|field| view.hides(field))
        .map(|field| {
            let end = field.offset() + field.wire().len();
            field.offset() + field.indicator_width()..end
        })
        .collect()
}

fn line(at: usize, row: &[Option<u8>]) -> String {
    let mut hex = String::new();
    for (place, byte) in row.iter().enumerate() {
        if place == ROW / 2 {
            hex.push(' ');
        }
        hex += &byte.map_or_else(|| "** ".to_owned(), |byte| format!("{byte:02X} "));
    }
    let text: String = row.iter().map(|byte| byte.map_or('*', readable)).collect();
    format!("{at:04}  {hex:<width$} {text}\n", width = ROW * 3 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_byte_is_hidden_in_hex_and_text() {
        let row = [Some(b'0'), Some(0xF2), None];
        let text = line(16, &row);
        assert_eq!(text, format!("0016  30 F2 **{}0.*\n", " ".repeat(42)));
    }
}
