//! A bearer token of a script. It never approves.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::operator::SecretHash;
use crate::control::ids::StateVersion;
use crate::control::person::{PersonId, Role};
use crate::hex::{hex, unhex};
use crate::values::{Moment, Reference};

/// The longest time that a token is valid.
pub const TOKEN_TIME_MAX: Duration = Duration::from_hours(366 * 24);

/// The id of a token: random, and part of the token's text. It is not secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId(pub [u8; 8]);

impl TokenId {
    /// Parses 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

impl TryFrom<String> for TokenId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a token id has 16 hexadecimal digits")
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.to_string()
    }
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The hash of its secret.
    pub hash: SecretHash,
    /// What it is for.
    pub label: Reference,
    /// What it may do.
    pub role: Role,
    /// The person that it acts for, if any.
    pub person: Option<PersonId>,
    /// When it expires.
    pub expires_at: Moment,
    /// The number of the control row that made it.
    pub version: StateVersion,
}
