//! Sign-in with password and one-time code, and a new code in a session.
//!
//! Every sign-in that fails has the same answer and costs the same work, so that it does not show who is an operator.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;
use tower_sessions::Session;

use super::access::{Admin, NewSession, internal};
use super::attempts::Attempt;
use super::credentials::Credentials;
use super::directory::Directory;
use super::one_time_code::{self, KEY_BYTES, Step};
use super::password::{NotHashed, PasswordHash};
use super::problem::Problem;
use super::secret_text::SecretText;
use super::session_data::{KEY, SignedIn, Way};
use crate::codes::sign_in_refusal as reason;
use crate::control::{Operator, People, PersonId};
use crate::values::Moment;

/// The body of a sign-in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInBody {
    #[serde(rename = "person")]
    person: String,
    #[serde(rename = "password")]
    password: SecretText,
    #[serde(rename = "code")]
    code: SecretText,
}

/// The body of a new code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeBody {
    #[serde(rename = "code")]
    code: SecretText,
}

/// An operator that has credentials.
struct Enrolled<'p> {
    person: PersonId,
    operator: &'p Operator,
    credentials: Credentials,
}

impl<D: Directory> Admin<D> {
    /// Signs a person in, in a session with a new id.
    pub(super) async fn sign_in(
        &self,
        session: &Session,
        body: &SignInBody,
        from: IpAddr,
    ) -> Result<SignedIn, Problem> {
        const EVENT: &str = "sign-in refused";
        let now = self.now();
        let people = self.directory.people();
        let known = PersonId::new(&body.person).filter(|id| people.operator(id).is_some());
        let refused = |reason| {
            self.log.refused(EVENT, reason, known.as_ref(), (from, now));
            Problem::sign_in_refused()
        };
        let attempt = self.begin_attempt(EVENT, Some(&body.person), known.as_ref(), (from, now))?;
        let enrolled = known.as_ref().and_then(|id| self.enrolled(&people, id));
        let step = self.check(enrolled.as_ref(), body, now).await?;
        let Some(Enrolled { person, operator, .. }) = enrolled else {
            return Err(refused(reason::NOT_ENROLLED));
        };
        let step = step.map_err(refused)?;
        if !self.used_codes.use_step(&person, step) {
            return Err(refused(reason::USED_CODE));
        }
        self.attempts.succeeded(attempt);
        self.log.event("signed in", &person, from);
        let (role, version, code_at) = (operator.role, Some(operator.version), Some(now));
        let new = NewSession { person, role, version, code_at, way: Way::Local };
        self.begin_session(session, new).await
    }

    /// Notes a new one-time code in a session.
    pub(super) async fn confirm_code(
        &self,
        session: &Session,
        body: &CodeBody,
        from: IpAddr,
    ) -> Result<SignedIn, Problem> {
        const EVENT: &str = "code refused";
        let now = self.now();
        let signed_in: Option<SignedIn> = session.get(KEY).await.map_err(internal)?;
        let signed_in = signed_in.ok_or_else(Problem::not_signed_in)?;
        let person = &signed_in.person;
        let attempt =
            self.begin_attempt(EVENT, Some(person.as_str()), Some(person), (from, now))?;
        let people = self.directory.people();
        let key = self.enrolled(&people, person).map(|enrolled| enrolled.credentials.code_key);
        let step = key.and_then(|key| one_time_code::step_of(&key, body.code.as_str(), now));
        if !step.is_some_and(|step| self.used_codes.use_step(person, step)) {
            self.log.refused(EVENT, reason::WRONG_CODE, Some(person), (from, now));
            return Err(Problem::code_refused());
        }
        self.attempts.succeeded(attempt);
        self.log.event("code accepted", person, from);
        let signed_in = SignedIn { code_at: Some(now), ..signed_in };
        session.insert(KEY, &signed_in).await.map_err(internal)?;
        Ok(signed_in)
    }

    /// Ends all sessions of a person on this node.
    pub(super) fn end_sessions(&self, person: &PersonId) {
        self.sessions.end_all(person);
    }

    /// Begins an attempt, unless the person or the address has a pause.
    pub(super) fn begin_attempt(
        &self,
        event: &'static str,
        typed: Option<&str>,
        known: Option<&PersonId>,
        (from, now): (IpAddr, Moment),
    ) -> Result<Attempt, Problem> {
        self.attempts.begin(typed, from, now).map_err(|pause| {
            self.log.refused(event, reason::TOO_MANY_ATTEMPTS, known, (from, now));
            Problem::too_many_attempts(pause)
        })
    }

    fn enrolled<'p>(&self, people: &'p Arc<People>, person: &PersonId) -> Option<Enrolled<'p>> {
        let operator = people.operator(person)?;
        let credentials = self.vault.open(person, operator.credentials()?)?;
        Some(Enrolled { person: person.clone(), operator, credentials })
    }

    /// Checks password and code. Without an enrolled person it does the same work, and nothing matches. The inner error is the reason for
    /// the log.
    async fn check(
        &self,
        enrolled: Option<&Enrolled<'_>>,
        body: &SignInBody,
        now: Moment,
    ) -> Result<Result<Step, &'static str>, Problem> {
        let unknown = Credentials {
            password: PasswordHash::impossible(self.passwords.cost()),
            code_key: [0; KEY_BYTES],
        };
        let credentials = enrolled.map_or(&unknown, |enrolled| &enrolled.credentials);
        let is_password = self.passwords.is(&body.password, &credentials.password).await;
        let is_password = is_password.map_err(not_hashed)?;
        let step = one_time_code::step_of(&credentials.code_key, body.code.as_str(), now);
        Ok(match (is_password, step) {
            (true, Some(step)) => Ok(step),
            (true, None) => Err(reason::WRONG_CODE),
            (false, _) => Err(reason::WRONG_PASSWORD),
        })
    }
}

/// Returns the problem of a password that was not hashed.
pub(super) fn not_hashed(reason: NotHashed) -> Problem {
    match reason {
        NotHashed::Busy => Problem::busy(),
        NotHashed::Failed => internal("the password was not hashed"),
    }
}
