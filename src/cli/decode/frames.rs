//! Splits bytes into messages.

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use crate::iso8583::{DecodeError, Frame, FrameCodec, FrameError, Message, Spec};

/// The content of the input, up to the first error.
pub(super) struct Decoded<'s> {
    pub(super) pieces: Vec<Piece<'s>>,
    pub(super) fault: Option<String>,
}

/// A decoded piece of the input.
pub(super) enum Piece<'s> {
    /// A message without a frame.
    Bare(Message<'s>),
    /// A message in its frame.
    Framed(Envelope, Message<'s>),
    /// A frame of length zero.
    KeepAlive(Envelope),
}

/// The bytes around a message.
pub(super) struct Envelope {
    /// The offset of the frame in the input.
    pub(super) at: usize,
    /// The bytes of the length.
    pub(super) length: Bytes,
    pub(super) header: Bytes,
    pub(super) trailer: Bytes,
}

impl<'s> Decoded<'s> {
    /// Decodes one message, or all frames.
    pub(super) fn read(spec: &'s Spec, bytes: &Bytes, framed: bool) -> Self {
        if framed {
            return Self::frames(spec, bytes);
        }
        match spec.decode(bytes.clone()) {
            Ok(message) => Self { pieces: vec![Piece::Bare(message)], fault: None },
            Err(error) => Self { pieces: Vec::new(), fault: Some(error.to_string()) },
        }
    }

    /// Decodes the messages of a reading, one after the other.
    pub(super) fn read_all(spec: &'s Spec, reading: &[Bytes], framed: bool) -> Self {
        let mut all = Self { pieces: Vec::new(), fault: None };
        for bytes in reading {
            let Self { pieces, fault } = Self::read(spec, bytes, framed);
            all.pieces.extend(pieces);
            all.fault = all.fault.or(fault);
        }
        all
    }

    fn frames(spec: &'s Spec, input: &Bytes) -> Self {
        let mut codec = FrameCodec::new(spec.framing().clone());
        let mut rest = BytesMut::from(&**input);
        let mut pieces = Vec::new();
        loop {
            let (at, number) = (input.len() - rest.len(), pieces.len() + 1);
            let next = match codec.decode_eof(&mut rest) {
                Ok(Some(frame)) => {
                    let bytes = input.slice(at..input.len() - rest.len());
                    piece(spec, frame, &bytes, at)
                        .map_err(|fault| format!("frame {number}, {fault}"))
                }
                Ok(None) if pieces.is_empty() => {
                    Err("frame 1 at byte 0: the input has no frame".to_owned())
                }
                Ok(None) => return Self { pieces, fault: None },
                Err(error) => Err(format!("frame {number} at byte {at}: {}", broken(&error))),
            };
            match next {
                Ok(piece) => pieces.push(piece),
                Err(fault) => return Self { pieces, fault: Some(fault) },
            }
        }
    }
}

/// Decodes the message of a frame at offset `at` of the input.
fn piece<'s>(spec: &'s Spec, frame: Frame, bytes: &Bytes, at: usize) -> Result<Piece<'s>, String> {
    let trailer = match &frame {
        Frame::KeepAlive => Bytes::new(),
        Frame::Message { .. } => Bytes::copy_from_slice(spec.framing().trailer()),
    };
    let (header, message) = match frame {
        Frame::KeepAlive => (Bytes::new(), None),
        Frame::Message { header, message } => (header, Some(message)),
    };
    let around = header.len() + message.as_ref().map_or(0, Bytes::len) + trailer.len();
    let length = bytes.slice(..bytes.len() - around);
    let from = at + length.len() + header.len();
    let envelope = Envelope { at, length, header, trailer };
    let Some(message) = message else { return Ok(Piece::KeepAlive(envelope)) };
    match spec.decode(message) {
        Ok(message) => Ok(Piece::Framed(envelope, message)),
        Err(error) => Err(in_frame(&error, from)),
    }
}

fn in_frame(error: &DecodeError, from: usize) -> String {
    format!("message from byte {from}: {error}")
}

/// Returns the text of a framing error without its originator: the input is a file, not a peer.
fn broken(error: &FrameError) -> String {
    match error {
        FrameError::Broken(fault) => fault.to_string(),
        FrameError::Unsendable(_) | FrameError::Io(_) => error.to_string(),
    }
}
