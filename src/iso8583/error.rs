//! Errors of decoding: the message part, the byte offset and the reason.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::class::{Class, Unit};
use super::de::De;
use super::mti::Mti;
use super::subfields::SubfieldFault;

/// Bytes that are not a valid message of the spec. Either the peer sent an invalid message, or the spec
/// belongs to another network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The part of the message.
    pub part: MessagePart,
    /// The name of the data element in the spec, if it is defined.
    pub name: Option<Arc<str>>,
    /// The byte offset from the start of the message.
    pub offset: usize,
    /// The reason.
    pub reason: Reason,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagePart {
    /// The message type indicator.
    Mti,
    /// One of the bitmaps.
    Bitmap,
    /// A data element.
    Element(De),
    /// The message as a whole.
    Message,
}

/// The reason why a part of a message is invalid.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Reason {
    /// The message ends inside this part.
    #[error("the message ends here: {} needed, {left} left", Unit::Bytes.with_count(*needed))]
    Truncated {
        /// Bytes that it needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// The message is longer than any frame.
    #[error("the message has {0} bytes; at most 65535 can be decoded")]
    TooLarge(usize),
    /// The MTI is not four digits.
    #[error("the MTI is not four digits")]
    MtiNotNumeric,
    /// No message layout of the spec selects the MTI.
    #[error("no message layout of the spec selects MTI {0}")]
    UnknownMti(Mti),
    /// A character of the bitmap is not a hex digit.
    #[error("a character of the bitmap is not a hex digit")]
    BitmapNotHex,
    /// The bitmap announces another bitmap, but the layout defines no data element in it.
    #[error("bit 1 announces another bitmap, but the message layout defines no data element in it")]
    UndefinedBitmap,
    /// The bitmap has a data element that the layout does not define.
    #[error("the bitmap has this data element, but the message layout does not define it")]
    Undefined,
    /// The element cannot be delimited: its own length is wrong, or that of an element before it.
    #[error("the element cannot be delimited")]
    NotDelimited,
    /// The length indicator is not a number.
    #[error("the length indicator is not a number")]
    LengthNotNumeric,
    /// The indicated length is more than the maximum.
    #[error("the length is {}, the maximum is {max}", unit.with_count(*length))]
    TooLong {
        /// The stated length.
        length: usize,
        /// The maximum of the spec.
        max: usize,
        /// What both are counted in.
        unit: Unit,
    },
    /// The indicated length is less than the minimum.
    #[error("the length is {}, the minimum is {min}", unit.with_count(*length))]
    TooShort {
        /// The stated length.
        length: usize,
        /// The minimum of the spec.
        min: usize,
        /// What both are counted in.
        unit: Unit,
    },
    /// The content class does not accept a byte. The byte is omitted if the element is sensitive.
    #[error("class {class} allows {}{}", class.expected_at(*position), ActualByte(*byte))]
    Class {
        /// The class.
        class: Class,
        /// The position of the character in the value, from 0.
        position: usize,
        /// The byte, unless the element is sensitive.
        byte: Option<u8>,
    },
    /// The padding of an odd number of digits is not what the spec requires.
    #[error("the padding digit is not what the spec requires")]
    Padding,
    /// The value does not consist of the subfields that the spec defines.
    #[error("{0}")]
    Subfields(SubfieldFault),
    /// There are bytes after the last data element.
    #[error("{} left after the last data element", Unit::Bytes.with_count(*.0))]
    TrailingBytes(usize),
}

impl Reason {
    /// Returns the code of the reason, as in the expectations of `fixtures/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::TooLarge(_) => "too-large",
            Self::MtiNotNumeric => "mti-not-numeric",
            Self::UnknownMti(_) => "unknown-mti",
            Self::BitmapNotHex => "bitmap-not-hex",
            Self::Undefined | Self::UndefinedBitmap => "undefined",
            Self::NotDelimited => "not-delimited",
            Self::LengthNotNumeric => "length-not-numeric",
            Self::TooLong { .. } => "too-long",
            Self::TooShort { .. } => "too-short",
            Self::Class { .. } => "class",
            Self::Padding => "padding",
            Self::Subfields(_) => "subfields",
            Self::TrailingBytes(_) => "trailing-bytes",
        }
    }
}

struct ActualByte(Option<u8>);

impl fmt::Display for ActualByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(byte @ b' '..=b'~') => write!(f, " (got {byte:#04x} '{}')", char::from(byte)),
            Some(byte) => write!(f, " (got {byte:#04x})"),
            None => f.write_str(" (got another byte, masked)"),
        }
    }
}

impl fmt::Display for MessagePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mti => f.write_str("MTI"),
            Self::Bitmap => f.write_str("bitmap"),
            Self::Element(de) => write!(f, "{de}"),
            Self::Message => f.write_str("message"),
        }
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.part)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        write!(f, " at byte {}: {}", self.offset, self.reason)
    }
}
