//! Errors of framing: by the peer, by us, or by the connection.

use std::io;

use super::HeaderByte;

/// A frame that could not be read or written. The variant says who caused the error.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The peer sent invalid framing. The session must end.
    #[error("invalid framing from the peer: {0}")]
    Broken(FrameFault),
    /// We tried to send an invalid frame. Nothing was written, and the session is intact.
    #[error("invalid outgoing frame: {0}")]
    Unsendable(SendFault),
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How the framing of a peer is invalid.
///
/// Offsets count from the first byte of the frame, including its length. Only bytes of length and header are
/// shown, because a part of a message may be where the trailer was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// A length in text has a byte that is not a digit.
    #[error("byte {at} of the length must be a digit of base {base} (got {found:#04x})")]
    LengthDigit {
        /// Offset of the byte.
        at: usize,
        /// 10 or 16.
        base: u32,
        /// The byte.
        found: u8,
    },
    /// A length that counts itself is less than its own size.
    #[error("the length is {indicated}, but it counts its own {width} bytes")]
    LengthBelowItself {
        /// The bytes of the length.
        width: usize,
        /// The indicated length.
        indicated: u32,
    },
    /// The two lengths of a frame do not agree.
    #[error(
        "the two lengths do not agree: the first counts {first} bytes, \
         the second counts {second}, not 4 less"
    )]
    LengthsDisagree {
        /// The bytes behind the first length, including the second length.
        first: usize,
        /// The bytes behind the second length.
        second: usize,
    },
    /// A length of zero, but the network has no keep-alives.
    #[error("the length is zero, but the network has no keep-alives")]
    ZeroLength,
    /// The indicated length exceeds the maximum.
    #[error("header, message and trailer have {bytes} bytes by the length, the maximum is {max}")]
    TooLong {
        /// The bytes of header, message and trailer.
        bytes: usize,
        /// The maximum.
        max: usize,
    },
    /// The indicated length has room for header and trailer only, not for a message.
    #[error(
        "header, message and trailer have {bytes} bytes by the length, \
         but header and trailer alone have {overhead}"
    )]
    NoMessage {
        /// The bytes of header, message and trailer.
        bytes: usize,
        /// The bytes of header and trailer.
        overhead: usize,
    },
    /// A byte of the header does not match.
    #[error("byte {at} of the frame, in the header, must be {expected} (got {found:#04x})")]
    Header {
        /// Offset of the byte.
        at: usize,
        /// The expected byte.
        expected: HeaderByte,
        /// The actual byte.
        found: u8,
    },
    /// A byte of the trailer does not match.
    #[error("byte {at} of the frame, in the trailer, must be {expected:#04x}")]
    Trailer {
        /// Offset of the byte.
        at: usize,
        /// The expected byte.
        expected: u8,
    },
    /// The stream ended inside a length.
    #[error("the stream ended after {received} of the {expected} bytes of a length")]
    EndedInLength {
        /// The received bytes.
        received: usize,
        /// The bytes of the length.
        expected: usize,
    },
    /// The stream ended inside a frame.
    #[error("the stream ended after {received} of the {expected} bytes of a frame")]
    EndedInFrame {
        /// The received bytes, including the length.
        received: usize,
        /// The bytes of the frame, including the length.
        expected: usize,
    },
}

/// Why a frame may not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendFault {
    /// A keep-alive, but the network has none.
    #[error("the network has no keep-alives")]
    KeepAlive,
    /// The message is empty.
    #[error("the message is empty")]
    NoMessage,
    /// The header does not have the length that the network defines.
    #[error("the header must have {expected} bytes (got {received})")]
    HeaderLength {
        /// The bytes of the header.
        received: usize,
        /// The bytes that the network defines.
        expected: usize,
    },
    /// A byte of the header does not match.
    #[error("byte {at} of the header must be {expected} (got {found:#04x})")]
    Header {
        /// Offset of the byte in the header.
        at: usize,
        /// The expected byte.
        expected: HeaderByte,
        /// The actual byte.
        found: u8,
    },
    /// More bytes than the network allows.
    #[error("header, message and trailer have {bytes} bytes, the maximum is {max}")]
    TooLong {
        /// The bytes of header, message and trailer.
        bytes: usize,
        /// The maximum.
        max: usize,
    },
    /// More bytes than the length can express.
    #[error("the length has to count {bytes} bytes, the maximum is {max}")]
    TooLongForLength {
        /// The bytes that the length counts, without itself.
        bytes: usize,
        /// The maximum that the length can count.
        max: usize,
    },
}
