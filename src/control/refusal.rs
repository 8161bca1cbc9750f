//! Why a command is refused. Each text says what to do.

use thiserror::Error;

use super::ids::{AlertId, ProposalId};
use super::people::PeopleRefusal;
use super::person::Role;
use super::proposal::ProposalRefusal;
use super::restriction::RestrictionId;
use crate::codes::act_refusal;
use crate::values::TransferId;

/// Why a command is refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ActRefusal {
    /// The role is not enough.
    #[error("the role {} may not do this", .0.code())]
    Role(Role),
    /// A proposal cannot be made or decided.
    #[error(transparent)]
    Proposal(#[from] ProposalRefusal),
    /// One person alone may not do it.
    #[error("{0} needs a second person: propose it")]
    NeedsProposal(&'static str),
    /// A change of operators or tokens is not possible.
    #[error(transparent)]
    People(#[from] PeopleRefusal),
    /// The restriction is not set.
    #[error("restriction {} is not set", .0.0)]
    UnknownRestriction(RestrictionId),
    /// The proposal is unknown, or was closed long ago.
    #[error("proposal {} is unknown, or was decided long ago: look at the acts", .0.0)]
    UnknownProposal(ProposalId),
    /// The alert is unknown, or ended long ago.
    #[error("alert {} is unknown, or ended long ago: look at the acts", .0.0)]
    UnknownAlert(AlertId),
    /// The alert cannot be acknowledged any more.
    #[error("alert {} is {} already", .0.0, .1)]
    AlertNotOpen(AlertId, &'static str),
    /// The transfer is not in memory.
    #[error("transfer {0} is unknown or closed")]
    UnknownTransfer(TransferId),
    /// The target has an open proposal.
    #[error("proposal {} about the same target is open: decide or withdraw it first", .0.0)]
    OpenProposal(ProposalId),
    /// A name is unknown.
    #[error("{what} {name:?} is unknown (known: {known})")]
    UnknownName {
        /// What has the name.
        what: &'static str,
        /// The name.
        name: Box<str>,
        /// The known names.
        known: Box<str>,
    },
    /// A limit is reached.
    #[error("there are {1} {0}, and more are refused: close some first")]
    TooMany(&'static str, usize),
    /// A proposal names nothing.
    #[error("transfers: must name at least one")]
    NoTransfers,
    /// A value is wrong.
    #[error("{0}")]
    Invalid(&'static str),
    /// A text is missing.
    #[error("{0}: must not be empty")]
    NoText(&'static str),
    /// A text is too long or has control characters.
    #[error("{0}: must have at most {1} bytes and no control characters")]
    Text(&'static str, usize),
    /// The transfer cannot be resolved in this way.
    #[error("transfer {transfer}: outcome {outcome:?} is not possible (possible: {possible})")]
    NotResolvable {
        /// The transfer.
        transfer: TransferId,
        /// The outcome.
        outcome: Box<str>,
        /// The possible outcomes.
        possible: Box<str>,
    },
    /// The transfer waits for nothing that could be sent again.
    #[error("transfer {0} waits for nothing that can be sent again")]
    NothingToRetry(TransferId),
    /// The program is stopping or has too much to do.
    #[error("the adapter is stopping or has too much to do: try again later")]
    NotNow,
}

impl ActRefusal {
    /// Returns the code that is exported.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Role(_) => act_refusal::ROLE,
            Self::Proposal(refusal) => refusal.code(),
            Self::People(_) => act_refusal::PEOPLE,
            Self::NeedsProposal(_) => act_refusal::NEEDS_PROPOSAL,
            Self::UnknownRestriction(_)
            | Self::UnknownProposal(_)
            | Self::UnknownAlert(_)
            | Self::UnknownTransfer(_) => act_refusal::NOT_FOUND,
            Self::AlertNotOpen(..) => act_refusal::NOT_OPEN,
            Self::OpenProposal(_) => act_refusal::PROPOSAL_OPEN,
            Self::UnknownName { .. } => act_refusal::UNKNOWN_NAME,
            Self::TooMany(..) => act_refusal::TOO_MANY,
            Self::NoTransfers | Self::Invalid(_) | Self::NoText(_) | Self::Text(..) => {
                act_refusal::INVALID
            }
            Self::NotResolvable { .. } => act_refusal::NOT_RESOLVABLE,
            Self::NothingToRetry(_) => act_refusal::NOTHING_TO_RETRY,
            Self::NotNow => act_refusal::NOT_NOW,
        }
    }
}
