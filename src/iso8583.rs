//! ISO 8583 messages: specs, codec, framing.
//!
//! A [`Spec`] defines the message layouts of a network and is compiled once into tables. [`Spec::decode`]
//! returns a [`Message`]: a view over the received bytes, without a copy or an allocation. An [`OwnedMessage`] is the
//! same without the spec, to be handed on. An [`Encoder`]
//! writes a message into a reused buffer. [`FrameCodec`] splits the byte stream of a TCP session into
//! messages. This room does not know what a message means.

mod bitmap;
mod characters;
mod class;
mod coding;
mod de;
mod decode;
mod ebcdic;
mod element_set;
mod encode;
mod error;
mod fast_path;
mod field;
mod framing;
mod layout;
mod message;
mod mti;
mod presentation;
mod spec;
mod subfields;
#[cfg(test)]
mod tests;

pub use class::{Class, Unit};
pub use de::De;
pub use decode::lenient::Salvaged;
pub use element_set::ElementSet;
pub use encode::{EncodeError, EncodeReason, Encoder, Template};
pub use error::{DecodeError, MessagePart, Reason};
pub use field::{Field, FieldError, Subfield};
pub use framing::{
    Frame, FrameCodec, FrameError, FrameFault, Framing, Header, HeaderByte, Length, OutgoingFrame,
    SendFault,
};
pub use message::{Message, OwnedMessage};
pub use mti::Mti;
pub use presentation::{Format, Presentation};
pub use spec::{
    Attributes, Composition, CurrencyName, Element, MessageLayout, Spec, SpecError, SpecFault,
};
pub use subfields::{SubfieldFault, SubfieldReason};
