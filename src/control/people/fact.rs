//! What became true about operators and tokens, and the acts of a person about itself.

use serde::{Deserialize, Serialize};

use super::command::NewToken;
use super::operator::{Enrolment, SealedCredentials, SecretHash};
use super::token::TokenId;
use crate::control::person::{PersonId, Role};
use crate::values::{Name, unmasked};

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeopleFact {
    /// An operator was added.
    #[serde(rename = "operator_added")]
    OperatorAdded {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
        /// The name that other operators see.
        #[serde(rename = "name", with = "unmasked")]
        name: Name,
        /// The role.
        #[serde(rename = "role")]
        role: Role,
        /// The invitation to enrol.
        #[serde(rename = "enrolment")]
        enrolment: Enrolment,
    },
    /// The role of an operator was changed.
    #[serde(rename = "role_changed")]
    RoleChanged {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
        /// The new role.
        #[serde(rename = "role")]
        role: Role,
    },
    /// An operator was disabled.
    #[serde(rename = "operator_disabled")]
    OperatorDisabled {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
    },
    /// An operator was enabled again, and has to enrol.
    #[serde(rename = "operator_enabled")]
    OperatorEnabled {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
        /// The invitation to enrol.
        #[serde(rename = "enrolment")]
        enrolment: Enrolment,
    },
    /// The credentials of an operator were removed, and the operator has to enrol.
    #[serde(rename = "credentials_reset")]
    CredentialsReset {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
        /// The invitation to enrol.
        #[serde(rename = "enrolment")]
        enrolment: Enrolment,
    },
    /// An operator enrolled. The one-time secret is used up.
    #[serde(rename = "enrolled")]
    Enrolled {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
        /// Password hash and one-time code key, encrypted.
        #[serde(rename = "credentials")]
        credentials: SealedCredentials,
    },
    /// An operator ended all own sessions.
    #[serde(rename = "signed_out")]
    SignedOut {
        /// The person.
        #[serde(rename = "person")]
        person: PersonId,
    },
    /// A token was made.
    #[serde(rename = "token_made")]
    TokenMade {
        /// Its id.
        #[serde(rename = "id")]
        id: TokenId,
        /// The token.
        #[serde(rename = "token")]
        token: NewToken,
    },
    /// A token was revoked.
    #[serde(rename = "token_revoked")]
    TokenRevoked {
        /// Its id.
        #[serde(rename = "id")]
        id: TokenId,
    },
}

/// What a person does about itself, without a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalAct {
    /// The person.
    pub person: PersonId,
    /// What it does.
    pub change: PersonalChange,
}

/// The kind of a personal act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonalChange {
    /// Sets the first password and one-time code key, with the one-time secret.
    Enrol {
        /// The hash of the secret that the person has.
        secret: SecretHash,
        /// The new credentials.
        credentials: SealedCredentials,
    },
    /// Ends all own sessions.
    SignOutEverywhere,
}
