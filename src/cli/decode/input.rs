//! Reads the bytes to decode from an argument, a file or stdin.

use std::path::Path;

use bytes::Bytes;

use crate::cli::failure::Failure;
use crate::cli::hex::{self, NotHex};
use crate::cli::{hexdump, source};

/// One interpretation of the input: the bytes of one message or session, or of several messages.
pub(super) type Reading = Vec<Bytes>;

/// The bytes to decode, in each possible interpretation. Messages of some networks are text, so a file may
/// hold hex or the message itself. Lines of hex may be one message or several. Only decoding decides.
pub(super) struct Input {
    first: Bytes,
    others: Vec<Reading>,
    issue: Option<InputIssue>,
}

/// Why the interpretation of the input may be wrong.
enum InputIssue {
    /// It is empty.
    Empty,
    /// Text that was read as bytes because it is not hex.
    Text(NotHex),
}

impl Input {
    /// Reads the argument: hex, else the name of a file; stdin if it is `-` or missing.
    pub(super) fn read(argument: Option<&str>) -> Result<Self, Failure> {
        match argument {
            None | Some("-") => source::stdin("hex or raw message bytes").map(Self::of_bytes),
            Some(argument) => match hexed(argument) {
                Ok(first) if !first.is_empty() => {
                    Ok(Self { first, others: lines(argument).into_iter().collect(), issue: None })
                }
                Ok(_) => Err(neither_file_nor_hex(argument, "the argument is empty").into()),
                Err(_) if Path::new(argument).exists() => {
                    source::file(argument).map(Self::of_bytes)
                }
                Err(not_hex) => Err(neither_file_nor_hex(argument, &not_hex.to_string()).into()),
            },
        }
    }

    /// Reads hex text or raw bytes. Editors and `echo` append a line end that is not part of the message.
    fn of_bytes(bytes: Vec<u8>) -> Self {
        let text = std::str::from_utf8(&bytes).ok().filter(|text| is_text(text)).map(str::to_owned);
        let raw = Bytes::from(bytes);
        let end = raw.trim_ascii_end().len();
        let trimmed = vec![raw.slice(..end)];
        let Some(text) = text else {
            return Self { first: raw, others: vec![trimmed], issue: None };
        };
        match hexed(&text) {
            Ok(first) => {
                let issue = first.is_empty().then_some(InputIssue::Empty);
                let others = lines(&text).into_iter().chain([trimmed]).collect();
                Self { first, others, issue }
            }
            Err(not_hex) => {
                let others = vec![vec![raw.clone()]];
                Self { first: raw.slice(..end), others, issue: Some(InputIssue::Text(not_hex)) }
            }
        }
    }

    /// Returns the most likely interpretation.
    pub(super) const fn first(&self) -> &Bytes {
        &self.first
    }

    /// Returns the other interpretations.
    pub(super) fn others(&self) -> impl Iterator<Item = &[Bytes]> {
        self.others.iter().map(Vec::as_slice)
    }

    /// Returns the error text of input that is not a message, with the interpretation that was used.
    pub(super) fn explain(&self, fault: &str) -> String {
        match &self.issue {
            None => fault.to_owned(),
            Some(InputIssue::Empty) => format!("{fault}; the input is empty"),
            Some(InputIssue::Text(NotHex::Odd { digits })) => {
                format!("the input has {}", NotHex::Odd { digits: *digits })
            }
            Some(InputIssue::Text(not_hex)) => {
                format!("{fault}; the input was read as raw bytes because it is not hex: {not_hex}")
            }
        }
    }
}

fn hexed(text: &str) -> Result<Bytes, NotHex> {
    hexdump::read(text).unwrap_or_else(|| hex::read(text)).map(Bytes::from)
}

/// Returns a message for each line of hex, if there is more than one.
fn lines(text: &str) -> Option<Reading> {
    let lines = hex::lines(text).filter(|(_, line)| !line.trim().is_empty());
    let messages: Reading =
        lines.map(|(_, line)| Some(hex::read(line).ok()?.into())).collect::<Option<_>>()?;
    (messages.len() > 1).then_some(messages)
}

fn is_text(text: &str) -> bool {
    !text.chars().any(|character| character.is_control() && !character.is_whitespace())
}

fn neither_file_nor_hex(argument: &str, why: &str) -> String {
    format!("`{}`: not a file, and not hex: {why}", source::shown(argument))
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
    fn ambiguous_text_is_read_as_hex_and_as_a_message() {
        assert_eq!(readings(b"3038\n"), [&b"08"[..], b"3038"]);
        assert_eq!(readings(b"08G\n"), [&b"08G"[..], b"08G\n"]);
        assert_eq!(readings(b"08\x00\n"), [&b"08\x00\n"[..], b"08\x00"]);
    }

    #[test]
    fn each_line_of_hex_may_be_a_message() {
        let input = Input::of_bytes(b"# two\n3038\n\n3039\n".to_vec());
        assert_eq!(input.first(), &b"0809"[..]);
        assert_eq!(input.others().next().unwrap(), [&b"08"[..], b"09"]);
        assert_eq!(lines("303\n8"), None);
    }

    #[test]
    fn an_invalid_argument_is_reported_by_its_beginning() {
        let line = |argument| match Input::read(Some(argument)) {
            Err(Failure::Input(lines)) => lines.concat(),
            _ => String::new(),
        };
        assert_eq!(
            line("no.hex"),
            "`no.hex`: not a file, and not hex: character 1 is not a hex digit"
        );
        assert_eq!(line(""), "``: not a file, and not hex: the argument is empty");
        let long = format!("{}9360021300417780G", "3".repeat(32));
        assert!(!line(&long).contains("936"), "{}", line(&long));
    }
}
