//! ISO 8583 messages: specs, codec, framing.
//!
//! A [`Spec`] says where the fields of a network's messages lie and is compiled once into tables.
//! [`Spec::decode`] gives a [`Message`], a view over the received bytes, without a copy or an allocation;
//! an [`Encoder`] writes one into a reused buffer. [`FrameCodec`] cuts the stream of a TCP session into
//! messages. Nothing here knows what a message is for.

mod bitmap;
mod characters;
mod class;
mod de;
mod decode;
mod ebcdic;
mod encode;
mod error;
mod field;
mod framing;
mod layout;
mod message;
mod mti;
mod spec;
mod step;
mod subfields;
#[cfg(test)]
mod tests;

pub use class::{Class, Unit};
pub use de::De;
pub use encode::{EncodeError, EncodeReason, Encoder, Template};
pub use error::{DecodeError, Place, Reason};
pub use field::{Field, FieldError, Subfield};
pub use framing::{
    Frame, FrameCodec, FrameError, FrameFault, Framing, Header, HeaderByte, Length, OutgoingFrame,
    SendFault,
};
pub use message::Message;
pub use mti::Mti;
pub use spec::{
    CurrencyName, Element, Fault, Form, Format, Made, MessageLayout, Shown, Spec, SpecError,
};
pub use subfields::{SubfieldFault, SubfieldReason};
