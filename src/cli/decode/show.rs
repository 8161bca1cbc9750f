//! Writes messages as text for people.

use std::{io, iter};

use super::dump;
use super::frames::{Decoded, Envelope, Piece};
use super::rows::{self, MASKED, Naming};
use super::table::{Omitted, Table};
use super::view::View;
use super::wrap;
use crate::cli::terminal::{self, Ink, Style};
use crate::hex::upper;
use crate::iso8583::Message;

/// The layout options.
struct Page {
    view: View,
    dump: bool,
    width: usize,
    style: Style,
}

/// Text, and which parts of the message it does not show.
#[derive(Default)]
struct Rendered {
    text: String,
    masked: bool,
    omitted: Omitted,
}

/// Writes all messages, and a note on what is not shown.
pub(super) fn written(decoded: &Decoded<'_>, view: View, dump: bool) -> String {
    let (width, style) = (terminal::width(), Style::of(&io::stdout()));
    let page = Page { view, dump, width, style };
    let pieces: Vec<_> =
        decoded.pieces.iter().zip(1..).map(|(piece, nth)| page.piece(piece, nth)).collect();
    let texts: Vec<_> = pieces.iter().map(|piece| piece.text.as_str()).collect();
    texts.join("\n") + &page.notes(&pieces)
}

impl Page {
    fn piece(&self, piece: &Piece<'_>, nth: usize) -> Rendered {
        match piece {
            Piece::Bare(message) => self.message(&self.heading(&kind(message)), message),
            Piece::Framed(envelope, message) => {
                let heading = format!("frame {nth} at byte {}: {}", envelope.at, kind(message));
                self.message(&(self.heading(&heading) + &envelope_line(envelope)), message)
            }
            Piece::KeepAlive(envelope) => {
                let heading = format!("frame {nth} at byte {}: keep-alive", envelope.at);
                Rendered {
                    text: self.heading(&heading) + &envelope_line(envelope),
                    ..Rendered::default()
                }
            }
        }
    }

    fn message(&self, heading: &str, message: &Message<'_>) -> Rendered {
        let rows = rows::of(message, self.view, Naming::at(self.width));
        let Table { text: table, omitted } = Table::of(&rows, self.width, self.style);
        let mut text = format!("{heading}\n{table}");
        if self.dump {
            text.extend(["\n", &dump::written(message, self.view)]);
        }
        Rendered { text, masked: rows.iter().any(|row| row.raw == MASKED), omitted }
    }

    fn heading(&self, text: &str) -> String {
        self.style.paint(Ink::Heading, text) + "\n"
    }

    /// Returns notes on what is not shown, and which option shows it.
    fn notes(&self, pieces: &[Rendered]) -> String {
        let masked = pieces.iter().any(|piece| piece.masked);
        let omitted = pieces.iter().map(|piece| piece.omitted).max().unwrap_or_default();
        let mut notes = Vec::new();
        if masked {
            notes.push("Sensitive values are masked; use --reveal to show them.");
        }
        notes.extend(match omitted {
            Omitted::RawEnds if !self.dump => {
                Some("Raw bytes are shortened; use --hex to show all of them.")
            }
            Omitted::Raw if !self.dump => Some("Raw bytes are omitted; use --hex to show them."),
            Omitted::RawAndFormat if !self.dump => Some(
                "Formats and raw bytes are omitted; use a wider terminal, or --hex for the bytes.",
            ),
            Omitted::RawAndFormat => {
                Some("Formats are omitted; use a wider terminal to show them.")
            }
            Omitted::Nothing | Omitted::RawEnds | Omitted::Raw => None,
        });
        if notes.is_empty() {
            return String::new();
        }
        let lines = wrap::words(&notes.join(" "), self.width);
        let lines = lines.iter().map(|line| self.style.paint(Ink::Aside, line) + "\n");
        iter::once("\n".to_owned()).chain(lines).collect()
    }
}

fn kind(message: &Message<'_>) -> String {
    let (network, mti) = (message.spec().name(), message.mti());
    let meaning = mti.meaning().map(|meaning| format!(" {meaning}")).unwrap_or_default();
    format!("{network} {mti}{meaning}, {} bytes", message.bytes().len())
}

/// Returns length, header and trailer as a line.
fn envelope_line(envelope: &Envelope) -> String {
    let parts = [
        ("length", &envelope.length),
        ("header", &envelope.header),
        ("trailer", &envelope.trailer),
    ];
    let there = parts.iter().filter(|(_, bytes)| !bytes.is_empty());
    let there: Vec<_> = there.map(|(name, bytes)| format!("{name} {}", legible(bytes))).collect();
    there.join(", ") + "\n"
}

/// Returns bytes as quoted text if they are printable, else in hex.
fn legible(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(u8::is_ascii_graphic) => format!("\"{text}\""),
        _ => upper(bytes),
    }
}
