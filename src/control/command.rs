//! What a person asks for: commands that one person may give alone, and commands that a second person must approve.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::guarded::SettingChange;
use super::ids::{AlertId, CommandHash, ProposalId};
use super::people::{PeopleCommand, PersonalChange};
use super::restriction::{Mode, RestrictionId};
use super::scope::Scope;
use super::subject::Subject;
use crate::codes::{control_command, proposed_command};
use crate::values::{LinkOrder, Moment, Reference, TransferId};

/// A command of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Close or limit a scope, or tighten a restriction. One person may do that alone.
    Restrict {
        /// The restriction that it replaces; `None`: a new one.
        replaces: Option<RestrictionId>,
        /// The new restriction.
        draft: Draft,
    },
    /// Propose a command.
    Propose {
        /// The command.
        command: Proposed,
        /// Why.
        reason: Box<str>,
        /// How long the proposal is open; `None`: the usual time.
        expires_in: Option<Duration>,
    },
    /// Approve a proposal: its command is run in the same act.
    Approve {
        /// The proposal.
        proposal: ProposalId,
        /// The hash of the command that the checker saw.
        hash: CommandHash,
    },
    /// Reject a proposal.
    Reject {
        /// The proposal.
        proposal: ProposalId,
        /// Why.
        reason: Box<str>,
    },
    /// Withdraw an own proposal.
    Withdraw {
        /// The proposal.
        proposal: ProposalId,
    },
    /// Send the next repeat of a transfer's message at once.
    Retry {
        /// The transfer.
        transfer: TransferId,
    },
    /// Something that a person does about itself: enrol, or sign out everywhere.
    Personal(PersonalChange),
    /// Give a link an order.
    OrderLink {
        /// The link, by its name in the settings.
        link: Reference,
        /// The order.
        order: LinkOrder,
    },
    /// Acknowledge an alert.
    Acknowledge {
        /// The alert.
        alert: AlertId,
        /// What the operator says of it.
        note: Box<str>,
    },
}

impl Command {
    /// Returns the code that acts and logs show.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Restrict { .. } => control_command::RESTRICT,
            Self::Propose { .. } => control_command::PROPOSE,
            Self::Approve { .. } => control_command::APPROVE,
            Self::Reject { .. } => control_command::REJECT,
            Self::Withdraw { .. } => control_command::WITHDRAW,
            Self::Retry { .. } => control_command::RETRY,
            Self::Personal(_) => control_command::PERSONAL,
            Self::OrderLink { .. } => control_command::ORDER_LINK,
            Self::Acknowledge { .. } => control_command::ACKNOWLEDGE,
        }
    }
}

/// A restriction as a person writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What it covers.
    #[serde(rename = "scope", default)]
    pub scope: Scope,
    /// What it does.
    #[serde(rename = "mode")]
    pub mode: Mode,
    /// Why, for operators.
    #[serde(rename = "reason")]
    pub reason: Box<str>,
    /// The text for channels.
    #[serde(rename = "public_text", default, skip_serializing_if = "Option::is_none")]
    pub public_text: Option<Box<str>>,
    /// When it ends. Only a proposal can set an end.
    #[serde(rename = "until", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

/// A command that needs a maker and a checker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Proposed {
    /// Lift a restriction: open its scope again.
    #[serde(rename = "lift")]
    Lift {
        /// The restriction.
        #[serde(rename = "restriction")]
        restriction: RestrictionId,
    },
    /// Replace a restriction, for example to open in stages, or to give it an end.
    #[serde(rename = "replace")]
    Replace {
        /// The restriction that is replaced.
        #[serde(rename = "restriction")]
        restriction: RestrictionId,
        /// The restriction that takes its place.
        #[serde(rename = "by")]
        by: Draft,
    },
    /// Set a restriction with an end.
    #[serde(rename = "restrict")]
    Restrict(Draft),
    /// Resolve transfers that need a manual resolution.
    #[serde(rename = "resolve")]
    Resolve {
        /// The transfers.
        #[serde(rename = "transfers")]
        transfers: Vec<TransferId>,
        /// The code of the outcome.
        #[serde(rename = "outcome")]
        outcome: Box<str>,
    },
    /// Change operators or tokens.
    #[serde(rename = "people")]
    People(PeopleCommand),
    /// Take looser values of the configuration. Only the program proposes that.
    #[serde(rename = "settings")]
    Settings {
        /// The values.
        #[serde(rename = "changes")]
        changes: Vec<SettingChange>,
    },
}

impl Proposed {
    /// The most transfers that one proposal resolves.
    pub const TRANSFERS_MAX: usize = 1000;

    /// Returns the code that acts and logs show.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Lift { .. } => proposed_command::LIFT,
            Self::Replace { .. } => proposed_command::REPLACE,
            Self::Restrict(_) => proposed_command::RESTRICT,
            Self::Resolve { .. } => proposed_command::RESOLVE,
            Self::People(_) => proposed_command::PEOPLE,
            Self::Settings { .. } => proposed_command::SETTINGS,
        }
    }

    /// Returns what the command is about.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::Lift { .. }
            | Self::Replace { .. }
            | Self::Restrict(_)
            | Self::Resolve { .. }
            | Self::Settings { .. } => Subject::Operation,
            Self::People(_) => Subject::Administration,
        }
    }

    /// Returns what the command changes.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        match self {
            Self::Lift { restriction } | Self::Replace { restriction, .. } => {
                vec![Target::Restriction(*restriction)]
            }
            Self::Restrict(draft) => vec![Target::Scope(draft.scope.clone())],
            Self::Resolve { transfers, .. } => {
                transfers.iter().map(|id| Target::Transfer(*id)).collect()
            }
            Self::People(command) => vec![Target::People(command.target())],
            Self::Settings { .. } => vec![Target::Settings],
        }
    }
}

/// What a command changes. A target has one open proposal at most.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// A restriction.
    #[serde(rename = "restriction")]
    Restriction(RestrictionId),
    /// A scope that gets a new restriction.
    #[serde(rename = "scope")]
    Scope(Scope),
    /// A transfer.
    #[serde(rename = "transfer")]
    Transfer(TransferId),
    /// An operator or a token.
    #[serde(rename = "people")]
    People(Box<str>),
    /// The settings.
    #[serde(rename = "settings")]
    Settings,
}
