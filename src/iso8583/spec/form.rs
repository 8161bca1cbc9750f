//! What values a spec lets its elements take, for whoever makes values up.

use super::{Element, MessageLayout};
use crate::iso8583::class::Class;
use crate::iso8583::de::De;
use crate::iso8583::subfields::Subfields;

/// What values a data element or a subfield takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The content class.
    pub class: Class,
    /// Least characters, digits or (class `b`) bytes; as many as `max` where the length is fixed.
    pub min: usize,
    /// Most characters, digits or (class `b`) bytes.
    pub max: usize,
}

/// What the value of a data element is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made<'s> {
    /// Nothing that the spec describes.
    Plain,
    /// Fixed subfields in order.
    Parts {
        /// Each of a fixed length.
        parts: Vec<Form>,
        /// How many may not be missing.
        required: usize,
    },
    /// Tagged subfields in any order.
    Tags {
        /// Characters of a tag.
        tag: usize,
        /// Digits of a length.
        length: usize,
        /// The tags that the spec describes, and what each takes.
        known: Vec<(&'s str, Form)>,
    },
}

impl MessageLayout {
    /// What values a data element takes, if the layout defines it.
    #[must_use]
    pub fn form(&self, de: De) -> Option<Form> {
        let layout = self.layout(de)?;
        Some(Form { class: layout.class, min: layout.min.into(), max: layout.max.into() })
    }
}

impl Element {
    /// What its value is made of.
    #[must_use]
    pub fn made(&self) -> Made<'_> {
        match &self.subfields {
            None => Made::Plain,
            Some(Subfields::Fixed(parts)) => Made::Parts {
                required: parts.iter().filter(|part| !part.optional).count(),
                parts: parts
                    .iter()
                    .map(|part| Form { class: part.class, min: part.length, max: part.length })
                    .collect(),
            },
            Some(Subfields::Tagged(tagged)) => Made::Tags {
                tag: tagged.tag_width,
                length: tagged.length_width,
                known: tagged
                    .tags
                    .iter()
                    .map(|tag| (&*tag.key, Form { class: tag.class, min: 0, max: tag.max }))
                    .collect(),
            },
        }
    }
}
