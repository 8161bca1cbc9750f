//! Hex dumps, as Wireshark (Hex + ASCII), xxd, hexdump -C and `titian decode --hex` print them.

use super::hex;

/// Bytes in a line.
pub(super) const ROW: usize = 16;

/// The bytes of a dump; `None` if the text is none. Every line of one begins with its offset.
pub(super) fn read(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (_, line) in hex::lines(text).filter(|(_, line)| !line.trim().is_empty()) {
        let (offset, row) = split_offset(line)?;
        if !is_offset(offset, bytes.len()) {
            return None;
        }
        bytes.extend(read_row(row)?);
    }
    if bytes.is_empty() { None } else { Some(bytes) }
}

/// The offset, and the line behind the colon or the two blanks after it; fewer are between bytes too.
fn split_offset(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let end = line.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(line.len());
    let (offset, rest) = line.split_at_checked(end)?;
    let row = rest.strip_prefix(": ").or_else(|| rest.strip_prefix("  "));
    row.or_else(|| rest.is_empty().then_some(rest)).map(|row| (offset, row.trim_start()))
}

fn is_offset(text: &str, at: usize) -> bool {
    let is = |base| usize::from_str_radix(text, base).is_ok_and(|offset| offset == at);
    text.len() >= 4 && (is(16) || is(10))
}

/// The bytes of a line. The text column begins where the blanks are wider than between bytes: three, or two
/// but for those in the middle of the line.
fn read_row(row: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = row;
    while bytes.len() < ROW && !rest.is_empty() {
        let end = rest.find(' ').unwrap_or(rest.len());
        let (group, behind) = rest.split_at_checked(end)?;
        bytes.extend(hex::read(group).ok()?);
        let blanks = behind.len() - behind.trim_start().len();
        if blanks > 2 || (blanks == 2 && bytes.len() != ROW / 2) {
            break;
        }
        rest = behind.trim_start();
    }
    (bytes.len() <= ROW).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = b"0200\xF2\x3A\x44\x01\x88\xE1\x80\0\0\0\0\0abcd 12 ";

    #[test]
    fn the_dumps_that_people_paste_are_read() {
        for dump in [
            "0000   30 32 30 30 f2 3a 44 01 88 e1 80 00 00 00 00 00   0200.:D.........\n\
             0010   61 62 63 64 20 31 32 20                           abcd 12 \n",
            "00000000: 3032 3030 f23a 4401 88e1 8000 0000 0000  0200.:D.........\n\
             00000010: 6162 6364 2031 3220                      abcd 12 \n",
            "00000000  30 32 30 30 f2 3a 44 01  88 e1 80 00 00 00 00 00  |0200.:D.........|\n\
             00000010  61 62 63 64 20 31 32 20                           |abcd 12 |\n\
             00000018\n",
            "0000  30 32 30 30 F2 3A 44 01  88 E1 80 00 00 00 00 00  0200.:D.........\n\
             0016  61 62 63 64 20 31 32 20                           abcd 12 \n",
        ] {
            assert_eq!(read(dump).as_deref(), Some(BYTES), "{dump}");
        }
    }

    #[test]
    fn hex_without_offsets_is_no_dump() {
        for text in ["", "3032", "0000 0044 4953", "0000", "0001  30 32", "0000  30 3G"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
