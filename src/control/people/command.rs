//! Commands about operators and tokens. Each needs two administrators.

use serde::{Deserialize, Serialize};

use super::operator::SecretHash;
use super::refusal::PeopleRefusal;
use super::token::TokenId;
use crate::codes::people_command;
use crate::control::person::{PersonId, Role};
use crate::values::{Moment, Name, Reference, unmasked};

/// The begin of the target of commands about a person.
pub(super) const OPERATOR: &str = "operator/";

/// The begin of the target of commands about a token.
pub(super) const TOKEN: &str = "token/";

/// An operator that a command adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOperator {
    /// The person.
    #[serde(rename = "person")]
    pub person: PersonId,
    /// The name that other operators see.
    #[serde(rename = "name", with = "unmasked")]
    pub name: Name,
    /// The hash of the one-time secret for enrolment.
    #[serde(rename = "enrolment")]
    pub enrolment: SecretHash,
}

/// A token that a command makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// The hash of its secret.
    #[serde(rename = "hash")]
    pub hash: SecretHash,
    /// What it is for.
    #[serde(rename = "label")]
    pub label: Reference,
    /// What it may do.
    #[serde(rename = "role")]
    pub role: Role,
    /// The person that it acts for. Without one it is a viewer at most.
    #[serde(rename = "person", default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// When it expires.
    #[serde(rename = "expires_at")]
    pub expires_at: Moment,
}

/// A command: what a proposal stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeopleCommand {
    /// Adds the first two administrators of a store without operators. It is an offline act.
    #[serde(rename = "first_administrators")]
    FirstAdministrators {
        /// The administrators.
        #[serde(rename = "administrators")]
        administrators: [NewOperator; 2],
    },
    /// Adds an operator, who enrols with the one-time secret.
    #[serde(rename = "add_operator")]
    AddOperator {
        /// The operator.
        #[serde(rename = "operator")]
        operator: NewOperator,
        /// The role.
        #[serde(rename = "role")]
        role: Role,
    },
    /// Changes the role of an operator.
    #[serde(rename = "change_role")]
    ChangeRole {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
        /// The new role.
        #[serde(rename = "role")]
        role: Role,
    },
    /// Disables an operator: no sign-in in any way, and the tokens of the person end.
    #[serde(rename = "disable_operator")]
    DisableOperator {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
    },
    /// Enables an operator again, who enrols anew.
    #[serde(rename = "enable_operator")]
    EnableOperator {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
        /// The hash of the one-time secret for enrolment.
        #[serde(rename = "enrolment")]
        enrolment: SecretHash,
    },
    /// Removes password and one-time code key of an operator, who enrols anew.
    #[serde(rename = "reset_credentials")]
    ResetCredentials {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
        /// The hash of the one-time secret for enrolment.
        #[serde(rename = "enrolment")]
        enrolment: SecretHash,
    },
    /// Makes a token.
    #[serde(rename = "make_token")]
    MakeToken {
        /// Its id.
        #[serde(rename = "id")]
        id: TokenId,
        /// The token.
        #[serde(rename = "token")]
        token: NewToken,
    },
    /// Revokes a token.
    #[serde(rename = "revoke_token")]
    RevokeToken {
        /// Its id.
        #[serde(rename = "id")]
        id: TokenId,
    },
}

impl PeopleCommand {
    /// Returns the code that acts and logs show.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FirstAdministrators { .. } => people_command::FIRST_ADMINISTRATORS,
            Self::AddOperator { .. } => people_command::ADD_OPERATOR,
            Self::ChangeRole { .. } => people_command::CHANGE_ROLE,
            Self::DisableOperator { .. } => people_command::DISABLE_OPERATOR,
            Self::EnableOperator { .. } => people_command::ENABLE_OPERATOR,
            Self::ResetCredentials { .. } => people_command::RESET_CREDENTIALS,
            Self::MakeToken { .. } => people_command::MAKE_TOKEN,
            Self::RevokeToken { .. } => people_command::REVOKE_TOKEN,
        }
    }

    /// Returns what the command changes. A target has one open proposal at most.
    #[must_use]
    pub fn target(&self) -> Box<str> {
        match self {
            Self::FirstAdministrators { .. } => "operators".into(),
            Self::AddOperator { operator: NewOperator { person, .. }, .. }
            | Self::ChangeRole { person, .. }
            | Self::DisableOperator { person }
            | Self::EnableOperator { person, .. }
            | Self::ResetCredentials { person, .. } => {
                format!("{OPERATOR}{}", person.as_str()).into()
            }
            Self::MakeToken { id, .. } | Self::RevokeToken { id } => format!("{TOKEN}{id}").into(),
        }
    }

    /// Checks that a person may propose or approve the command. The role of the person is checked elsewhere.
    ///
    /// # Errors
    /// If the command gives the person a role or a token.
    pub fn check_actor(&self, actor: &PersonId) -> Result<(), PeopleRefusal> {
        let gains = match self {
            Self::ChangeRole { person, .. } | Self::EnableOperator { person, .. } => Some(person),
            Self::MakeToken { token, .. } => token.person.as_ref(),
            Self::FirstAdministrators { .. }
            | Self::AddOperator { .. }
            | Self::DisableOperator { .. }
            | Self::ResetCredentials { .. }
            | Self::RevokeToken { .. } => None,
        };
        if gains == Some(actor) { Err(PeopleRefusal::OwnRole) } else { Ok(()) }
    }
}
