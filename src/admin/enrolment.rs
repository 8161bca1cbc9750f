//! Enrolment: a person sets password and authenticator with the one-time secret of an administrator.

use std::net::IpAddr;
use std::{fmt, io};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::access::{Admin, internal};
use super::credentials::Credentials;
use super::directory::{ActRefused, Directory};
use super::one_time_code::{self, base32, otpauth};
use super::password;
use super::problem::Problem;
use super::secret_text::{SecretText, random};
use super::sign_in::not_hashed;
use crate::codes::{problem, sign_in_refusal as reason};
use crate::control::{PersonId, PersonalAct, PersonalChange, SecretHash};
use crate::hex::{hex, unhex};

const EVENT: &str = "enrolment refused";

/// A new invitation: its text is shown once, and a command stores the hash.
pub struct NewInvitation {
    /// The hash of the secret.
    pub hash: SecretHash,
    /// The text that the person enters. Secret.
    pub text: String,
}

impl fmt::Debug for NewInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewInvitation(***)")
    }
}

/// Makes the one-time secret of an enrolment.
///
/// # Errors
/// If the system has no random numbers.
pub fn new_invitation() -> io::Result<NewInvitation> {
    let secret = random::<32>()?;
    Ok(NewInvitation { hash: SecretHash::of(&secret), text: hex(&secret) })
}

/// The body that begins an enrolment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BeginBody {
    #[serde(rename = "person")]
    person: String,
    #[serde(rename = "secret")]
    secret: SecretText,
}

/// The answer to it: what the authenticator needs.
#[derive(Serialize)]
pub(super) struct AuthenticatorBody {
    #[serde(rename = "code_key")]
    code_key: String,
    #[serde(rename = "otpauth")]
    otpauth: String,
}

/// The body that ends an enrolment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmBody {
    #[serde(rename = "person")]
    person: String,
    #[serde(rename = "secret")]
    secret: SecretText,
    #[serde(rename = "password")]
    password: SecretText,
    #[serde(rename = "code")]
    code: SecretText,
}

impl<D: Directory> Admin<D> {
    /// Returns the one-time code key of a person that was invited.
    pub(super) fn begin_enrolment(
        &self,
        body: &BeginBody,
        from: IpAddr,
    ) -> Result<AuthenticatorBody, Problem> {
        let (person, secret) = self.check_invited(&body.person, &body.secret, from)?;
        let key = self.vault.code_key(&person, secret);
        Ok(AuthenticatorBody { code_key: base32(&key), otpauth: otpauth(&person, &key) })
    }

    /// Sets password and authenticator of a person that was invited. The code proves that the authenticator has the key.
    pub(super) async fn confirm_enrolment(
        &self,
        body: &ConfirmBody,
        from: IpAddr,
    ) -> Result<(), Problem> {
        let (person, secret) = self.check_invited(&body.person, &body.secret, from)?;
        if let Some(fault) = password::fault(body.password.as_str(), person.as_str()) {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(problem::PASSWORD, status, "Password refused", fault));
        }
        let code_key = self.vault.code_key(&person, secret);
        let now = self.now();
        let step = one_time_code::step_of(&code_key, body.code.as_str(), now);
        if !step.is_some_and(|step| self.used_codes.use_step(&person, step)) {
            self.log.refused(EVENT, reason::WRONG_CODE, Some(&person), (from, now));
            return Err(Problem::code_refused());
        }
        let salt = random().map_err(internal)?;
        let password = self.passwords.hash(&body.password, salt).await.map_err(not_hashed)?;
        let credentials = self.vault.seal(&person, &Credentials { password, code_key });
        let credentials = credentials.map_err(internal)?;
        let change = PersonalChange::Enrol { secret, credentials };
        let act = PersonalAct { person: person.clone(), change };
        self.directory.act(act, from).await.map_err(not_done)?;
        self.log.event("enrolled", &person, from);
        Ok(())
    }

    /// Checks person and one-time secret. Each failure has the same answer.
    fn check_invited(
        &self,
        typed: &str,
        secret: &SecretText,
        from: IpAddr,
    ) -> Result<(PersonId, SecretHash), Problem> {
        let now = self.now();
        let people = self.directory.people();
        let known = PersonId::new(typed).filter(|id| people.operator(id).is_some());
        let attempt = self.begin_attempt(EVENT, Some(typed), known.as_ref(), (from, now))?;
        let secret = unhex::<32>(secret.as_str().trim()).map(|secret| SecretHash::of(&secret));
        let invited = known.clone().zip(secret);
        let invited = invited.filter(|(person, secret)| people.may_enrol(person, secret, now));
        let Some(invited) = invited else {
            self.log.refused(EVENT, reason::NOT_INVITED, known.as_ref(), (from, now));
            return Err(Problem::enrolment_refused());
        };
        self.attempts.succeeded(attempt);
        Ok(invited)
    }
}

/// Returns the problem of a personal act that did not happen.
pub(super) fn not_done(reason: ActRefused) -> Problem {
    match reason {
        // Another request was first.
        ActRefused::Refused => Problem::enrolment_refused(),
        ActRefused::Unavailable => Problem::busy(),
    }
}
