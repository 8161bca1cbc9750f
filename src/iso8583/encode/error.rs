//! Why a message can't be written.

use std::fmt;

use thiserror::Error;

use crate::iso8583::class::{Class, Unit};
use crate::iso8583::de::De;
use crate::iso8583::mti::Mti;
use crate::iso8583::subfields::SubfieldFault;

/// A value or a message that can't be written. What is sensitive is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{}{reason}", In(*de))]
pub struct EncodeError {
    /// The data element; `None` if it is the message as a whole.
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
    /// The message is neither a request nor an advice.
    #[error("MTI {0} is neither a request nor an advice, and has neither a repeat nor a response")]
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
    #[error("the value has {}, the element takes at most {max}", unit.counted(*length))]
    TooLong {
        /// Characters, digits or bytes of the value.
        length: usize,
        /// The most it takes.
        max: usize,
        /// What they are.
        unit: Unit,
    },
    /// The value is shorter than the element, or empty where one could be filled up.
    #[error("the value has {}, the element takes at least {min}", unit.counted(*length))]
    TooShort {
        /// Characters, digits or bytes of the value.
        length: usize,
        /// The least it takes.
        min: usize,
        /// What they are.
        unit: Unit,
    },
    /// The message would be longer than any frame.
    #[error("the message would have more than 65535 bytes")]
    TooLarge,
    /// A number for an element that is not numeric.
    #[error("it is of class {0}, which takes no number")]
    NotNumeric(Class),
    /// A character that the content class does not admit.
    #[error("character {} is none of class {class}, which takes {}", place + 1, class.expected_at(*place))]
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
    /// A tag is of another width than the spec says.
    #[error("a tag has {length} characters, the spec takes {width}")]
    TagWidth {
        /// Characters of the tag.
        length: usize,
        /// Characters that it must have.
        width: usize,
    },
    /// A template takes a value for each of its data elements.
    #[error("{given} values where the template takes {taken}")]
    ValueCount {
        /// Values that were given.
        given: usize,
        /// Data elements of the template.
        taken: usize,
    },
    /// The message and its repeat are of different message layouts.
    #[error("MTI {0} has another message layout than its original")]
    OtherLayout(Mti),
}

struct In(Option<De>);

impl fmt::Display for In {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |de| write!(f, "{de}: "))
    }
}

impl EncodeError {
    pub(super) const fn at(de: De, reason: EncodeReason) -> Self {
        Self { de: Some(de), reason }
    }

    pub(super) const fn whole(reason: EncodeReason) -> Self {
        Self { de: None, reason }
    }
}
