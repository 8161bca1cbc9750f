//! Reads frames from a byte stream, and writes them.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use super::length::Prefix;
use super::{FrameError, FrameFault, Framing, SendFault};

/// A received frame: views into the read buffer, nothing copied.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// A length of zero without header, message and trailer.
    KeepAlive,
    /// A message with its header.
    Message {
        /// The header; empty where the network has none.
        header: Bytes,
        /// The message, never empty.
        message: Bytes,
    },
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeepAlive => f.write_str("KeepAlive"),
            Self::Message { header, message } => OutgoingFrame { header, message }.fmt(f),
        }
    }
}

/// A message to be framed, borrowed from its buffer.
#[derive(Clone, Copy)]
pub struct OutgoingFrame<'a> {
    /// The header; empty where the network has none.
    pub header: &'a [u8],
    /// The message, never empty.
    pub message: &'a [u8],
}

impl fmt::Debug for OutgoingFrame<'_> {
    /// Shows only sizes, because a message holds sensitive data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (header, message) = (self.header.len(), self.message.len());
        write!(f, "Message({header} bytes of header, {message} of message)")
    }
}

/// Reads and writes the frames of one session.
///
/// The decoder never reserves memory for a length that a peer indicates. A buffer grows only by received
/// bytes, and a frame above the maximum is rejected by its length alone. After a framing error the start of
/// the next frame is unknown, so every later call returns the same error.
#[derive(Clone, Debug)]
pub struct FrameCodec {
    framing: Framing,
    state: StreamState,
}

#[derive(Clone, Copy, Debug)]
enum StreamState {
    Intact,
    Broken(FrameFault),
}

/// The content at the front of the buffer.
enum Parsed {
    Frame(Frame),
    /// A part of a frame, with the error if the stream ends here.
    Incomplete(FrameFault),
}

impl FrameCodec {
    /// Creates a codec for the beginning of a session.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Self { framing, state: StreamState::Intact }
    }

    fn next_frame(&mut self, src: &mut BytesMut) -> Result<Parsed, FrameError> {
        let next_frame = match self.state {
            StreamState::Intact => self.parse(src),
            StreamState::Broken(fault) => Err(fault),
        };
        next_frame.map_err(|fault| self.broken(fault))
    }

    fn broken(&mut self, fault: FrameFault) -> FrameError {
        self.state = StreamState::Broken(fault);
        FrameError::Broken(fault)
    }

    /// Removes one frame from the front of `src`, or leaves `src` unchanged.
    fn parse(&self, src: &mut BytesMut) -> Result<Parsed, FrameFault> {
        let Framing { length, counts_itself, .. } = self.framing;
        let received = src.len();
        let Some(Prefix { width, counted }) = length.read(src, counts_itself)? else {
            return Ok(Parsed::Incomplete(FrameFault::EndedInLength {
                received,
                expected: length.width(),
            }));
        };
        if counted == 0 {
            return self.take_keep_alive(width, src);
        }
        let body = self.body(counted)?;
        let expected = width.saturating_add(body);
        if received < expected {
            return Ok(Parsed::Incomplete(FrameFault::EndedInFrame { received, expected }));
        }
        self.check_header(src, width)?;
        self.check_trailer(src, expected)?;
        Ok(Parsed::Frame(self.take_message(width, body, src)))
    }

    fn take_keep_alive(&self, width: usize, src: &mut BytesMut) -> Result<Parsed, FrameFault> {
        if !self.framing.keep_alive {
            return Err(FrameFault::ZeroLength);
        }
        src.advance(width);
        Ok(Parsed::Frame(Frame::KeepAlive))
    }

    /// Returns the number of bytes of header, message and trailer, if it is within the limits.
    fn body(&self, counted: usize) -> Result<usize, FrameFault> {
        let (max, overhead) = (self.framing.max_frame, self.framing.overhead());
        let bytes = counted.saturating_add(self.framing.uncounted());
        if bytes > max {
            Err(FrameFault::TooLong { bytes, max })
        } else if bytes <= overhead {
            Err(FrameFault::NoMessage { bytes, overhead })
        } else {
            Ok(bytes)
        }
    }

    fn check_header(&self, frame: &[u8], width: usize) -> Result<(), FrameFault> {
        let header = frame.get(width..).unwrap_or_default();
        self.framing.header.mismatch(header).map_or(Ok(()), |(at, expected, found)| {
            Err(FrameFault::Header { at: width + at, expected, found })
        })
    }

    fn check_trailer(&self, frame: &[u8], end: usize) -> Result<(), FrameFault> {
        let start = end - self.framing.trailer.len();
        let found = frame.iter().skip(start);
        let mut pairs = (start..).zip(&self.framing.trailer).zip(found);
        let wrong = pairs.find(|((_, expected), found)| expected != found);
        wrong.map_or(Ok(()), |((at, &expected), _)| Err(FrameFault::Trailer { at, expected }))
    }

    /// Requires a complete frame in `src` whose body passed [`body`](Self::body); then no split exceeds the
    /// end.
    fn take_message(&self, width: usize, body: usize, src: &mut BytesMut) -> Frame {
        src.advance(width);
        let header = take_bytes(self.framing.header.pattern().len(), src);
        let message = take_bytes(body - self.framing.overhead(), src);
        src.advance(self.framing.trailer.len());
        Frame::Message { header, message }
    }

    /// Returns the number of bytes of header, message and trailer, if the frame may be sent.
    fn sendable(&self, frame: OutgoingFrame<'_>) -> Result<usize, SendFault> {
        self.check_own_header(frame.header)?;
        let Framing { length, counts_itself, max_frame: max, .. } = self.framing;
        let bytes = self.framing.overhead() + frame.message.len();
        let (counted, most) = (bytes - self.framing.uncounted(), length.max_counted(counts_itself));
        if frame.message.is_empty() {
            Err(SendFault::NoMessage)
        } else if bytes > max {
            Err(SendFault::TooLong { bytes, max })
        } else if counted > most {
            Err(SendFault::TooLongForLength { bytes: counted, max: most })
        } else {
            Ok(bytes)
        }
    }

    fn check_own_header(&self, header: &[u8]) -> Result<(), SendFault> {
        let (received, expected) = (header.len(), self.framing.header.pattern().len());
        if received != expected {
            return Err(SendFault::HeaderLength { received, expected });
        }
        self.framing
            .header
            .mismatch(header)
            .map_or(Ok(()), |(at, expected, found)| Err(SendFault::Header { at, expected, found }))
    }

    fn write_length(&self, counted: usize, dst: &mut BytesMut) {
        self.framing.length.write(counted, self.framing.counts_itself, dst);
    }
}

/// Removes bytes from the front of `src`. An empty header costs nothing.
fn take_bytes(count: usize, src: &mut BytesMut) -> Bytes {
    if count == 0 { Bytes::new() } else { src.split_to(count).freeze() }
}

impl Decoder for FrameCodec {
    type Item = Frame;
    type Error = FrameError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        match self.next_frame(src)? {
            Parsed::Frame(frame) => Ok(Some(frame)),
            Parsed::Incomplete(_) => Ok(None),
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        match self.next_frame(src)? {
            Parsed::Frame(frame) => Ok(Some(frame)),
            Parsed::Incomplete(_) if src.is_empty() => Ok(None),
            Parsed::Incomplete(fault) => Err(self.broken(fault)),
        }
    }
}

impl Encoder<OutgoingFrame<'_>> for FrameCodec {
    type Error = FrameError;

    /// Appends one frame to `dst`; nothing if the frame may not be sent.
    fn encode(&mut self, frame: OutgoingFrame<'_>, dst: &mut BytesMut) -> Result<(), FrameError> {
        let body = self.sendable(frame).map_err(FrameError::Unsendable)?;
        dst.reserve(self.framing.length.width() + body);
        self.write_length(body - self.framing.uncounted(), dst);
        dst.extend_from_slice(frame.header);
        dst.extend_from_slice(frame.message);
        dst.extend_from_slice(&self.framing.trailer);
        Ok(())
    }
}

impl Encoder<Frame> for FrameCodec {
    type Error = FrameError;

    /// Appends one frame to `dst`; nothing if the frame may not be sent.
    fn encode(&mut self, frame: Frame, dst: &mut BytesMut) -> Result<(), FrameError> {
        match frame {
            Frame::Message { header, message } => {
                self.encode(OutgoingFrame { header: &header, message: &message }, dst)
            }
            Frame::KeepAlive if self.framing.keep_alive => {
                self.framing.length.write_zero(dst);
                Ok(())
            }
            Frame::KeepAlive => Err(FrameError::Unsendable(SendFault::KeepAlive)),
        }
    }
}
