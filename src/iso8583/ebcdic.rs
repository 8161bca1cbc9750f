//! EBCDIC code pages 037 and 1047, limited to the printable ASCII characters.

#![expect(
    clippy::indexing_slicing,
    reason = "a table of 256 by a byte, and tables made at compile time"
)]

/// An EBCDIC code page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CodePage {
    /// IBM-037, the usual one of z/OS and IBM i in the Americas.
    Ibm037,
    /// IBM-1047, Latin-1 for open systems; differs in brackets and circumflex.
    Ibm1047,
}

impl CodePage {
    /// Returns the ASCII character of an EBCDIC byte. Returns 0, which only content class `b` accepts, for a
    /// byte that is not a printable ASCII character.
    #[inline]
    pub(super) const fn to_ascii(self, byte: u8) -> u8 {
        match self {
            Self::Ibm037 => TO_ASCII_037[byte as usize],
            Self::Ibm1047 => TO_ASCII_1047[byte as usize],
        }
    }

    /// Returns the EBCDIC byte of a printable ASCII character; 0 for any other byte.
    #[inline]
    pub(super) const fn to_ebcdic(self, byte: u8) -> u8 {
        match self {
            Self::Ibm037 => FROM_ASCII_037[byte as usize],
            Self::Ibm1047 => FROM_ASCII_1047[byte as usize],
        }
    }
}

const TO_ASCII_037: [u8; 256] = to_ascii(0xBA, 0xBB, 0xB0);
const TO_ASCII_1047: [u8; 256] = to_ascii(0xAD, 0xBD, 0x5F);
const FROM_ASCII_037: [u8; 256] = inverse(&TO_ASCII_037);
const FROM_ASCII_1047: [u8; 256] = inverse(&TO_ASCII_1047);

/// Runs of characters that both pages share: the first EBCDIC byte, and the ASCII characters from there on.
const RUNS: [(u8, &[u8]); 14] = [
    (0x40, b" "),
    (0x4B, b".<(+|&"),
    (0x5A, b"!$*);"),
    (0x60, b"-/"),
    (0x6B, b",%_>?"),
    (0x79, b"`:#@'=\""),
    (0x81, b"abcdefghi"),
    (0x91, b"jklmnopqr"),
    (0xA1, b"~stuvwxyz"),
    (0xC0, b"{ABCDEFGHI"),
    (0xD0, b"}JKLMNOPQR"),
    (0xE0, b"\\"),
    (0xE2, b"STUVWXYZ"),
    (0xF0, b"0123456789"),
];

/// Builds the table of a page from the bytes of the three characters in which the pages differ.
const fn to_ascii(left_bracket: u8, right_bracket: u8, circumflex: u8) -> [u8; 256] {
    let mut table = [0; 256];
    let mut run = 0;
    while run < RUNS.len() {
        let (start, characters) = RUNS[run];
        let mut at = 0;
        while at < characters.len() {
            table[start as usize + at] = characters[at];
            at += 1;
        }
        run += 1;
    }
    table[left_bracket as usize] = b'[';
    table[right_bracket as usize] = b']';
    table[circumflex as usize] = b'^';
    table
}

const fn inverse(table: &[u8; 256]) -> [u8; 256] {
    let mut inverse = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if table[byte] != 0 {
            #[expect(clippy::cast_possible_truncation, reason = "byte < 256 by the loop")]
            {
                inverse[table[byte] as usize] = byte as u8;
            }
        }
        byte += 1;
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Generated with the `Cp037` and `Cp1047` charsets of a JDK: the EBCDIC bytes of ASCII 0x20 to 0x7E.
    const JDK_037: [u8; 95] = [
        0x40, 0x5A, 0x7F, 0x7B, 0x5B, 0x6C, 0x50, 0x7D, 0x4D, 0x5D, 0x5C, 0x4E, 0x6B, 0x60, 0x4B,
        0x61, 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0x7A, 0x5E, 0x4C, 0x7E,
        0x6E, 0x6F, 0x7C, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xD1, 0xD2, 0xD3,
        0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xBA,
        0xE0, 0xBB, 0xB0, 0x6D, 0x79, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x91,
        0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8,
        0xA9, 0xC0, 0x4F, 0xD0, 0xA1,
    ];
    const JDK_1047: [u8; 95] = [
        0x40, 0x5A, 0x7F, 0x7B, 0x5B, 0x6C, 0x50, 0x7D, 0x4D, 0x5D, 0x5C, 0x4E, 0x6B, 0x60, 0x4B,
        0x61, 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0x7A, 0x5E, 0x4C, 0x7E,
        0x6E, 0x6F, 0x7C, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xD1, 0xD2, 0xD3,
        0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xAD,
        0xE0, 0xBD, 0x5F, 0x6D, 0x79, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x91,
        0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8,
        0xA9, 0xC0, 0x4F, 0xD0, 0xA1,
    ];

    #[test]
    fn both_pages_agree_with_an_independent_implementation() {
        for (page, expected) in [(CodePage::Ibm037, JDK_037), (CodePage::Ibm1047, JDK_1047)] {
            for (ascii, ebcdic) in (b' '..=b'~').zip(expected) {
                assert_eq!(page.to_ebcdic(ascii), ebcdic, "{page:?} {}", char::from(ascii));
                assert_eq!(page.to_ascii(ebcdic), ascii, "{page:?} {ebcdic:#04x}");
            }
            let printable = (0..=u8::MAX).filter(|byte| page.to_ascii(*byte) != 0).count();
            assert_eq!(printable, 95, "{page:?} maps exactly the printable characters");
        }
    }
}
