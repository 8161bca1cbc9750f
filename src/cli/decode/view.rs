//! What may be seen of a message.

use std::borrow::Cow;

use crate::iso8583::{Field, Subfield};

/// What may be seen of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// What is not sensitive.
    Masked,
    /// All of it.
    Revealed,
}

impl View {
    pub(super) const fn new(reveal: bool) -> Self {
        if reveal { Self::Revealed } else { Self::Masked }
    }

    pub(super) fn value<'m>(self, field: &Field<'m>) -> Cow<'m, str> {
        match self {
            Self::Masked => field.masked(),
            Self::Revealed => field.reveal(),
        }
    }

    pub(super) fn part<'m>(self, subfield: &Subfield<'m>) -> Cow<'m, str> {
        match self {
            Self::Masked => subfield.masked(),
            Self::Revealed => subfield.reveal(),
        }
    }

    /// Whether the bytes of an element may not be seen: something of it is masked.
    pub(super) fn hides(self, field: &Field<'_>) -> bool {
        self == Self::Masked && field.masked() != field.reveal()
    }

    /// Whether a part may not be seen whole.
    pub(super) fn hides_part(self, subfield: &Subfield<'_>) -> bool {
        self == Self::Masked && subfield.masked() != subfield.reveal()
    }
}
