//! What acts change. The state of control is the fold of these facts.

use serde::{Deserialize, Serialize};

use super::alerts::AlertFact;
use super::configuration::Reloaded;
use super::guarded::SettingChange;
use super::ids::ProposalId;
use super::names::Names;
use super::offline::OfflineAct;
use super::people::PeopleFact;
use super::person::{PersonId, Role};
use super::proposal::ProposalFact;
use super::restriction::{Restriction, RestrictionId};
use crate::codes::control_fact;
use crate::values::{LinkOrder, Moment, Reference, TransferId};

/// Something that became true by an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlFact {
    /// The program started.
    #[serde(rename = "started")]
    Started(Box<Started>),
    /// The configuration was read again while the program runs.
    #[serde(rename = "reloaded")]
    Reloaded(Box<Reloaded>),
    /// Guarded settings of the configuration are approved: at the first start all, later stricter ones.
    #[serde(rename = "settings_taken")]
    SettingsTaken {
        /// The values.
        #[serde(rename = "changes")]
        changes: Vec<SettingChange>,
    },
    /// A checker approved looser settings.
    #[serde(rename = "settings_approved")]
    SettingsApproved {
        /// The values.
        #[serde(rename = "changes")]
        changes: Vec<SettingChange>,
    },
    /// A restriction is set, or replaces the one with its id.
    #[serde(rename = "restricted")]
    Restricted {
        /// Its id: the number of the row that first set it.
        #[serde(rename = "id")]
        id: RestrictionId,
        /// The restriction.
        #[serde(rename = "restriction")]
        restriction: Box<Restriction>,
    },
    /// A restriction is lifted.
    #[serde(rename = "lifted")]
    Lifted {
        /// Its id.
        #[serde(rename = "id")]
        id: RestrictionId,
    },
    /// Something happened to a proposal.
    #[serde(rename = "proposal")]
    Proposal {
        /// Its id: the number of the row that made it.
        #[serde(rename = "id")]
        id: ProposalId,
        /// What happened.
        #[serde(rename = "fact")]
        fact: ProposalFact,
    },
    /// A transfer that needed a manual resolution got one. The transfer has a fact of its own in the same batch.
    #[serde(rename = "resolved")]
    Resolved {
        /// The transfer.
        #[serde(rename = "transfer")]
        transfer: TransferId,
        /// The code of the outcome.
        #[serde(rename = "outcome")]
        outcome: Box<str>,
    },
    /// The next repeat of a transfer's message is sent at once.
    #[serde(rename = "retried")]
    Retried {
        /// The transfer.
        #[serde(rename = "transfer")]
        transfer: TransferId,
    },
    /// Operators or tokens changed.
    #[serde(rename = "people")]
    People(PeopleFact),
    /// Two operators signed an offline act, and its command was run in the same act.
    #[serde(rename = "signed_offline")]
    SignedOffline(Box<OfflineAct>),
    /// A link got an order.
    #[serde(rename = "link_ordered")]
    LinkOrdered {
        /// The link, by its name in the settings.
        #[serde(rename = "link")]
        link: Reference,
        /// The order.
        #[serde(rename = "order")]
        order: LinkOrder,
    },
    /// Something happened to an alert.
    #[serde(rename = "alert")]
    Alert(AlertFact),
    /// A command of a person was refused, and nothing changed.
    #[serde(rename = "refused")]
    Refused {
        /// The code of the command.
        #[serde(rename = "command")]
        command: Box<str>,
        /// Why.
        #[serde(rename = "reason")]
        reason: Box<str>,
    },
}

impl ControlFact {
    /// Returns the code that is stored and exported.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Started(_) => control_fact::STARTED,
            Self::Reloaded(_) => control_fact::RELOADED,
            Self::SettingsTaken { .. } => control_fact::SETTINGS_TAKEN,
            Self::SettingsApproved { .. } => control_fact::SETTINGS_APPROVED,
            Self::Restricted { .. } => control_fact::RESTRICTED,
            Self::Lifted { .. } => control_fact::LIFTED,
            Self::Proposal { .. } => control_fact::PROPOSAL,
            Self::Resolved { .. } => control_fact::RESOLVED,
            Self::Retried { .. } => control_fact::RETRIED,
            Self::People(_) => control_fact::PEOPLE,
            Self::SignedOffline(_) => control_fact::SIGNED_OFFLINE,
            Self::LinkOrdered { .. } => control_fact::LINK_ORDERED,
            Self::Alert(_) => control_fact::ALERT,
            Self::Refused { .. } => control_fact::REFUSED,
        }
    }
}

/// What a start records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// The version of the program.
    #[serde(rename = "version")]
    pub version: Box<str>,
    /// SHA-256 of the effective configuration, in hexadecimal. Secrets are not part of it.
    #[serde(rename = "configuration")]
    pub configuration: Box<str>,
    /// The names that scopes may use.
    #[serde(rename = "names")]
    pub names: Names,
}

/// An act: who did what, when and from where. Each act is one row of the chain `control`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// The version of the stored form.
    #[serde(rename = "v")]
    pub version: u32,
    /// When it was decided.
    #[serde(rename = "at")]
    pub at: Moment,
    /// Who acted; `None`: the program itself.
    #[serde(rename = "by", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Author>,
    /// What became true.
    #[serde(rename = "facts")]
    pub facts: Vec<ControlFact>,
}

impl Act {
    /// The version of the stored form that this program writes.
    pub const VERSION: u32 = 1;
}

/// Who acted, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// The person.
    #[serde(rename = "person")]
    pub person: PersonId,
    /// The role at that moment.
    #[serde(rename = "role")]
    pub role: Role,
    /// The address of the peer.
    #[serde(rename = "from")]
    pub from: Box<str>,
    /// The session or token: a label, never a secret.
    #[serde(rename = "via")]
    pub via: Box<str>,
    /// The key of the request, so that its repeat does nothing a second time.
    #[serde(rename = "request", default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<str>>,
}
