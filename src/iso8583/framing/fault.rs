//! What can go wrong with a frame, and whose fault it is.

use std::io;

use super::HeaderByte;

/// Why a frame could not be read or written; the variant says who is at fault.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The peer's: what it sent is no frame. The session is over.
    #[error("the peer broke the framing: {0}")]
    Broken(FrameFault),
    /// Ours: what we were about to send is no frame. Nothing was written and the session is sound.
    #[error("an outgoing frame is wrong: {0}")]
    Unsendable(SendFault),
    /// The connection's.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How a peer broke the framing.
///
/// Offsets count from the first byte of the frame, its length included. A byte that was found is shown
/// only of length and header: where a trailer was expected there may stand a piece of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// A length in text has a byte that is no digit.
    #[error("the length has {found:#04x} at byte {at}, which is no digit of base {base}")]
    LengthDigit {
        /// Offset of the byte.
        at: usize,
        /// 10 or 16.
        base: u32,
        /// The byte.
        found: u8,
    },
    /// A length that counts itself states less than its own bytes.
    #[error("the length states {stated} but counts its own {width} bytes")]
    LengthBelowItself {
        /// Bytes of the length.
        width: usize,
        /// What it states.
        stated: u32,
    },
    /// The two lengths of a pair contradict each other.
    #[error(
        "the lengths disagree: behind the first are {first} bytes, \
         behind the second {second} and not 4 less than that"
    )]
    LengthsDisagree {
        /// The bytes behind the first length, the second included.
        first: usize,
        /// The bytes behind the second length.
        second: usize,
    },
    /// A length of zero where that is no keep-alive.
    #[error("the length is zero, and keep-alives are not agreed")]
    ZeroLength,
    /// The announced frame is longer than allowed.
    #[error("header, message and trailer are announced with {bytes} bytes, allowed are {max}")]
    TooLong {
        /// Bytes of header, message and trailer.
        bytes: usize,
        /// The most allowed.
        max: usize,
    },
    /// The announced frame holds header and trailer at most, and no message.
    #[error(
        "header, message and trailer are announced with {bytes} bytes, \
         but header and trailer alone take {wrap}"
    )]
    NoMessage {
        /// Bytes of header, message and trailer.
        bytes: usize,
        /// Bytes of header and trailer.
        wrap: usize,
    },
    /// A byte of the header is not as it must be.
    #[error("the header has {found:#04x} at byte {at} of the frame, expected {expected}")]
    Header {
        /// Offset of the byte.
        at: usize,
        /// What it must be.
        expected: HeaderByte,
        /// What it is.
        found: u8,
    },
    /// A byte of the trailer is not as it must be.
    #[error("the trailer is wrong at byte {at} of the frame, expected {expected:#04x}")]
    Trailer {
        /// Offset of the byte.
        at: usize,
        /// What it must be.
        expected: u8,
    },
    /// The stream ended inside a length.
    #[error("the stream ended after {have} of the {need} bytes of a length")]
    EndedInLength {
        /// Bytes that came.
        have: usize,
        /// Bytes of the length.
        need: usize,
    },
    /// The stream ended inside a frame.
    #[error("the stream ended after {have} of the {need} bytes of a frame")]
    EndedInFrame {
        /// Bytes that came, the length included.
        have: usize,
        /// Bytes of the frame, the length included.
        need: usize,
    },
}

/// What is wrong with a frame that we were about to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendFault {
    /// A keep-alive where they are not agreed.
    #[error("a keep-alive, but keep-alives are not agreed")]
    KeepAlive,
    /// No message.
    #[error("the message is empty")]
    NoMessage,
    /// A header of another length than the network's.
    #[error("the header has {have} bytes, not {need}")]
    HeaderLength {
        /// Its bytes.
        have: usize,
        /// The bytes it must have.
        need: usize,
    },
    /// A byte of the header is not as it must be.
    #[error("the header has {found:#04x} at byte {at} of the header, expected {expected}")]
    Header {
        /// Offset of the byte in the header.
        at: usize,
        /// What it must be.
        expected: HeaderByte,
        /// What it is.
        found: u8,
    },
    /// More bytes than the network allows.
    #[error("header, message and trailer have {bytes} bytes, allowed are {max}")]
    TooLong {
        /// Bytes of header, message and trailer.
        bytes: usize,
        /// The most allowed.
        max: usize,
    },
    /// More bytes than the length can state.
    #[error("the length would have to count {bytes} bytes, and can count {most}")]
    TooLongForLength {
        /// Bytes that the length counts besides itself.
        bytes: usize,
        /// The most it can count.
        most: usize,
    },
}
