//! Reads messages into a [`TextMessage`], and writes them from one.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use super::odd_encoding::make_odd;
use super::reference::Reference;
use super::text_elements::{ReadError, is_text};
use crate::iso8583::{EncodeError, Spec};
use crate::simulator::TextMessage;

/// Reads and writes messages.
#[derive(Clone, Debug)]
pub enum Codec {
    /// The adapter's codec.
    Native(Arc<Spec>),
    /// `iso8583_rs`, which shares no code with the adapter.
    Reference(Reference),
}

/// The reason why a message cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The message does not fit the spec.
    #[error(transparent)]
    Native(#[from] EncodeError),
    /// `iso8583_rs` refuses the message. It gives no reason.
    #[error("iso8583_rs cannot write the message")]
    Reference,
}

impl Codec {
    /// Reads a message.
    ///
    /// # Errors
    /// If the bytes are not a message of the spec.
    pub fn read(&self, bytes: Bytes) -> Result<TextMessage, ReadError> {
        match self {
            Self::Native(spec) => read(spec, bytes),
            Self::Reference(reference) => reference.read(&bytes),
        }
    }

    /// Appends a message to the buffer.
    ///
    /// # Errors
    /// If the spec has no such message or element, or a value does not fit its element.
    pub fn write(&self, message: &TextMessage, into: &mut BytesMut) -> Result<(), WriteError> {
        let start = into.len();
        match self {
            Self::Native(spec) => write(spec, message, into)?,
            Self::Reference(reference) => {
                reference.write(message, into).ok_or(WriteError::Reference)?;
            }
        }
        if let Some(odd) = message.odd_bytes() {
            let mut bytes = into.split_off(start);
            make_odd(&mut bytes, odd, message, self.has_hex_bitmaps());
            into.unsplit(bytes);
        }
        Ok(())
    }

    fn has_hex_bitmaps(&self) -> bool {
        match self {
            Self::Native(spec) => spec.has_hex_bitmaps(),
            Self::Reference(reference) => reference.has_hex_bitmaps(),
        }
    }
}

fn read(spec: &Spec, bytes: Bytes) -> Result<TextMessage, ReadError> {
    let decoded = spec.decode(bytes).map_err(|error| ReadError(error.to_string()))?;
    let mut message = TextMessage::new(decoded.mti());
    for field in decoded.fields().filter(|field| is_text(field.de())) {
        message.set(field.de(), &field.reveal());
    }
    Ok(message)
}

fn write(spec: &Spec, message: &TextMessage, into: &mut BytesMut) -> Result<(), EncodeError> {
    let mut encoder = spec.encoder(message.mti(), into)?;
    for (de, text) in message.elements() {
        encoder.text(de, text)?;
    }
    encoder.finish();
    Ok(())
}
