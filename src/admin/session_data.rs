//! What a session holds.

use serde::{Deserialize, Serialize};

use crate::control::{Operator, People, PersonId, Role, StateVersion};
use crate::values::Moment;

/// The key of the data in a session.
pub(super) const KEY: &str = "signed_in";

/// How the person of a session signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Way {
    /// With password and one-time code.
    #[serde(rename = "local")]
    Local,
    /// Through the directory of the bank.
    #[serde(rename = "oidc")]
    Oidc,
}

/// A person that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SignedIn {
    #[serde(rename = "person")]
    pub(super) person: PersonId,
    #[serde(rename = "role")]
    pub(super) role: Role,
    /// The version of the operator at sign-in; `None` if only the directory of the bank knows the person.
    #[serde(rename = "version")]
    pub(super) version: Option<StateVersion>,
    /// When the person last gave a one-time code.
    #[serde(rename = "code_at")]
    pub(super) code_at: Option<Moment>,
    /// What a change must send, so that no other page can make it.
    #[serde(rename = "csrf_token")]
    pub(super) csrf_token: String,
    /// The name of the session in acts. It is not secret.
    #[serde(rename = "label")]
    pub(super) label: String,
    #[serde(rename = "way")]
    pub(super) way: Way,
}

impl SignedIn {
    /// Returns whether the operator is the one that signed in: no change of role, credentials or access since.
    pub(super) fn is_current(&self, people: &People) -> bool {
        let operator = people.operator(&self.person);
        operator.map(|operator| operator.version) == self.version
            && operator.is_none_or(Operator::is_enabled)
    }
}
