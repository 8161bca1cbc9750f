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
  titian decode messages.hex                     several messages, one per line of hex
  titian decode --framed < session.bin           a TCP stream of frames
  titian decode --spec holdfast echo.hex         a message of another network
  titian decode --spec ./own.yaml echo.hex       a message of your own spec
  titian decode --format json --reveal pay.hex   the input of `titian encode`
  titian decode --format json pay.hex | jq -r '.fields[\"11\"].value'

Card numbers, accounts, names, PIN blocks, keys, and private data without a
definition in the spec are masked unless --reveal is given.

An invalid message is reported in one line on stderr, with the data element, the
byte offset (from 0) and the reason. The exit code is 2.";

/// Show a message field by field
///
/// Decodes ISO 8583 messages by a spec, validates every byte, and shows each data element with its offset,
/// bytes, value and meaning. Sensitive values are masked.
#[derive(Args)]
#[command(after_help = "Examples: titian decode --help", after_long_help = EXAMPLES)]
pub(super) struct Decode {
    #[command(flatten)]
    spec: SpecOption,

    /// The input is a stream of frames, as on TCP: each message with length, header and trailer
    #[arg(long)]
    framed: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Show sensitive values unmasked
    #[arg(long)]
    reveal: bool,

    /// Add a hex dump of the message
    #[arg(long)]
    hex: bool,

    /// The message in hex (spaces and colons are ignored), a file that holds it, or - for stdin [default: -]
    #[arg(value_name = "HEX|FILE|-")]
    input: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people
    Table,
    /// JSON for programs and for `titian encode`
    Json,
}

impl Decode {
    pub(super) fn run(&self) -> Result<(), Failure> {
        if self.hex && self.format == Format::Json {
            let line = "--hex can't be combined with --format json: the dump is part of the table";
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

    /// Decodes the input in the interpretation that is valid, or else in the most likely one.
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

    /// Returns the error text, with a hint if there is one.
    fn failure(&self, spec: &Spec, input: &Input, decoded: &Decoded<'_>, fault: &str) -> String {
        let text = input.explain(fault);
        if !decoded.pieces.is_empty() {
            return text;
        }
        let others = self.spec.is_default();
        match hint::of(spec, input.first(), self.framed, others) {
            Some(hint) => format!("{text}; {hint}"),
            None => text,
        }
    }
}
