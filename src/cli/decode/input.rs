//! The bytes to decode, from an argument, a file or stdin.

use std::path::Path;

use bytes::Bytes;

use crate::cli::failure::Failure;
use crate::cli::hex::{self, NotHex};
use crate::cli::{hexdump, source};

/// The bytes to decode, in each way that the input can be read. Networks whose messages are text make files
/// that may be hex as well as the message itself; only decoding tells.
pub(super) struct Input {
    first: Bytes,
    others: Vec<Bytes>,
    doubt: Option<Doubt>,
}

/// Why the input may not be what it was taken for.
enum Doubt {
    /// It holds nothing.
    Empty,
    /// Text that was taken as the bytes of a message because it is no hex.
    Text(NotHex),
}

impl Input {
    /// Reads the argument: hex, else a file's name; stdin if it is `-` or missing.
    pub(super) fn read(argument: Option<&str>) -> Result<Self, Failure> {
        match argument {
            None | Some("-") => source::stdin("hex, or a message's bytes,").map(Self::of_bytes),
            Some(argument) => match hexed(argument) {
                Ok(bytes) if !bytes.is_empty() => Ok(Self::sure(bytes)),
                Ok(_) => Err(neither(argument, "it is empty").into()),
                Err(_) if Path::new(argument).exists() => {
                    source::file(argument).map(Self::of_bytes)
                }
                Err(not_hex) => Err(neither(argument, &not_hex.to_string()).into()),
            },
        }
    }

    const fn sure(first: Bytes) -> Self {
        Self { first, others: Vec::new(), doubt: None }
    }

    /// Hex text or the bytes themselves. Editors and `echo` end text with a line end that is no part of it.
    fn of_bytes(bytes: Vec<u8>) -> Self {
        let text = std::str::from_utf8(&bytes).ok().filter(|text| is_text(text)).map(str::to_owned);
        let raw = Bytes::from(bytes);
        let end = raw.trim_ascii_end().len();
        let mut others = vec![raw.slice(..end)];
        let Some(text) = text else { return Self { first: raw, others, doubt: None } };
        match hexed(&text) {
            Ok(first) => {
                let doubt = first.is_empty().then_some(Doubt::Empty);
                Self { first, others, doubt }
            }
            Err(not_hex) => {
                others.push(raw.clone());
                Self { first: raw.slice(..end), others, doubt: Some(Doubt::Text(not_hex)) }
            }
        }
    }

    /// The likeliest reading.
    pub(super) const fn first(&self) -> &Bytes {
        &self.first
    }

    /// The other readings.
    pub(super) fn others(&self) -> impl Iterator<Item = &Bytes> {
        self.others.iter()
    }

    /// What to say of bytes that are no message, in the light of how they were come by.
    pub(super) fn misread(&self, fault: &str) -> String {
        match &self.doubt {
            None => fault.to_owned(),
            Some(Doubt::Empty) => format!("{fault}; the input is empty"),
            Some(Doubt::Text(NotHex::Odd { digits })) => {
                format!("the input has {}", NotHex::Odd { digits: *digits })
            }
            Some(Doubt::Text(not_hex)) => {
                format!("{fault}; it was taken as bytes, not as hex, since {not_hex}")
            }
        }
    }
}

fn hexed(text: &str) -> Result<Bytes, NotHex> {
    let dumped = hexdump::read(text);
    dumped.map_or_else(|| hex::read(text), Ok).map(Bytes::from)
}

fn is_text(text: &str) -> bool {
    !text.chars().any(|character| character.is_control() && !character.is_whitespace())
}

fn neither(argument: &str, why: &str) -> String {
    format!("`{}`: no such file, and not hex either: {why}", source::told(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(bytes: &[u8]) -> Vec<Vec<u8>> {
        let input = Input::of_bytes(bytes.to_vec());
        std::iter::once(input.first()).chain(input.others()).map(|bytes| bytes.to_vec()).collect()
    }

    #[test]
    fn text_that_may_be_hex_or_the_message_is_read_both_ways() {
        assert_eq!(readings(b"3038\n"), [&b"08"[..], b"3038"]);
        assert_eq!(readings(b"08G\n"), [&b"08G"[..], b"08G", b"08G\n"]);
        assert_eq!(readings(b"08\x00\n"), [&b"08\x00\n"[..], b"08\x00"]);
    }

    #[test]
    fn an_argument_that_is_nothing_is_told_by_its_beginning() {
        let line = |argument| match Input::read(Some(argument)) {
            Err(Failure::Input(lines)) => lines.concat(),
            _ => String::new(),
        };
        assert_eq!(
            line("no.hex"),
            "`no.hex`: no such file, and not hex either: character 1 is no hex digit"
        );
        assert_eq!(line(""), "``: no such file, and not hex either: it is empty");
        let long = format!("{}9360021300417780G", "3".repeat(32));
        assert!(!line(&long).contains("936"), "{}", line(&long));
    }
}
