//! Masked or revealed output.

use std::borrow::Cow;

use crate::iso8583::{Field, Subfield};

/// How sensitive values are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Sensitive values are masked.
    Masked,
    /// All values are shown whole.
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

    pub(super) fn subfield<'m>(self, subfield: &Subfield<'m>) -> Cow<'m, str> {
        match self {
            Self::Masked => subfield.masked(),
            Self::Revealed => subfield.reveal(),
        }
    }

    /// Returns whether the bytes of an element must be hidden, because a part of it is masked.
    pub(super) fn hides(self, field: &Field<'_>) -> bool {
        self == Self::Masked && field.masked() != field.reveal()
    }

    /// Returns whether a subfield is masked.
    pub(super) fn hides_subfield(self, subfield: &Subfield<'_>) -> bool {
        self == Self::Masked && subfield.masked() != subfield.reveal()
    }
}
