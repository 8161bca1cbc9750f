//! Why a message can't be written.

use std::fmt;

use thiserror::Error;

use crate::iso8583::class::Class;
use crate::iso8583::de::De;
use crate::iso8583::mti::Mti;
use crate::iso8583::subfields::SubfieldFault;

/// A value that can't be written. What is sensitive is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{place}: {reason}", place = At(*de))]
pub struct EncodeError {
    /// The data element; `None` for the message type.
    pub de: Option<De>,
    /// What is wrong.
    pub reason: EncodeReason,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeReason {
    /// No message layout of the spec selects the MTI.
    #[error("MTI {0} is in no message layout of the spec")]
    UnknownMti(Mti),
    /// The message is a response, which has neither a repeat nor a response.
    #[error("MTI {0} is a response and has neither a repeat nor a response")]
    NoAnswer(Mti),
    /// The bytes are not a message that could be repeated.
    #[error("the original does not begin with an MTI of the spec")]
    NotAMessage,
    /// The message layout does not define the data element.
    #[error("the message layout does not define it")]
    Undefined,
    /// Data elements are written in ascending order.
    #[error("it comes after {0}; data elements are written in ascending order")]
    OutOfOrder(De),
    /// The value is longer than the element.
    #[error("the value has {length}, the element takes at most {max}")]
    TooLong {
        /// Characters, digits or bytes of the value.
        length: usize,
        /// The most it takes.
        max: usize,
    },
    /// The value is shorter than the element.
    #[error("the value has {length}, the element takes at least {min}")]
    TooShort {
        /// Characters, digits or bytes of the value.
        length: usize,
        /// The least it takes.
        min: usize,
    },
    /// A character that the content class does not admit.
    #[error("character {} is none of class {class}, which takes {}", place + 1, class.expected())]
    Class {
        /// The class.
        class: Class,
        /// The place of the character, from 0.
        place: usize,
    },
    /// Bits that are not given as pairs of hex digits.
    #[error("bits are given in hex, two digits a byte")]
    NotHex,
    /// The value is not made of the subfields that the spec describes.
    #[error("{0}")]
    Subfields(SubfieldFault),
    /// The spec describes no such subfields of the data element.
    #[error("the spec describes no such subfields")]
    NoSuchSubfields,
    /// A template takes a value for each of its data elements.
    #[error("{given} values for the {taken} data elements of the template")]
    ValueCount {
        /// Values that were given.
        given: usize,
        /// Data elements of the template.
        taken: usize,
    },
    /// The two messages lay the data element out differently.
    #[error("the two messages lay it out differently")]
    OtherLayout,
}

struct At(Option<De>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(de) => write!(f, "{de}"),
            None => f.write_str("MTI"),
        }
    }
}

impl EncodeError {
    pub(super) const fn at(de: De, reason: EncodeReason) -> Self {
        Self { de: Some(de), reason }
    }

    pub(super) const fn mti(reason: EncodeReason) -> Self {
        Self { de: None, reason }
    }
}
