//! Framing: where a message begins and ends in the byte stream of a TCP session.
//!
//! A frame is a length followed by a body: header, message, trailer. [`FrameCodec`] reads and writes frames
//! as a [`Framing`] defines.

use std::fmt;

mod codec;
mod fault;
mod length;
#[cfg(test)]
mod tests;

pub use codec::{Frame, FrameCodec, OutgoingFrame};
pub use fault::{FrameError, FrameFault, SendFault};

/// How a network frames its messages. It is read from the `framing` key of a spec, and the reader checks that
/// it is consistent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framing {
    /// The encoding of the length.
    pub(super) length: Length,
    /// Whether the length counts its own bytes. If there are two lengths, whether each counts its own.
    pub(super) counts_itself: bool,
    /// The bytes after each message; may be empty.
    pub(super) trailer: Vec<u8>,
    /// Whether the length counts the trailer.
    pub(super) counts_trailer: bool,
    /// The header between the length and the message. The length always counts it.
    pub(super) header: Header,
    /// Whether a frame of length zero is a keep-alive; otherwise it is an error. A keep-alive is only a
    /// length: it has neither header nor trailer.
    pub(super) keep_alive: bool,
    /// The maximum number of bytes of header, message and trailer together.
    pub(super) max_frame: usize,
}

impl Framing {
    /// Returns the framing if it is consistent. Otherwise returns the keys of the spec that conflict, and
    /// why.
    pub(super) fn validated(self) -> Result<Self, Vec<(&'static str, String)>> {
        let (length, max, overhead) = (self.length, self.max_frame, self.overhead());
        let most = length.max_counted(self.counts_itself).saturating_add(self.uncounted());
        let counts_nothing = self.counts_trailer && self.trailer.is_empty();
        let empty_header = self.header == Header::Pattern(Vec::new());
        let faults = [
            (
                max > most,
                "max",
                format!("exceeds the maximum of a {length} length, {most} (got {max})"),
            ),
            (
                max <= overhead,
                "max",
                format!("must exceed the bytes of header and trailer, {overhead} (got {max})"),
            ),
            (counts_nothing, "counts", "lists `trailer`, but no trailer is defined".to_owned()),
            (empty_header, "header", "the pattern is empty: write `none`".to_owned()),
        ];
        let faults: Vec<_> = faults
            .into_iter()
            .filter(|(wrong, ..)| *wrong)
            .map(|(_, key, why)| (key, why))
            .collect();
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }

    /// Returns the header between the length and the message.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the bytes after each message; may be empty.
    #[must_use]
    pub fn trailer(&self) -> &[u8] {
        &self.trailer
    }

    /// Returns the number of bytes around each message: header and trailer.
    fn overhead(&self) -> usize {
        self.header.pattern().len() + self.trailer.len()
    }

    /// Returns the number of bytes of the body that the length does not count.
    fn uncounted(&self) -> usize {
        if self.counts_trailer { 0 } else { self.trailer.len() }
    }
}

/// The encoding of the length of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Two bytes, big-endian.
    Big2,
    /// Two bytes, little-endian.
    Little2,
    /// Four bytes, big-endian.
    Big4,
    /// Four bytes, little-endian.
    Little4,
    /// Two bytes of length, then four bytes that count the bytes behind them; both big-endian. They must
    /// agree: the first counts the four bytes of the second and everything that the second counts. A first
    /// length of zero is a length of zero, and no second one follows.
    Big2Big4,
    /// Four ASCII decimal digits.
    Decimal4,
    /// Four ASCII hex digits, of either case.
    Hex4,
}

/// The header in front of each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// No header.
    None,
    /// A transport protocol data unit header (TPDU): 5 bytes, the first 0x60, then destination and origin
    /// address of 2 bytes each.
    Tpdu,
    /// A header of the length of the pattern, which must match the pattern.
    Pattern(Vec<HeaderByte>),
}

impl Header {
    /// Returns the pattern of the header, byte by byte.
    fn pattern(&self) -> &[HeaderByte] {
        use HeaderByte::{Any, Literal};
        match self {
            Self::None => &[],
            Self::Tpdu => &[Literal(0x60), Any, Any, Any, Any],
            Self::Pattern(pattern) => pattern,
        }
    }

    /// Returns the first byte that does not match: its offset, the expected byte, the actual byte.
    fn mismatch(&self, bytes: &[u8]) -> Option<(usize, HeaderByte, u8)> {
        let pairs = self.pattern().iter().zip(bytes).enumerate();
        pairs
            .map(|(at, (expected, found))| (at, *expected, *found))
            .find(|(_, expected, found)| !expected.accepts(*found))
    }
}

/// One byte of a header pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderByte {
    /// Exactly this byte.
    Literal(u8),
    /// Any ASCII digit.
    Digit,
    /// Any byte.
    Any,
}

impl HeaderByte {
    fn accepts(self, byte: u8) -> bool {
        match self {
            Self::Literal(literal) => byte == literal,
            Self::Digit => byte.is_ascii_digit(),
            Self::Any => true,
        }
    }
}

impl fmt::Display for HeaderByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(byte) => write!(f, "{byte:#04x}"),
            Self::Digit => f.write_str("a digit"),
            Self::Any => f.write_str("any byte"),
        }
    }
}
