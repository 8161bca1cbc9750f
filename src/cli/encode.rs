//! `titian encode`: writes messages from JSON.

mod document;
mod draft;
mod object;
mod subfields;
mod values;

use bytes::BytesMut;
use clap::Args;
use tokio_util::codec::Encoder;

use super::failure::{self, Failure};
use super::spec::SpecOption;
use super::{header, source};
use crate::hex::upper;
use crate::iso8583::{Frame, FrameCodec, FrameError, Spec};
use document::Json;
use draft::{Draft, Item};
use values::Values;

const EXAMPLES: &str = "\
Examples:
  titian encode < transfer.json                  hex on stdout
  titian encode --framed < transfer.json         with length, header and trailer
  titian encode transfer.json | titian decode    shows it field by field
  titian decode --reveal --format json pay.hex | jq '.fields[\"4\"].value = \"5000\"' |
    titian encode | titian decode -              the same message with another amount

The JSON is the output of `titian decode --reveal --format json`, or a short form:
  {\"mti\": \"0800\", \"fields\": {\"7\": \"1124032000\", \"11\": \"549\", \"70\": \"301\"}}
  {\"mti\": \"0200\", \"fields\": {\"48\": {\"subfields\": {\"beneficiary_name\": \"SITI\"}}, …}}
An array of messages is written as one line per message.

Values are text; bits are in hex. A value that is shorter than its fixed element
is padded: digits with zeros on the left, text with spaces on the right. A MAC is
copied as given. All errors are reported together, one per line, with exit code 2.";

/// Write a message from JSON
///
/// Reads the JSON that `titian decode --reveal --format json` prints, checks each value against the spec, and
/// writes the message in hex.
#[derive(Args)]
#[command(after_help = "Examples: titian encode --help", after_long_help = EXAMPLES)]
pub(super) struct Encode {
    #[command(flatten)]
    spec: SpecOption,

    /// Write frames, as on TCP: with length, header and trailer
    #[arg(long)]
    framed: bool,

    /// Accept values that look masked
    #[arg(long)]
    as_given: bool,

    /// A file with the JSON, or - for stdin [default: -]
    #[arg(value_name = "FILE|-")]
    input: Option<String>,
}

impl Encode {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let spec = self.spec.load()?;
        let bytes = match self.input.as_deref() {
            None | Some("-") => source::stdin("JSON")?,
            Some(file) => source::file(file)?,
        };
        let json = document::read(&bytes)?;
        let lines = self.lines(&spec, json).map_err(Failure::Input)?;
        failure::write(&lines)
    }

    /// Returns one line of hex per message.
    fn lines(&self, spec: &Spec, json: Json) -> Result<String, Vec<String>> {
        let Json::List(all) = json else { return self.line(spec, json) };
        let mut lines = String::new();
        let mut faults = Vec::new();
        for (json, nth) in all.into_iter().zip(1..) {
            match self.line(spec, json) {
                Ok(line) => lines += &line,
                Err(wrong) => {
                    faults.extend(wrong.iter().map(|fault| format!("message {nth}: {fault}")));
                }
            }
        }
        if faults.is_empty() { Ok(lines) } else { Err(faults) }
    }

    fn line(&self, spec: &Spec, json: Json) -> Result<String, Vec<String>> {
        let mut faults = Vec::new();
        let item = draft::read(json, &mut faults);
        let bytes = match (&item, self.framed) {
            (None, _) => BytesMut::new(),
            (Some(Item::KeepAlive), true) => framed(spec, Frame::KeepAlive, &mut faults),
            (Some(Item::KeepAlive), false) => {
                faults.push(
                    "keep_alive: requires --framed, because a keep-alive is a frame".to_owned(),
                );
                BytesMut::new()
            }
            (Some(Item::Message(draft)), _) => self.message(spec, draft, &mut faults),
        };
        if faults.is_empty() { Ok(upper(&bytes) + "\n") } else { Err(faults) }
    }

    /// Returns the bytes of a message. They are valid only if no fault was added.
    fn message(&self, spec: &Spec, draft: &Draft, faults: &mut Vec<String>) -> BytesMut {
        let header = match &draft.header {
            given if self.framed => header::bytes(spec.framing(), given.as_deref()),
            Some(_) => {
                Err("header: requires --framed, because a header is part of a frame".to_owned())
            }
            None => Ok(Vec::new()),
        };
        let header = header.unwrap_or_else(|fault| {
            faults.push(fault);
            Vec::new()
        });
        let Some(mti) = draft.mti else { return BytesMut::new() };
        let bytes = Values::new(spec, mti, self.as_given).encode(&draft.fields, faults);
        if !self.framed || !faults.is_empty() {
            return bytes;
        }
        framed(spec, Frame::Message { header: header.into(), message: bytes.freeze() }, faults)
    }
}

fn framed(spec: &Spec, frame: Frame, faults: &mut Vec<String>) -> BytesMut {
    let mut bytes = BytesMut::new();
    let written = FrameCodec::new(spec.framing().clone()).encode(frame, &mut bytes);
    match written {
        Ok(()) => {}
        Err(FrameError::Unsendable(fault)) => faults.push(format!("frame: {fault}")),
        Err(error) => faults.push(format!("frame: {error}")),
    }
    bytes
}
