//! The values that the elements of a spec accept, for tests and tools that generate values.

use super::{Element, MessageLayout};
use crate::iso8583::class::Class;
use crate::iso8583::de::De;
use crate::iso8583::subfields::Subfields;

/// The attributes of a data element or a subfield: the values that it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The content class.
    pub class: Class,
    /// The minimum number of characters, digits or (class `b`) bytes; equal to `max` if the length is fixed.
    pub min: usize,
    /// The maximum number of characters, digits or (class `b`) bytes.
    pub max: usize,
}

/// How the value of a data element is composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Composition<'s> {
    /// A value without subfields.
    Simple,
    /// Fixed subfields in order.
    Fixed {
        /// The attributes of each.
        subfields: Vec<Attributes>,
        /// The number of mandatory ones.
        required: usize,
    },
    /// Tagged subfields in any order.
    Tagged {
        /// The number of characters of a tag.
        tag_width: usize,
        /// The number of digits of a length.
        length_width: usize,
        /// The tags that the spec defines, with the attributes of their values.
        known: Vec<(&'s str, Attributes)>,
    },
}

impl MessageLayout {
    /// Returns the attributes of a data element, if the layout defines it.
    #[must_use]
    pub fn attributes(&self, de: De) -> Option<Attributes> {
        let layout = self.layout(de)?;
        Some(Attributes { class: layout.class, min: layout.min.into(), max: layout.max.into() })
    }
}

impl Element {
    /// Returns how its value is composed.
    #[must_use]
    pub fn composition(&self) -> Composition<'_> {
        match &self.subfields {
            None => Composition::Simple,
            Some(Subfields::Fixed(parts)) => Composition::Fixed {
                required: parts.iter().filter(|part| !part.optional).count(),
                subfields: parts
                    .iter()
                    .map(|part| Attributes {
                        class: part.class,
                        min: part.length,
                        max: part.length,
                    })
                    .collect(),
            },
            Some(Subfields::Tagged(tagged)) => Composition::Tagged {
                tag_width: tagged.tag_width,
                length_width: tagged.length_width,
                known: tagged
                    .tags
                    .iter()
                    .map(|tag| (&*tag.key, Attributes { class: tag.class, min: 0, max: tag.max }))
                    .collect(),
            },
        }
    }
}
