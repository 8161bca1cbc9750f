//! What the states of both directions have in common.

use thiserror::Error;

use super::books::{Share, Sums};
use crate::values::{Amount, Moment};

/// The properties of a state. Each direction has one table of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Properties {
    /// The state code: what the journal stores, and what audits and exports compare and show.
    pub code: &'static str,
    /// The display name, for people. It may change.
    pub name: &'static str,
    /// The transfer's share of the books.
    pub share: Share,
    /// What the transfer waits for.
    pub wait: Wait,
    /// Whether the transfer needs a manual resolution.
    pub is_exception: bool,
}

impl Properties {
    pub(super) const fn new(
        code: &'static str,
        name: &'static str,
        share: Share,
        wait: Wait,
    ) -> Self {
        Self { code, name, share, wait, is_exception: matches!(wait, Wait::Resolution) }
    }

    /// Marks an exception that is still repeated.
    pub(super) const fn exception(self, is_exception: bool) -> Self {
        Self { is_exception, ..self }
    }

    /// Returns the sums of a transfer of this amount.
    #[must_use]
    pub fn sums(&self, amount: Amount) -> Sums {
        self.share.sums(amount)
    }

    /// Returns when the state needs the input that its deadline was reached, or `None`.
    #[must_use]
    pub const fn due(&self) -> Option<Moment> {
        match self.wait {
            Wait::TimeOut(due) | Wait::Core(due) | Wait::Switch(due) => Some(due),
            Wait::Nothing | Wait::Decision | Wait::Resolution => None,
        }
    }

    /// Whether the transfer is complete. A complete transfer may leave memory; the journal has it for later messages.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self.wait, Wait::Nothing)
    }
}

/// What a transfer waits for, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Nothing: the transfer is complete.
    Nothing,
    /// The next step of the same decision. Such a state is never stored.
    Decision,
    /// A manual resolution.
    Resolution,
    /// A message, up to this time.
    TimeOut(Moment),
    /// Core's reply. The command is sent again at this time.
    Core(Moment),
    /// The turn for a message to the switch, from this time on.
    Switch(Moment),
}

/// A cancel of a posting that core has not confirmed yet. It is repeated until core does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingCancel {
    /// How many times the cancel was requested.
    pub tries: u16,
    /// When to repeat it.
    pub due: Moment,
    /// Whether it needs a manual resolution: core refused it, or did not confirm it for too long.
    pub is_exception: bool,
}

impl PendingCancel {
    /// A cancel that is requested for the first time.
    pub(super) const fn first(due: Moment) -> Self {
        Self { tries: 1, due, is_exception: false }
    }

    /// Returns the cancel after it was requested again.
    pub(super) const fn repeated(self, due: Moment) -> Self {
        Self { tries: self.tries.saturating_add(1), due, ..self }
    }

    /// Returns the cancel as an exception.
    pub(super) const fn escalated(self) -> Self {
        Self { is_exception: true, ..self }
    }
}

/// A fact that cannot follow a state: the journal is damaged, or another version wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("fact {fact} cannot follow state {state}")]
pub struct IllegalFact {
    /// The name of the state.
    pub state: &'static str,
    /// The name of the fact.
    pub fact: &'static str,
}
