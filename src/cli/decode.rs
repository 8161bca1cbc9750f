//! `titian decode`: shows a message field by field.

mod amount;
mod dump;
mod frames;
mod hint;
mod input;
mod json;
mod meaning;
mod rows;
mod show;
mod table;
mod view;
mod wrap;

use bytes::Bytes;
use clap::{Args, ValueEnum};

use super::failure::{self, Failure};
use super::spec::SpecOption;
use crate::iso8583::Spec;
use frames::Decoded;
use input::Input;
use view::View;

const EXAMPLES: &str = "\
Examples:
  titian decode 3038303082200000…                a message in hex
  titian decode capture.hex                      a file: hex, a hex dump, bytes
  titian decode messages.hex                     several, if each is a line of hex
  titian decode --framed < session.bin           frames as they are on TCP
  titian decode --spec holdfast echo.hex         another network's message
  titian decode --spec ./own.yaml echo.hex       one by a spec of your own
  titian decode --format json --reveal pay.hex   the form `titian encode` takes
  titian decode --format json pay.hex | jq -r '.fields[\"11\"].value'

Masked unless --reveal is given: card numbers, accounts, names, PIN blocks,
keys, and private data that the spec does not describe.

A malformed message ends with exit code 2 and a line on stderr that names the
element, the byte (from 0) and what is wrong with it.";

/// Show a message field by field
///
/// Decodes ISO 8583 messages by a spec, checks every byte of them, and shows each element: its place, its
/// bytes, its value, and what that means. What is sensitive is masked.
#[derive(Args)]
#[command(after_help = "Examples: titian decode --help", after_long_help = EXAMPLES)]
pub(super) struct Decode {
    #[command(flatten)]
    spec: SpecOption,

    /// The input is frames as they are on TCP: each message with its length, header and trailer
    #[arg(long)]
    framed: bool,

    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Show sensitive values whole
    #[arg(long)]
    reveal: bool,

    /// Add a dump of the message's bytes in hex
    #[arg(long)]
    hex: bool,

    /// The message in hex (blanks and colons don't matter), or a file with it, or - for stdin [default: -]
    #[arg(value_name = "HEX|FILE|-")]
    input: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs, and for `titian encode`
    Json,
}

impl Decode {
    pub(super) fn run(&self) -> Result<(), Failure> {
        if self.hex && self.format == Format::Json {
            let line = "--hex adds to the table; with --format json there is no place for it";
            return Err(line.to_owned().into());
        }
        let spec = self.spec.load()?;
        let input = Input::read(self.input.as_deref())?;
        let decoded = self.decode(&spec, &input);
        failure::write(&self.shown(&decoded)?)?;
        match &decoded.fault {
            None => Ok(()),
            Some(fault) => Err(self.failure(&spec, &input, &decoded, fault).into()),
        }
    }

    /// Decodes by the reading of the input that is right, or else by the likeliest.
    fn decode<'s>(&self, spec: &'s Spec, input: &Input) -> Decoded<'s> {
        let first = Decoded::read(spec, input.first(), self.framed);
        if first.fault.is_none() {
            return first;
        }
        let read = |reading: &[Bytes]| Decoded::read_all(spec, reading, self.framed);
        let right = input.others().map(read).find(|decoded| decoded.fault.is_none());
        right.unwrap_or(first)
    }

    fn shown(&self, decoded: &Decoded<'_>) -> Result<String, Failure> {
        let view = View::new(self.reveal);
        match self.format {
            Format::Json => json::written(decoded, view),
            Format::Table => Ok(show::written(decoded, view, self.hex)),
        }
    }

    /// What is wrong, and what may be right.
    fn failure(&self, spec: &Spec, input: &Input, decoded: &Decoded<'_>, fault: &str) -> String {
        let misread = input.misread(fault);
        if !decoded.pieces.is_empty() {
            return misread;
        }
        let others = self.spec.is_default();
        match hint::of(spec, input.first(), self.framed, others) {
            Some(hint) => format!("{misread}; {hint}"),
            None => misread,
        }
    }
}
