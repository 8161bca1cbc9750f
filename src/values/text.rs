//! Names and references: free text with a maximum length.

use std::fmt;
use std::sync::Arc;

use super::{Value, has_track_data};
use crate::masking;

/// The name of a person or a company: 1 to 100 printable characters without track data of a card. It prints masked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Box<str>);

impl Name {
    /// The description of a valid text for errors.
    pub const EXPECTED: &'static str = "1 to 100 printable characters without card track data";

    /// Returns `None` if the text is empty, too long, or has control characters or track data of a card.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=100).contains(&text.chars().count())
            && !text.chars().any(char::is_control)
            && !has_track_data(text);
        fits.then(|| Self(text.into()))
    }

    /// Returns the full name. Do not log it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masking::name(self.reveal()))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// An external reference, given by a customer, channel or partner: 1 to 64 printable ASCII characters without track data of
/// a card.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference(Arc<str>);

impl Reference {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Reference {
    const EXPECTED: &'static str = "1 to 64 printable ASCII characters without card track data";

    fn from_ascii(text: &[u8]) -> Option<Self> {
        let fits =
            (1..=64).contains(&text.len()) && text.iter().all(|byte| (b' '..=b'~').contains(byte));
        let text = std::str::from_utf8(text).ok().filter(|text| fits && !has_track_data(text))?;
        Some(Self(text.into()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_prints_masked_and_a_reference_in_full() {
        let name = Name::new("Siti Rahayu").unwrap();
        assert_eq!(format!("{name} {name:?}"), "S*** R***** Name(S*** R*****)");
        assert!(Name::new("").is_none() && Name::new("a\nb").is_none());
        assert!(Name::new(&"é".repeat(100)).is_some() && Name::new(&"é".repeat(101)).is_none());
        assert_eq!(Reference::from_ascii(b"INV 7").unwrap().to_string(), "INV 7");
        assert!(
            Reference::from_ascii(&[b'x'; 65]).is_none() && Reference::from_ascii(b"\t").is_none()
        );
    }
}
