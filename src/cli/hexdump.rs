//! Reads hex dumps, as Wireshark (Hex + ASCII), xxd, hexdump -C, tcpdump -X and `titian decode --hex` print
//! them.

use super::hex::{self, NotHex};

/// The number of bytes in a line of our own dumps.
pub(super) const ROW: usize = 16;

/// A line of a dump.
struct Row<'t> {
    /// From 1.
    line: usize,
    offset: &'t str,
    rest: &'t str,
}

/// Reads the bytes of a dump; `None` if the text is not a dump. Every line of a dump begins with its offset,
/// so the first line decides. A dump is read completely or not at all.
pub(super) fn read(text: &str) -> Option<Result<Vec<u8>, NotHex>> {
    let lines = hex::lines(text).filter(|(_, line)| !line.trim().is_empty());
    let rows: Vec<_> = lines.map(|(line, text)| row(line + 1, text)).collect();
    let first = rows.first()?.as_ref().ok()?;
    if first.rest.is_empty() || usize::from_str_radix(first.offset, 16) != Ok(0) {
        return None;
    }
    Some(rows.into_iter().collect::<Result<Vec<_>, _>>().and_then(|rows| {
        // Our own dumps have decimal offsets, like the errors.
        read_rows(&rows, 16).or_else(|wrong| read_rows(&rows, 10).map_err(|_| wrong))
    }))
}

/// Splits a line into its offset and the rest. A colon or two spaces separate them; a single space may
/// separate bytes.
fn row(line: usize, text: &str) -> Result<Row<'_>, NotHex> {
    let split = || {
        let text = text.trim_start();
        let text = text.strip_prefix("0x").unwrap_or(text);
        let end = text.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(text.len());
        let (offset, rest) = text.split_at_checked(end).filter(|(offset, _)| offset.len() >= 4)?;
        let row = rest.strip_prefix(": ").or_else(|| rest.strip_prefix("  "));
        let row = row.or_else(|| rest.is_empty().then_some(rest))?;
        Some(Row { line, offset, rest: row.trim() })
    };
    split().ok_or(NotHex::Row { line })
}

/// Reads the rows. The offset of the next row defines the number of bytes of a row; the last row is not
/// limited.
fn read_rows(rows: &[Row<'_>], base: u32) -> Result<Vec<u8>, NotHex> {
    let mut bytes = Vec::new();
    for (nth, row) in rows.iter().enumerate() {
        let wrong = NotHex::Row { line: row.line };
        let offset = |row: &Row<'_>| usize::from_str_radix(row.offset, base).map_err(|_| wrong);
        let next = rows.get(nth + 1).map(offset).transpose()?;
        let count = next.map(|next| next.checked_sub(bytes.len()).ok_or(wrong)).transpose()?;
        if offset(row)? != bytes.len() {
            return Err(wrong);
        }
        bytes.extend(read_row(row.rest, count).ok_or(wrong)?);
    }
    Ok(bytes)
}

/// Reads the bytes of a row without its text, which follows two spaces or more. Bytes may also be separated
/// by two spaces. So if the number of bytes is unknown, the text must match them.
fn read_row(row: &str, count: Option<usize>) -> Option<Vec<u8>> {
    let whole = hex::read(row).ok();
    let ends = row.match_indices("  ").map(|(end, _)| end);
    let split = ends.filter_map(|end| row.split_at_checked(end)).find_map(|(bytes, text)| {
        let bytes = hex::read(bytes).ok()?;
        let right = count.map_or_else(|| is_text_of(&bytes, text), |count| bytes.len() == count);
        right.then_some(bytes)
    });
    split.or(whole.filter(|bytes| count.is_none_or(|count| bytes.len() == count)))
}

/// Returns whether a text is the readable form of bytes. Spaces around it may or may not belong to it.
fn is_text_of(bytes: &[u8], text: &str) -> bool {
    let read: String = bytes.iter().map(|byte| readable(*byte)).collect();
    let text = text.trim();
    let framed = text.strip_prefix('|').and_then(|text| text.strip_suffix('|'));
    text == read.trim() || framed == Some(&read)
}

/// Returns the character that dumps show for a byte.
pub(super) const fn readable(byte: u8) -> char {
    if matches!(byte, b' '..=b'~') { byte as char } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = b"0200\xF2\x3A\x44\x01\x88\xE1\x80\0\0\0\0\0abcd 12 ";

    fn bytes(dump: &str) -> Option<Vec<u8>> {
        read(dump).and_then(Result::ok)
    }

    #[test]
    fn dumps_of_common_tools_are_read() {
        for dump in [
            "0000   30 32 30 30 f2 3a 44 01 88 e1 80 00 00 00 00 00   0200.:D.........\n\
             0010   61 62 63 64 20 31 32 20                           abcd 12 \n",
            "00000000: 3032 3030 f23a 4401 88e1 8000 0000 0000  0200.:D.........\n\
             00000010: 6162 6364 2031 3220                      abcd 12 \n",
            "00000000: 3032 3030 f23a 4401 88e1 8000 0000 0000 6162 6364 2031 3220  0200.:D.........abcd 12\n",
            "00000000: 30 32 30 30 f2  0200.\n00000005: 3a 44 01 88 e1  :D...\n\
             0000000a: 80 00 00 00 00  .....\n0000000f: 00 61 62 63 64  .abcd\n00000014: 20 31 32 20      12 \n",
            "00000000  30 32 30 30 f2 3a 44 01  88 e1 80 00 00 00 00 00  |0200.:D.........|\n\
             00000010  61 62 63 64 20 31 32 20                           |abcd 12 |\n\
             00000018\n",
            "0000  30 32 30 30 F2 3A 44 01  88 E1 80 00 00 00 00 00  0200.:D.........\n\
             0016  61 62 63 64 20 31 32 20                           abcd 12 \n",
            "\t0x0000:  3032 3030 f23a 4401 88e1 8000 0000 0000  0200.:D.........\n\
             \t0x0010:  6162 6364 2031 3220                      abcd 12\n",
            "\t0x0000:  3032 3030 f23a 4401 88e1 8000 0000 0000\n\t0x0010:  6162 6364 2031 3220\n",
            "0000  30 32 30 30 f2 3a 44 01  88 e1 80 00 00 00 00 00\n0010  61 62 63 64 20 31 32 20\n",
        ] {
            assert_eq!(bytes(dump).as_deref(), Some(BYTES), "{dump}");
        }
        let one_row = "00000000  61 62 63 64 65 66 67 68  69 6a                     |abcdefghij|\n";
        assert_eq!(bytes(one_row).as_deref(), Some(&b"abcdefghij"[..]));
    }

    #[test]
    fn hex_without_offsets_is_not_a_dump() {
        for text in ["", "3032", "0000 0044 4953", "0000", "0001  30 32"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn an_invalid_row_is_reported_and_the_dump_is_rejected() {
        for (dump, line) in [
            ("0000  30 3G", 1),
            ("0000  30 32\n*\n0020  30 32", 2),
            ("0000  30 32\n0003  30 32", 1),
            ("0000  30 32  xy", 1),
            ("0000  30 32\n0002  30 **  0*", 2),
        ] {
            assert_eq!(read(dump), Some(Err(NotHex::Row { line })), "{dump}");
        }
    }
}
