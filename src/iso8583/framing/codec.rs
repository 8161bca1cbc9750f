//! Frames cut out of a stream of bytes, and written into one.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use super::length::Prefix;
use super::{FrameError, FrameFault, Framing, SendFault};

/// A frame that came in: views into the buffer it was read into, nothing copied.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// A length of zero and nothing behind it.
    KeepAlive,
    /// A message and what stood before it.
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

/// A message to be framed, borrowed from wherever it was built.
#[derive(Clone, Copy)]
pub struct OutgoingFrame<'a> {
    /// The header; empty where the network has none.
    pub header: &'a [u8],
    /// The message, never empty.
    pub message: &'a [u8],
}

impl fmt::Debug for OutgoingFrame<'_> {
    /// Shows sizes only: a message is full of what must not be seen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (header, message) = (self.header.len(), self.message.len());
        write!(f, "Message({header} bytes of header, {message} of message)")
    }
}

/// Reads and writes the frames of one session.
///
/// What a peer says about lengths moves no memory: the decoder reserves nothing, so a buffer grows only
/// by bytes that have come, and a frame beyond the maximum is refused by its length alone. Once the peer
/// has broken the framing, where the next frame begins could only be guessed; so every later call gives
/// the same fault again.
#[derive(Clone, Debug)]
pub struct FrameCodec {
    framing: Framing,
    incoming: Incoming,
}

#[derive(Clone, Copy, Debug)]
enum Incoming {
    Sound,
    Broken(FrameFault),
}

/// What stands at the front of the buffer.
enum Front {
    Frame(Frame),
    /// A piece of a frame, and the fault that it is if the stream ends here.
    Piece(FrameFault),
}

impl FrameCodec {
    /// A codec at the beginning of a session.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Self { framing, incoming: Incoming::Sound }
    }

    fn front(&mut self, src: &mut BytesMut) -> Result<Front, FrameError> {
        let front = match self.incoming {
            Incoming::Sound => self.take(src),
            Incoming::Broken(fault) => Err(fault),
        };
        front.map_err(|fault| self.broken(fault))
    }

    fn broken(&mut self, fault: FrameFault) -> FrameError {
        self.incoming = Incoming::Broken(fault);
        FrameError::Broken(fault)
    }

    /// Takes one frame off the front of `src`, or leaves `src` as it is.
    fn take(&self, src: &mut BytesMut) -> Result<Front, FrameFault> {
        let Framing { length, counts_itself, .. } = self.framing;
        let have = src.len();
        let Some(Prefix { width, counted }) = length.read(src, counts_itself)? else {
            return Ok(Front::Piece(FrameFault::EndedInLength { have, need: length.width() }));
        };
        if counted == 0 {
            return self.take_keep_alive(width, src);
        }
        let body = self.body(counted)?;
        let need = width.saturating_add(body);
        if have < need {
            return Ok(Front::Piece(FrameFault::EndedInFrame { have, need }));
        }
        self.check_header(src, width)?;
        self.check_trailer(src, need)?;
        Ok(Front::Frame(self.take_message(width, body, src)))
    }

    fn take_keep_alive(&self, width: usize, src: &mut BytesMut) -> Result<Front, FrameFault> {
        if !self.framing.keep_alive {
            return Err(FrameFault::ZeroLength);
        }
        src.advance(width);
        Ok(Front::Frame(Frame::KeepAlive))
    }

    /// The bytes of header, message and trailer, if they are as many as they may be.
    fn body(&self, counted: usize) -> Result<usize, FrameFault> {
        let (max, wrap) = (self.framing.max_frame, self.framing.wrap());
        let bytes = counted.saturating_add(self.framing.uncounted());
        if bytes > max {
            Err(FrameFault::TooLong { bytes, max })
        } else if bytes <= wrap {
            Err(FrameFault::NoMessage { bytes, wrap })
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

    /// Needs a whole frame in `src` whose body passed [`body`](Self::body): then no cut can be beyond
    /// the end.
    fn take_message(&self, width: usize, body: usize, src: &mut BytesMut) -> Frame {
        src.advance(width);
        let header = take_bytes(self.framing.header.pattern().len(), src);
        let message = take_bytes(body - self.framing.wrap(), src);
        src.advance(self.framing.trailer.len());
        Frame::Message { header, message }
    }

    /// The bytes of header, message and trailer of a frame that may be sent.
    fn sendable(&self, frame: OutgoingFrame<'_>) -> Result<usize, SendFault> {
        self.check_own_header(frame.header)?;
        let Framing { length, counts_itself, max_frame: max, .. } = self.framing;
        let bytes = self.framing.wrap() + frame.message.len();
        let (counted, most) = (bytes - self.framing.uncounted(), length.most(counts_itself));
        if frame.message.is_empty() {
            Err(SendFault::NoMessage)
        } else if bytes > max {
            Err(SendFault::TooLong { bytes, max })
        } else if counted > most {
            Err(SendFault::TooLongForLength { bytes: counted, most })
        } else {
            Ok(bytes)
        }
    }

    fn check_own_header(&self, header: &[u8]) -> Result<(), SendFault> {
        let (have, need) = (header.len(), self.framing.header.pattern().len());
        if have != need {
            return Err(SendFault::HeaderLength { have, need });
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

/// Cuts bytes off the front of `src`; none cost nothing.
fn take_bytes(count: usize, src: &mut BytesMut) -> Bytes {
    if count == 0 { Bytes::new() } else { src.split_to(count).freeze() }
}

impl Decoder for FrameCodec {
    type Item = Frame;
    type Error = FrameError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        match self.front(src)? {
            Front::Frame(frame) => Ok(Some(frame)),
            Front::Piece(_) => Ok(None),
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        match self.front(src)? {
            Front::Frame(frame) => Ok(Some(frame)),
            Front::Piece(_) if src.is_empty() => Ok(None),
            Front::Piece(fault) => Err(self.broken(fault)),
        }
    }
}

impl Encoder<OutgoingFrame<'_>> for FrameCodec {
    type Error = FrameError;

    /// Appends one frame to `dst`, or nothing if it may not be sent.
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

    /// Appends one frame to `dst`, or nothing if it may not be sent.
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
