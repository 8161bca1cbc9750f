//! Framing: where a message begins and ends in the stream of a TCP session.
//!
//! A frame is a length, then its body: header, message, trailer. [`FrameCodec`] reads and writes
//! frames as a [`Framing`] says.

use std::fmt;

mod codec;
mod fault;
mod length;
#[cfg(test)]
mod tests;

pub use codec::{Frame, FrameCodec, OutgoingFrame};
pub use fault::{FrameError, FrameFault, SendFault};

/// How a network frames its messages. It comes from the `framing` key of a spec, which the reader has found free of
/// contradictions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framing {
    /// How the length in front is written.
    pub(super) length: Length,
    /// Whether the stated length counts its own bytes; of a pair, whether each counts its own.
    pub(super) counts_itself: bool,
    /// Bytes after the message, the same in every frame; may be empty.
    pub(super) trailer: Vec<u8>,
    /// Whether the stated length counts the trailer.
    pub(super) counts_trailer: bool,
    /// What stands between the length and the message. The stated length always counts it.
    pub(super) header: Header,
    /// Whether a frame of length zero is a keep-alive; if not, it is a fault. A keep-alive is a length
    /// alone: neither header nor trailer goes with it.
    pub(super) keep_alive: bool,
    /// The most bytes that header, message and trailer of one frame may have together.
    pub(super) max_frame: usize,
}

impl Framing {
    /// The framing, if nothing in it contradicts itself; else the keys of the spec that do, and why.
    pub(super) fn checked(self) -> Result<Self, Vec<(&'static str, String)>> {
        let (length, max, wrap) = (self.length, self.max_frame, self.wrap());
        let most = length.most(self.counts_itself).saturating_add(self.uncounted());
        let counts_nothing = self.counts_trailer && self.trailer.is_empty();
        let empty_header = self.header == Header::Pattern(Vec::new());
        let faults = [
            (max > most, "max", format!("{max} is more than a frame of {length} can have, {most}")),
            (max <= wrap, "max", format!("{max} is no more than header and trailer take, {wrap}")),
            (counts_nothing, "counts", "lists the trailer, but there is none".to_owned()),
            (empty_header, "header", "the pattern is empty; write none".to_owned()),
        ];
        let faults: Vec<_> = faults
            .into_iter()
            .filter(|(wrong, ..)| *wrong)
            .map(|(_, key, why)| (key, why))
            .collect();
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }

    /// What stands between the length and the message.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes after the message, the same in every frame; may be empty.
    #[must_use]
    pub fn trailer(&self) -> &[u8] {
        &self.trailer
    }

    /// The bytes that go around each message: header and trailer.
    fn wrap(&self) -> usize {
        self.header.pattern().len() + self.trailer.len()
    }

    /// The bytes of the body that the stated length leaves out.
    fn uncounted(&self) -> usize {
        if self.counts_trailer { 0 } else { self.trailer.len() }
    }
}

/// How the length of a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Two bytes, the high one first.
    Big2,
    /// Two bytes, the low one first.
    Little2,
    /// Four bytes, the high one first.
    Big4,
    /// Four bytes, the low one first.
    Little4,
    /// Two bytes of length, then four bytes that state what follows them; both the high one first.
    /// They must agree: the first counts the second's four bytes and all that the second counts. A
    /// first length of zero is the zero length, and no second follows it.
    Big2Big4,
    /// Four ASCII decimal digits.
    Decimal4,
    /// Four ASCII hex digits, of either case.
    Hex4,
}

/// What stands in front of each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// Nothing.
    None,
    /// A transport protocol data unit header (TPDU): 5 bytes, the first 0x60, then destination and
    /// origin address of 2 bytes each.
    Tpdu,
    /// As many bytes as the pattern, which must match it.
    Pattern(Vec<HeaderByte>),
}

impl Header {
    /// What each byte of it must be.
    fn pattern(&self) -> &[HeaderByte] {
        use HeaderByte::{Any, Literal};
        match self {
            Self::None => &[],
            Self::Tpdu => &[Literal(0x60), Any, Any, Any, Any],
            Self::Pattern(pattern) => pattern,
        }
    }

    /// The first of `bytes` that is not as it must be: where, what it must be, what it is.
    fn mismatch(&self, bytes: &[u8]) -> Option<(usize, HeaderByte, u8)> {
        let pairs = self.pattern().iter().zip(bytes).enumerate();
        pairs
            .map(|(at, (expected, found))| (at, *expected, *found))
            .find(|(_, expected, found)| !expected.admits(*found))
    }
}

/// One byte of a header pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderByte {
    /// This byte.
    Literal(u8),
    /// Any ASCII digit.
    Digit,
    /// Any byte.
    Any,
}

impl HeaderByte {
    fn admits(self, byte: u8) -> bool {
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
