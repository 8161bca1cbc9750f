//! The credentials of an operator: password hash and one-time code key, sealed for the person.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::one_time_code::CodeKey;
use super::password::PasswordHash;
use crate::control::{PersonId, SealedCredentials, SecretHash};
use crate::personal::{PersonalError, RecordKey, SealingKey};

/// The credentials of a person. Secret.
#[derive(Serialize, Deserialize)]
pub(super) struct Credentials {
    #[serde(rename = "password")]
    pub(super) password: PasswordHash,
    #[serde(rename = "code_key")]
    pub(super) code_key: CodeKey,
}

/// Seals and opens credentials, and derives the code keys of enrolments.
#[derive(Debug)]
pub(super) struct Vault {
    credentials: SealingKey,
    enrolments: RecordKey,
}

impl Vault {
    pub(super) fn new(record: &RecordKey) -> Self {
        let credentials = SealingKey::new(record, "titian operators: credentials");
        Self { credentials, enrolments: record.clone() }
    }

    pub(super) fn seal(
        &self,
        person: &PersonId,
        credentials: &Credentials,
    ) -> Result<SealedCredentials, PersonalError> {
        // The credentials have only numbers, so serialising can't fail.
        let text = Zeroizing::new(serde_json::to_vec(credentials).unwrap_or_default());
        let sealed = self.credentials.seal(&place(person), &text)?;
        let length = sealed.len();
        SealedCredentials::new(sealed).ok_or(PersonalError::TooLong(length))
    }

    /// Opens the credentials of a person; `None` if they were altered, or are those of another person.
    pub(super) fn open(
        &self,
        person: &PersonId,
        sealed: &SealedCredentials,
    ) -> Option<Credentials> {
        let text = self.credentials.open(&place(person), sealed.bytes())?;
        serde_json::from_slice(&text).ok()
    }

    /// Returns the one-time code key of an enrolment. It is derived, so that an enrolment that has begun takes no memory.
    pub(super) fn code_key(&self, person: &PersonId, secret: SecretHash) -> CodeKey {
        let secret = String::from(secret);
        let purpose = format!("titian operators: code key of {} {secret}", person.as_str());
        let derived = Zeroizing::new(self.enrolments.derive(&purpose));
        derived.first_chunk().copied().unwrap_or_default()
    }
}

fn place(person: &PersonId) -> String {
    format!("operator/{}", person.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::password::{Cost, PasswordHash};

    #[test]
    fn credentials_open_for_their_person_only() {
        let vault = Vault::new(&RecordKey::new([7; 32]));
        let [siti, budi] = ["siti", "budi"].map(|id| PersonId::new(id).unwrap());
        let password = PasswordHash::impossible(Cost::STANDARD);
        let sealed =
            vault.seal(&siti, &Credentials { password: password.clone(), code_key: [3; 20] });
        let sealed = sealed.unwrap();
        let opened = vault.open(&siti, &sealed).unwrap();
        assert!(opened.password == password && opened.code_key == [3; 20]);
        assert!(vault.open(&budi, &sealed).is_none());
        assert!(Vault::new(&RecordKey::new([8; 32])).open(&siti, &sealed).is_none());
    }

    #[test]
    fn each_enrolment_has_its_own_code_key() {
        let vault = Vault::new(&RecordKey::new([7; 32]));
        let [siti, budi] = ["siti", "budi"].map(|id| PersonId::new(id).unwrap());
        let [one, other] = [b"one".as_slice(), b"other"].map(SecretHash::of);
        assert_eq!(vault.code_key(&siti, one), vault.code_key(&siti, one));
        assert_ne!(vault.code_key(&siti, one), vault.code_key(&siti, other));
        assert_ne!(vault.code_key(&siti, one), vault.code_key(&budi, one));
    }
}
