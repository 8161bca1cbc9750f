//! Why bytes are not a message: the place, the byte, the reason.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::class::{Class, Unit};
use super::de::De;
use super::mti::Mti;
use super::subfields::SubfieldFault;

/// Bytes that are not a message of the spec. The peer is at fault, or the spec is another network's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The part of the message.
    pub place: Place,
    /// The spec's name of the data element, if it has one.
    pub name: Option<Arc<str>>,
    /// Bytes from the start of the message.
    pub offset: usize,
    /// What is wrong.
    pub reason: Reason,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The message type indicator.
    Mti,
    /// One of the bitmaps.
    Bitmap,
    /// A data element.
    Element(De),
    /// The message as a whole.
    Message,
}

/// What is wrong with a part of a message.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Reason {
    /// The message ends inside it.
    #[error("the message ends here: {} needed, {left} left", Unit::Bytes.counted(*needed))]
    Truncated {
        /// Bytes that it needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A message longer than any frame.
    #[error("the message has {0} bytes; at most 65535 can be decoded")]
    TooLarge(usize),
    /// An MTI that is not four digits.
    #[error("the MTI is not four digits")]
    MtiNotNumeric,
    /// An MTI that no message layout of the spec selects.
    #[error("MTI {0} is in no message layout of the spec")]
    UnknownMti(Mti),
    /// A character of the bitmap that is no hex digit.
    #[error("the bitmap has a character that is no hex digit")]
    BitmapNotHex,
    /// A bit that says that another bitmap follows, where the layout defines no data element of it.
    #[error("its first bit announces another bitmap, of which the message layout defines nothing")]
    UndefinedBitmap,
    /// A bit for a data element that the layout does not define.
    #[error("its bit is on, but the message layout does not define it")]
    Undefined,
    /// A length indicator that is not a number.
    #[error("the length indicator is not a number")]
    LengthNotNumeric,
    /// A stated length over the maximum.
    #[error("its length is {}, the maximum is {max}", unit.counted(*length))]
    TooLong {
        /// The stated length.
        length: usize,
        /// The most that the spec allows.
        max: usize,
        /// What both are counted in.
        unit: Unit,
    },
    /// A stated length under the minimum.
    #[error("its length is {}, the minimum is {min}", unit.counted(*length))]
    TooShort {
        /// The stated length.
        length: usize,
        /// The least that the spec allows.
        min: usize,
        /// What both are counted in.
        unit: Unit,
    },
    /// A byte that the content class does not admit. The byte is not given where it may be secret.
    #[error("class {class} takes {}{}", class.expected_at(*place), Found(*byte))]
    Class {
        /// The class.
        class: Class,
        /// The place of the character in the value, from 0.
        place: usize,
        /// The byte, unless the element is sensitive.
        byte: Option<u8>,
    },
    /// An odd number of digits that is filled up otherwise than the spec says.
    #[error("the digit that fills an odd number of digits up is not what the spec says")]
    Padding,
    /// A value that is not made of the subfields that the spec describes.
    #[error("{0}")]
    Subfields(SubfieldFault),
    /// Bytes after the last data element.
    #[error("{} after the last data element", Unit::Bytes.counted(*.0))]
    TrailingBytes(usize),
}

impl Reason {
    /// The reason in a word, for counters.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::TooLarge(_) => "too-large",
            Self::MtiNotNumeric => "mti-not-numeric",
            Self::UnknownMti(_) => "unknown-mti",
            Self::BitmapNotHex => "bitmap-not-hex",
            Self::Undefined | Self::UndefinedBitmap => "undefined",
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

struct Found(Option<u8>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(byte @ b' '..=b'~') => write!(f, ", has {byte:#04x} '{}'", char::from(byte)),
            Some(byte) => write!(f, ", has {byte:#04x}"),
            None => f.write_str(", has something else"),
        }
    }
}

impl fmt::Display for Place {
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
        write!(f, "{}", self.place)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        write!(f, " at byte {}: {}", self.offset, self.reason)
    }
}
