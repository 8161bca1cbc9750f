//! Errors of encoding.

use std::fmt;

use thiserror::Error;

use crate::iso8583::class::{Class, Unit};
use crate::iso8583::de::De;
use crate::iso8583::mti::Mti;
use crate::iso8583::subfields::SubfieldFault;

/// A value or a message that can't be encoded. It does not contain sensitive values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{}{reason}", In(*de))]
pub struct EncodeError {
    /// The data element; `None` if the error is in the message as a whole.
    pub de: Option<De>,
    /// The reason.
    pub reason: EncodeReason,
}

/// The reason why a value or a message can't be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeReason {
    /// No message layout of the spec selects the MTI.
    #[error("no message layout of the spec selects MTI {0}")]
    UnknownMti(Mti),
    /// The message is neither a request nor an advice, so it has neither a repeat nor a response.
    #[error("MTI {0} is neither a request nor an advice: it has no repeat and no response")]
    NotARequest(Mti),
    /// The bytes of the original do not begin with an MTI.
    #[error("the original does not begin with an MTI of the spec")]
    MtiInvalid,
    /// The message layout does not define the data element.
    #[error("the message layout does not define this data element")]
    Undefined,
    /// The data element is out of ascending order.
    #[error("must be written before {0}: data elements are in ascending order")]
    OutOfOrder(De),
    /// The value is longer than the element.
    #[error("the value has {}, the maximum is {max}", unit.with_count(*length))]
    TooLong {
        /// The length of the value.
        length: usize,
        /// The maximum.
        max: usize,
        /// The unit of both.
        unit: Unit,
    },
    /// The value is shorter than the element, or empty. An empty value is not padded.
    #[error("the value has {}, the minimum is {min}", unit.with_count(*length))]
    TooShort {
        /// The length of the value.
        length: usize,
        /// The minimum.
        min: usize,
        /// The unit of both.
        unit: Unit,
    },
    /// The message would be longer than any frame.
    #[error("the message exceeds 65535 bytes")]
    TooLarge,
    /// A number for an element that is not numeric.
    #[error("a number requires class n (the element has class {0})")]
    NotNumeric(Class),
    /// The content class does not accept a character.
    #[error("character {} is invalid: class {class} allows {}", position + 1, class.expected_at(*position))]
    Class {
        /// The class.
        class: Class,
        /// The position of the character, from 0.
        position: usize,
    },
    /// The text of bits is not pairs of hex digits.
    #[error("must be hex with two digits per byte")]
    NotHex,
    /// The value does not match the subfields that the spec defines.
    #[error("{0}")]
    Subfields(SubfieldFault),
    /// The spec does not define such subfields of the data element.
    #[error("the spec does not define these subfields")]
    SubfieldsUndefined,
    /// A tag has the wrong number of characters.
    #[error("a tag must have {width} characters (got {length})")]
    TagWidth {
        /// The characters of the tag.
        length: usize,
        /// The characters that a tag has in the spec.
        width: usize,
    },
    /// The number of values differs from the number of data elements of the template.
    #[error("the template needs {expected} values, one per data element (got {given})")]
    ValueCount {
        /// The number of given values.
        given: usize,
        /// The number of data elements of the template.
        expected: usize,
    },
    /// The message and its repeat have different message layouts.
    #[error("MTI {0} has a different message layout from its original")]
    LayoutDiffers(Mti),
}

struct In(Option<De>);

impl fmt::Display for In {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |de| write!(f, "{de}: "))
    }
}

impl EncodeError {
    pub(super) const fn for_element(de: De, reason: EncodeReason) -> Self {
        Self { de: Some(de), reason }
    }

    pub(super) const fn for_message(reason: EncodeReason) -> Self {
        Self { de: None, reason }
    }
}
