//! How what the ledger knows is named in its file.

use crate::bank::wire::{State, Status};
use crate::transfer::{Refusal, Side};

/// Something that has a name in the file.
pub(super) trait Named: Copy + Eq + 'static {
    /// All, with their names.
    const NAMES: &'static [(&'static str, Self)];

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }

    fn of(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

impl Named for Side {
    const NAMES: &'static [(&'static str, Self)] =
        &[("debit", Self::Debit), ("credit", Self::Credit)];
}

impl Named for State {
    const NAMES: &'static [(&'static str, Self)] =
        &[("posted", Self::Posted), ("refused", Self::Refused), ("cancelled", Self::Cancelled)];
}

impl Named for Status {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("active", Self::Active),
        ("blocked", Self::Blocked),
        ("dormant", Self::Dormant),
        ("closed", Self::Closed),
    ];
}

impl Named for Refusal {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("insufficient_funds", Self::InsufficientFunds),
        ("inactive_account", Self::InactiveAccount),
        ("no_such_account", Self::NoSuchAccount),
        ("limit", Self::Limit),
        ("other", Self::Other),
    ];
}

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What was on an account when it was opened.
    Opening,
    /// A debit.
    Debit,
    /// A credit.
    Credit,
    /// A debit, cancelled.
    GivenBack,
    /// A credit, cancelled.
    TakenBack,
}

impl Named for Kind {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("opening", Self::Opening),
        ("debit", Self::Debit),
        ("credit", Self::Credit),
        ("given_back", Self::GivenBack),
        ("taken_back", Self::TakenBack),
    ];
}
