//! The bytes to decode, from an argument, a file or stdin.

use std::path::Path;

use bytes::Bytes;

use crate::cli::failure::Failure;
use crate::cli::hex::{self, NotHex};
use crate::cli::{hexdump, source};

/// A way to read the input: the bytes of one message or session, or of several messages.
pub(super) type Reading = Vec<Bytes>;

/// The bytes to decode, in each way that the input can be read. Networks whose messages are text make files
/// that may be hex as well as the message itself, and lines of hex may be one message or several; only decoding
/// tells.
pub(super) struct Input {
    first: Bytes,
    others: Vec<Reading>,
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
                Ok(first) if !first.is_empty() => {
                    Ok(Self { first, others: lines(argument).into_iter().collect(), doubt: None })
                }
                Ok(_) => Err(neither(argument, "it is empty").into()),
                Err(_) if Path::new(argument).exists() => {
                    source::file(argument).map(Self::of_bytes)
                }
                Err(not_hex) => Err(neither(argument, &not_hex.to_string()).into()),
            },
        }
    }

    /// Hex text or the bytes themselves. Editors and `echo` end text with a line end that is no part of it.
    fn of_bytes(bytes: Vec<u8>) -> Self {
        let text = std::str::from_utf8(&bytes).ok().filter(|text| is_text(text)).map(str::to_owned);
        let raw = Bytes::from(bytes);
        let end = raw.trim_ascii_end().len();
        let trimmed = vec![raw.slice(..end)];
        let Some(text) = text else {
            return Self { first: raw, others: vec![trimmed], doubt: None };
        };
        match hexed(&text) {
            Ok(first) => {
                let doubt = first.is_empty().then_some(Doubt::Empty);
                let others = lines(&text).into_iter().chain([trimmed]).collect();
                Self { first, others, doubt }
            }
            Err(not_hex) => {
                let others = vec![vec![raw.clone()]];
                Self { first: raw.slice(..end), others, doubt: Some(Doubt::Text(not_hex)) }
            }
        }
    }

    /// The likeliest reading.
    pub(super) const fn first(&self) -> &Bytes {
        &self.first
    }

    /// The other readings.
    pub(super) fn others(&self) -> impl Iterator<Item = &[Bytes]> {
        self.others.iter().map(Vec::as_slice)
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
    hexdump::read(text).unwrap_or_else(|| hex::read(text)).map(Bytes::from)
}

/// A message for each line of hex, if there is more than one.
fn lines(text: &str) -> Option<Reading> {
    let lines = hex::lines(text).filter(|(_, line)| !line.trim().is_empty());
    let messages: Reading =
        lines.map(|(_, line)| Some(hex::read(line).ok()?.into())).collect::<Option<_>>()?;
    (messages.len() > 1).then_some(messages)
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
        let others = input.others().map(<[Bytes]>::concat);
        std::iter::once(input.first().to_vec()).chain(others).collect()
    }

    #[test]
    fn text_that_may_be_hex_or_the_message_is_read_both_ways() {
        assert_eq!(readings(b"3038\n"), [&b"08"[..], b"3038"]);
        assert_eq!(readings(b"08G\n"), [&b"08G"[..], b"08G\n"]);
        assert_eq!(readings(b"08\x00\n"), [&b"08\x00\n"[..], b"08\x00"]);
    }

    #[test]
    fn lines_of_hex_may_be_a_message_each() {
        let input = Input::of_bytes(b"# two\n3038\n\n3039\n".to_vec());
        assert_eq!(input.first(), &b"0809"[..]);
        assert_eq!(input.others().next().unwrap(), [&b"08"[..], b"09"]);
        assert_eq!(lines("303\n8"), None);
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
