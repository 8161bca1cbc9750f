//! Hex in the forms that people paste: with spaces, colons, `0x`, comments.

use std::fmt;

/// Text that is not hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotHex {
    /// An odd number of digits.
    Odd {
        /// The number of digits.
        digits: usize,
    },
    /// A line of a dump that does not continue the previous ones, or whose text does not match its bytes.
    Row {
        /// From 1.
        line: usize,
    },
    /// A character that is not a hex digit. It is not shown, because the text may be a message.
    Character {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

impl fmt::Display for NotHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Odd { digits } => {
                write!(f, "{digits} hex digits, an odd number: a digit is missing or extra")
            }
            Self::Row { line } => write!(f, "line {line} of the hex dump is invalid"),
            Self::Character { line: 1, column } => {
                write!(f, "character {column} is not a hex digit")
            }
            Self::Character { line, column } => {
                write!(f, "character {column} of line {line} is not a hex digit")
            }
        }
    }
}

/// Reads hex. Spaces, line ends, colons and commas between the digits are ignored, and so are `0x` in front
/// of digits and lines that begin with `#`.
pub(super) fn read(text: &str) -> Result<Vec<u8>, NotHex> {
    let mut digits = Vec::new();
    for (line, content) in lines(text) {
        read_line(content, &mut digits)
            .map_err(|column| NotHex::Character { line: line + 1, column: column + 1 })?;
    }
    let (pairs, rest) = digits.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
    } else {
        Err(NotHex::Odd { digits: digits.len() })
    }
}

/// Returns the lines that are not comments, with their numbers from 0.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'))
}

/// Reads the digits of a line. The error is the index of a character that is not a hex digit.
fn read_line(line: &str, digits: &mut Vec<u8>) -> Result<(), usize> {
    let mut between = true;
    let mut characters = line.chars().enumerate().peekable();
    while let Some((at, character)) = characters.next() {
        if character.is_whitespace() || matches!(character, ':' | ',') {
            between = true;
            continue;
        }
        let prefix = between && character == '0';
        between = false;
        if prefix && characters.next_if(|(_, next)| matches!(next, 'x' | 'X')).is_some() {
            continue;
        }
        digits.push(digit(character).ok_or(at)?);
    }
    Ok(())
}

fn digit(character: char) -> Option<u8> {
    character.to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_in_all_pasted_forms() {
        for text in [
            "30323a",
            "0x30323A",
            "30 32 3a",
            "30:32:3a",
            "0x30, 0x32, 0x3a",
            "# a message\r\n3032\r\n  3a\r\n",
            "\u{feff}30 323 a",
        ] {
            assert_eq!(read(text), Ok(vec![0x30, 0x32, 0x3A]), "{text}");
        }
        assert_eq!(read("# nothing\n"), Ok(vec![]));
    }

    #[test]
    fn invalid_hex_is_reported_with_its_position() {
        assert_eq!(read("30 32 3"), Err(NotHex::Odd { digits: 5 }));
        assert_eq!(read("#\n30 3G"), Err(NotHex::Character { line: 2, column: 5 }));
        assert_eq!(read("300x32"), Err(NotHex::Character { line: 1, column: 4 }));
    }
}
