//! Messages as text for people.

use std::{io, iter};

use super::dump;
use super::frames::{Decoded, Piece, Wrap};
use super::rows::{self, MASKED, Naming};
use super::table::{LeftOut, Table};
use super::view::View;
use super::wrap;
use crate::cli::hex;
use crate::cli::terminal::{self, Ink, Style};
use crate::iso8583::Message;

/// How text is laid out.
struct Page {
    view: View,
    dump: bool,
    width: usize,
    style: Style,
}

/// Text, and what of the message it does not show.
#[derive(Default)]
struct Shown {
    text: String,
    masked: bool,
    left_out: LeftOut,
}

/// All messages, and a note on what is not shown.
pub(super) fn written(decoded: &Decoded<'_>, view: View, dump: bool) -> String {
    let (width, style) = (terminal::width(), Style::of(&io::stdout()));
    let page = Page { view, dump, width, style };
    let pieces: Vec<_> =
        decoded.pieces.iter().zip(1..).map(|(piece, nth)| page.piece(piece, nth)).collect();
    let texts: Vec<_> = pieces.iter().map(|piece| piece.text.as_str()).collect();
    texts.join("\n") + &page.notes(&pieces)
}

impl Page {
    fn piece(&self, piece: &Piece<'_>, nth: usize) -> Shown {
        match piece {
            Piece::Bare(message) => self.message(&self.heading(&kind(message)), message),
            Piece::Framed(wrap, message) => {
                let heading = format!("frame {nth} at byte {}: {}", wrap.at, kind(message));
                self.message(&(self.heading(&heading) + &around(wrap)), message)
            }
            Piece::KeepAlive(wrap) => {
                let heading = format!("frame {nth} at byte {}: keep-alive", wrap.at);
                Shown { text: self.heading(&heading) + &around(wrap), ..Shown::default() }
            }
        }
    }

    fn message(&self, heading: &str, message: &Message<'_>) -> Shown {
        let rows = rows::of(message, self.view, Naming::at(self.width));
        let Table { text: table, left_out } = Table::of(&rows, self.width, self.style);
        let mut text = format!("{heading}\n{table}");
        if self.dump {
            text.extend(["\n", &dump::written(message, self.view)]);
        }
        Shown { text, masked: rows.iter().any(|row| row.raw == MASKED), left_out }
    }

    fn heading(&self, text: &str) -> String {
        self.style.paint(Ink::Heading, text) + "\n"
    }

    /// What is not shown, and what shows it.
    fn notes(&self, pieces: &[Shown]) -> String {
        let masked = pieces.iter().any(|piece| piece.masked);
        let left_out = pieces.iter().map(|piece| piece.left_out).max().unwrap_or_default();
        let mut notes = Vec::new();
        if masked {
            notes.push("What is sensitive is masked: --reveal shows it.");
        }
        notes.extend(match left_out {
            LeftOut::RawEnds if !self.dump => {
                Some("Raw bytes are shortened: --hex shows them all.")
            }
            LeftOut::Raw if !self.dump => Some("Raw bytes are left out: --hex shows them."),
            LeftOut::RawAndForm if !self.dump => {
                Some("Forms and raw bytes are left out: a wider page shows them, --hex the bytes.")
            }
            LeftOut::RawAndForm => Some("Forms are left out: a wider page shows them."),
            LeftOut::Nothing | LeftOut::RawEnds | LeftOut::Raw => None,
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

/// What is around the message, as a line.
fn around(wrap: &Wrap) -> String {
    let parts = [("length", &wrap.length), ("header", &wrap.header), ("trailer", &wrap.trailer)];
    let there = parts.iter().filter(|(_, bytes)| !bytes.is_empty());
    let there: Vec<_> = there.map(|(name, bytes)| format!("{name} {}", legible(bytes))).collect();
    there.join(", ") + "\n"
}

/// Bytes as the text they are, or in hex.
fn legible(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(u8::is_ascii_graphic) => format!("\"{text}\""),
        _ => hex::upper(bytes),
    }
}
