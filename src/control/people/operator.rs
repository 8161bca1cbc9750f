//! A local operator, and how the operator proves who signs in.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::codes::operator_access;
use crate::control::ids::StateVersion;
use crate::control::person::Role;
use crate::hex::{hex, unhex, unhex_all};
use crate::values::{Moment, Name};

/// How long a one-time secret for enrolment is valid.
pub const ENROLMENT_TIME: Duration = Duration::from_hours(72);

/// The SHA-256 hash of a random secret of 32 bytes. Such a secret cannot be found from its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Returns the hash of a secret.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Compares two hashes in constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
    }
}

impl TryFrom<String> for SecretHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        unhex(&text).map(Self).ok_or("the hash of a secret has 64 hexadecimal digits")
    }
}

impl From<SecretHash> for String {
    fn from(hash: SecretHash) -> Self {
        hex(&hash.0)
    }
}

/// Password hash and one-time code key of a person, encrypted. This room cannot open them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SealedCredentials(Box<[u8]>);

impl SealedCredentials {
    /// The most bytes.
    pub const LENGTH_MAX: usize = 1024;

    /// Creates them from sealed bytes; `None` if there are none or too many.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=Self::LENGTH_MAX).contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    /// Returns the sealed bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedCredentials(***)")
    }
}

impl TryFrom<String> for SealedCredentials {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        unhex_all(&text).and_then(Self::new).ok_or("sealed credentials are 1 to 1024 bytes in hex")
    }
}

impl From<SealedCredentials> for String {
    fn from(sealed: SealedCredentials) -> Self {
        hex(&sealed.0)
    }
}

/// An invitation to enrol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The hash of the one-time secret.
    #[serde(rename = "hash")]
    pub hash: SecretHash,
    /// When the secret expires.
    #[serde(rename = "expires_at")]
    pub expires_at: Moment,
}

/// Whether an operator can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// The operator has to enrol first.
    Invited(Enrolment),
    /// The operator has a password and a one-time code key.
    Enrolled(SealedCredentials),
    /// The operator cannot sign in in any way.
    Disabled,
}

impl Access {
    /// Returns the code that is exported.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invited(_) => operator_access::INVITED,
            Self::Enrolled(_) => operator_access::ENROLLED,
            Self::Disabled => operator_access::DISABLED,
        }
    }
}

/// An operator that the record knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name that other operators see.
    pub name: Name,
    /// The role.
    pub role: Role,
    /// Whether the operator can sign in.
    pub access: Access,
    /// The number of the control row that changed the operator last. Sessions of an older version have ended.
    pub version: StateVersion,
}

impl Operator {
    /// Returns whether the operator can sign in, at least through the bank's directory.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        match self.access {
            Access::Invited(_) | Access::Enrolled(_) => true,
            Access::Disabled => false,
        }
    }

    /// Returns whether the operator has credentials.
    #[must_use]
    pub const fn is_enrolled(&self) -> bool {
        self.credentials().is_some()
    }

    /// Returns the sealed credentials, if the operator has some.
    #[must_use]
    pub const fn credentials(&self) -> Option<&SealedCredentials> {
        match &self.access {
            Access::Enrolled(credentials) => Some(credentials),
            Access::Invited(_) | Access::Disabled => None,
        }
    }
}
