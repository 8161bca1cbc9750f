//! Manual resolutions: how an exception ends, who decided it, and what it does to the books.

use serde::{Deserialize, Serialize};

use super::books::{Share, Sums};
use crate::codes::{resolution_command, resolution_outcome};
use crate::values::{Amount, Reference, unmasked};

/// The manual resolution of an exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// How the transfer ends.
    #[serde(rename = "outcome")]
    pub outcome: ResolutionOutcome,
    /// The maker and the checker.
    #[serde(rename = "approved_by")]
    pub approved_by: DualControl,
    /// The evidence: for example the hash of a file, or core's reference of a posting by hand. It is free text, so it is personal.
    #[serde(
        rename = "reference",
        with = "unmasked::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<Reference>,
}

/// How an exception ends. Not every outcome is possible in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResolutionOutcome {
    /// The transfer succeeded.
    #[serde(rename = "settled")]
    Settled,
    /// The transfer failed, and the customer is refunded.
    #[serde(rename = "refunded")]
    Refunded,
    /// The transfer failed, and the bank corrected the posting in core by hand.
    #[serde(rename = "posted_by_hand")]
    PostedByHand,
    /// The bank bears the loss: the money is with its receiver, and the other side has it back too.
    #[serde(rename = "written_off")]
    WrittenOff,
}

impl ResolutionOutcome {
    /// All outcomes.
    pub const ALL: [Self; resolution_outcome::ALL.len()] =
        [Self::Settled, Self::Refunded, Self::PostedByHand, Self::WrittenOff];

    /// Returns the code, which is stored and typed by users.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Settled => resolution_outcome::SETTLED,
            Self::Refunded => resolution_outcome::REFUNDED,
            Self::PostedByHand => resolution_outcome::POSTED_BY_HAND,
            Self::WrittenOff => resolution_outcome::WRITTEN_OFF,
        }
    }

    /// Returns the outcome of a code; `None` for an unknown code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }
}

/// A command to core that a manual resolution sends. It is repeated until core confirms it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResolutionCommand {
    /// Cancels the posting of the transfer.
    CancelPosting,
    /// Cancels the posting that returns a part of the amount, or bars it, so that the part is not returned twice.
    CancelPart,
}

impl ResolutionCommand {
    /// Returns the code that operators see.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CancelPosting => resolution_command::CANCEL_POSTING,
            Self::CancelPart => resolution_command::CANCEL_PART,
        }
    }
}

/// A resolution that is possible in the state of a transfer, and what it does to the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PossibleResolution {
    /// The outcome.
    pub outcome: ResolutionOutcome,
    /// The sums of the transfer before, in minor units of its currency.
    pub before: Sums,
    /// Its sums as soon as the resolution is on record.
    pub after: Sums,
    /// The command that goes to core, if any.
    pub command: Option<ResolutionCommand>,
    /// Its sums when core has confirmed the command. Without a command, the same as `after`.
    pub confirmed: Sums,
}

/// The shares of a possible resolution.
#[derive(Clone, Copy)]
pub(super) struct ResolutionShares {
    /// The share as soon as the resolution is on record.
    pub(super) after: Share,
    pub(super) command: Option<ResolutionCommand>,
    /// The share when core has confirmed the command.
    pub(super) confirmed: Share,
}

impl ResolutionShares {
    /// A resolution without a command to core.
    pub(super) const fn done(share: Share) -> Self {
        Self { after: share, command: None, confirmed: share }
    }

    /// Returns the resolution for a transfer of this amount.
    pub(super) fn of(
        self,
        outcome: ResolutionOutcome,
        before: Share,
        amount: Amount,
    ) -> PossibleResolution {
        let [before, after, confirmed] =
            [before, self.after, self.confirmed].map(|share| share.sums(amount));
        PossibleResolution { outcome, before, after, command: self.command, confirmed }
    }
}

/// The names of a maker and a checker, which differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Names")]
pub struct DualControl {
    #[serde(rename = "maker")]
    maker: Box<str>,
    #[serde(rename = "checker")]
    checker: Box<str>,
}

/// The stored form, before it is checked.
#[derive(Deserialize)]
struct Names {
    #[serde(rename = "maker")]
    maker: Box<str>,
    #[serde(rename = "checker")]
    checker: Box<str>,
}

impl TryFrom<Names> for DualControl {
    type Error = &'static str;

    fn try_from(names: Names) -> Result<Self, Self::Error> {
        Self::new(&names.maker, &names.checker)
            .ok_or("maker and checker: must be two different names, neither empty")
    }
}

impl DualControl {
    /// Returns `None` if a name is empty or both are equal. Case and surrounding blanks do not count.
    #[must_use]
    pub fn new(maker: &str, checker: &str) -> Option<Self> {
        let (maker, checker) = (maker.trim(), checker.trim());
        let same = maker.to_lowercase() == checker.to_lowercase();
        let differ = !maker.is_empty() && !checker.is_empty() && !same;
        differ.then(|| Self { maker: maker.into(), checker: checker.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_code() {
        assert_eq!(ResolutionOutcome::ALL.map(ResolutionOutcome::code), *resolution_outcome::ALL);
        for outcome in ResolutionOutcome::ALL {
            assert_eq!(ResolutionOutcome::from_code(outcome.code()), Some(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.code());
        }
        assert_eq!(ResolutionOutcome::from_code("settle"), None);
    }
}
