//! How messages are read into a [`Wire`] and written from one.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use super::reference::Reference;
use crate::iso8583::{De, EncodeError, Spec};
use crate::switch::Wire;

/// Reads and writes messages.
#[derive(Clone, Debug)]
pub enum Codec {
    /// With the adapter's codec.
    Native(Arc<Spec>),
    /// With `iso8583_rs`, which shares nothing with the adapter.
    Reference(Reference),
}

/// Why a message can't be read. It says nothing of what stands in it but masked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unreadable(pub(super) String);

/// Why a message can't be written.
#[derive(Debug, Error)]
pub enum Unwritable {
    /// The spec has no place for it.
    #[error(transparent)]
    Native(#[from] EncodeError),
    /// The reference codec says no more.
    #[error("iso8583_rs doesn't write it")]
    Reference,
}

/// Elements of bits: keys, PIN blocks and MACs are none of the brain's business.
const BITS: [De; 4] = [De::PIN_DATA, De::MAC, De::MESSAGE_SECURITY, De::MAC_2];

/// Whether an element is text, as a [`Wire`] has it.
pub(super) fn is_text(de: De) -> bool {
    !BITS.contains(&de)
}

impl Codec {
    /// Reads a message.
    ///
    /// # Errors
    /// If it isn't one of the spec.
    pub fn read(&self, bytes: Bytes) -> Result<Wire, Unreadable> {
        match self {
            Self::Native(spec) => read(spec, bytes),
            Self::Reference(reference) => reference.read(&bytes),
        }
    }

    /// Writes a message behind what the buffer holds.
    ///
    /// # Errors
    /// If the spec has no such message or element, or a text has no place in it.
    pub fn write(&self, wire: &Wire, into: &mut BytesMut) -> Result<(), Unwritable> {
        match self {
            Self::Native(spec) => Ok(write(spec, wire, into)?),
            Self::Reference(reference) => reference.write(wire, into).ok_or(Unwritable::Reference),
        }
    }
}

fn read(spec: &Spec, bytes: Bytes) -> Result<Wire, Unreadable> {
    let message = spec.decode(bytes).map_err(|error| Unreadable(error.to_string()))?;
    let mut wire = Wire::new(message.mti());
    for field in message.fields().filter(|field| is_text(field.de())) {
        wire.set(field.de(), &field.reveal());
    }
    Ok(wire)
}

fn write(spec: &Spec, wire: &Wire, into: &mut BytesMut) -> Result<(), EncodeError> {
    let mut encoder = spec.encoder(wire.mti(), into)?;
    for (de, text) in wire.elements() {
        encoder.text(de, text)?;
    }
    encoder.finish();
    Ok(())
}
