//! Operators of a run: the first administrators by an offline act, others under dual control, and their sessions with the admin API.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::sleep;
use totp_rs::{Builder, Secret};

use super::admin::AdminError;
use super::folder::{Folder, FolderError};
use super::processes::RESPONSE_TIMEOUT;
use crate::admin::{NewInvitation, new_invitation};
use crate::clock::Clock;
use crate::control::{NewOperator, OfflineAct, PeopleCommand, PersonId};
use crate::http_client::HttpClient;
use crate::journal::{JournalError, StoreUrl, open_to_read};
use crate::signing::SigningKey;
use crate::values::Name;

/// The seconds of a one-time code.
const STEP_SECONDS: u64 = 30;

/// How long the offline act of a run is valid.
const OFFLINE_TIME: Duration = Duration::from_hours(1);

/// The password of every operator of a run, which ends with the run.
const PASSWORD: &str = "a drill needs no secret";

/// Why the operators of a run cannot work.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// A file of the folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] JournalError),
    /// A request to the admin API failed.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The offline act cannot be made.
    #[error("the offline act of the first administrators: {0}")]
    Offline(String),
    /// An answer of the admin API lacks something.
    #[error("the answer to {path} has no {what}")]
    Answer {
        /// The path of the request.
        path: &'static str,
        /// What it lacks.
        what: &'static str,
    },
}

/// The first two administrators: lines for the section `[keys]` of the settings, and their enrolment secrets.
pub struct FirstAdministrators {
    settings: String,
    /// The enrolment secret of each.
    pub secrets: [String; 2],
}

impl FirstAdministrators {
    /// Prepares and signs their offline act. The adapter is stopped, and its store exists.
    ///
    /// # Errors
    /// If the store cannot be read, or a file cannot be written.
    pub fn prepare(folder: &Folder, ids: [&str; 2]) -> Result<Self, OperatorError> {
        let failed = |reason: &dyn std::fmt::Display| OperatorError::Offline(reason.to_string());
        let invitations = [(); 2].map(|()| new_invitation());
        let [one, other] = invitations;
        let invitations = [one.map_err(|e| failed(&e))?, other.map_err(|e| failed(&e))?];
        let operator = |id: &str, invitation: &NewInvitation| {
            let (person, name) = (PersonId::new(id), Name::new("ADMINISTRATOR"));
            let (person, name) = person.zip(name).ok_or_else(|| failed(&"an id is wrong"))?;
            Ok::<_, OperatorError>(NewOperator { person, name, enrolment: invitation.hash })
        };
        let [first, second] = &invitations;
        let administrators = [operator(ids[0], first)?, operator(ids[1], second)?];
        let command = PeopleCommand::FirstAdministrators { administrators };
        let command = serde_json::to_string(&command).map_err(|error| failed(&error))?;
        let stored = open_to_read(&StoreUrl::Sqlite(folder.file("titian.db")))?;
        let head = stored.end()?.map(|(signed, _)| signed.statement.head).unwrap_or_default();
        let mut act = OfflineAct {
            command: command.into(),
            reason: "the first administrators of a drill".into(),
            against: OfflineAct::against(stored.chain_id(), head),
            expires_at: Clock::new().now().after(OFFLINE_TIME),
            signatures: Vec::new(),
        };
        let mut keys = String::new();
        for id in ids {
            let key = folder.signing_key().derive(id);
            let key = SigningKey::from_seed(&key);
            let person = PersonId::new(id).ok_or_else(|| failed(&"an id is wrong"))?;
            act.sign(&person, &key);
            // Writing to a string cannot fail.
            let _ = writeln!(keys, "{id} {}", key.public().to_hex());
        }
        let act = serde_json::to_string(&act).map_err(|error| failed(&error))?;
        let act = folder.write("act.json", &act)?;
        let keys = folder.write_public("keys/operators.pub", &keys)?;
        let settings = format!(
            "operator_files = [{:?}]\noffline_act_file = {:?}\n",
            keys.display().to_string(),
            act.display().to_string()
        );
        Ok(Self { settings, secrets: invitations.map(|invitation| invitation.text) })
    }
}

impl FirstAdministrators {
    /// Adds the lines to the section `[keys]` of a configuration.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn write_into(&self, file: &Path) -> Result<(), FolderError> {
        let text = fs::read_to_string(file);
        let written = text.and_then(|text| {
            let lines = format!("[keys]\n{}", self.settings);
            fs::write(file, text.replacen("[keys]\n", &lines, 1))
        });
        written.map_err(|error| FolderError::System { path: file.to_owned(), error })
    }
}

/// The operators of a running adapter.
pub struct Operators {
    console: SocketAddr,
    /// The step of the one-time codes in which the adapter had started: codes of it and before are refused.
    start: u64,
}

/// A person who is enrolled.
pub struct Operator {
    /// The id.
    pub id: String,
    key: [u8; 20],
    /// The step of the last code that was used.
    step: u64,
}

/// A session of a person with the admin API: a browser of its own.
pub struct OperatorSession {
    /// The id of the person.
    pub person: String,
    client: HttpClient,
    cookie: String,
    csrf: String,
}

impl Operators {
    /// Returns the operators of an adapter that has just started.
    #[must_use]
    pub fn new(console: SocketAddr) -> Self {
        Self { console, start: step_now() }
    }

    fn client(&self) -> HttpClient {
        HttpClient::new(self.console, RESPONSE_TIMEOUT)
    }

    /// Enrols a person with its enrolment secret.
    ///
    /// # Errors
    /// If a request fails.
    pub async fn enrol(&self, id: &str, secret: &str) -> Result<Operator, OperatorError> {
        const BEGIN: &str = "/admin/v1/enrolment";
        const CONFIRM: &str = "/admin/v1/enrolment/confirm";
        let client = self.client();
        let body = json!({ "person": id, "secret": secret });
        let (_, answer) = sent(&client, Method::POST, BEGIN, &[], Some(&body)).await?;
        let key = text(&answer, BEGIN, "code_key")?;
        let missing = OperatorError::Answer { path: BEGIN, what: "key of 160 bits" };
        let key = from_base32(&key).ok_or(missing)?;
        let mut person = Operator { id: id.to_owned(), key, step: self.start };
        let code = person.next_code().await;
        let body = json!({ "person": id, "secret": secret, "password": PASSWORD, "code": code });
        sent(&client, Method::POST, CONFIRM, &[], Some(&body)).await?;
        Ok(person)
    }

    /// Signs a person in, with a session of its own.
    ///
    /// # Errors
    /// If the request fails.
    pub async fn sign_in(&self, person: &mut Operator) -> Result<OperatorSession, OperatorError> {
        const PATH: &str = "/admin/v1/session";
        let code = person.next_code().await;
        let body = json!({ "person": person.id, "password": PASSWORD, "code": code });
        let client = self.client();
        let (headers, answer) = sent(&client, Method::POST, PATH, &[], Some(&body)).await?;
        let csrf = text(&answer, PATH, "csrf_token")?;
        let cookie = headers.get("set-cookie").and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.ok_or(OperatorError::Answer { path: PATH, what: "cookie" })?;
        Ok(OperatorSession { person: person.id.clone(), client, cookie: cookie.to_owned(), csrf })
    }

    /// Adds an operator under dual control of two administrators, and enrols it.
    ///
    /// # Errors
    /// If a request fails.
    pub async fn add(
        &self,
        [maker, checker]: [&OperatorSession; 2],
        (id, name, role): (&str, &str, &str),
    ) -> Result<Operator, OperatorError> {
        let command = json!({ "add_operator": { "person": id, "name": name, "role": role } });
        let made = maker.propose(&command, "a drill").await?;
        checker.approve(&made).await?;
        let secret = text(&made, "/admin/v1/proposals", "enrolment_secret")?;
        self.enrol(id, &secret).await
    }
}

impl Operator {
    /// Returns the next code that was not used. Waits for its step if need be.
    async fn next_code(&mut self) -> String {
        loop {
            let now = step_now();
            let next = (self.step + 1).max(now.saturating_sub(1));
            let totp = Builder::new().with_secret(Secret::from(self.key)).build();
            if let Ok(totp) = totp
                && next <= now + 1
            {
                self.step = next;
                return totp.generate(next * STEP_SECONDS).to_string();
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}

impl OperatorSession {
    /// Sends a request that must succeed. Returns the answer.
    ///
    /// # Errors
    /// If there is no answer, or the request is refused.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, AdminError> {
        let headers = [("cookie", self.cookie.as_str()), ("x-csrf-token", self.csrf.as_str())];
        Ok(sent(&self.client, method, path, &headers, body).await?.1)
    }

    /// Makes a proposal. Returns the answer, which has its number.
    ///
    /// # Errors
    /// If the request fails.
    pub async fn propose(&self, command: &Value, reason: &str) -> Result<Value, AdminError> {
        let body = json!({ "command": command, "reason": reason });
        self.request(Method::POST, "/admin/v1/proposals", Some(&body)).await
    }

    /// Approves a proposal that was made, after a look at it.
    ///
    /// # Errors
    /// If the request fails.
    pub async fn approve(&self, made: &Value) -> Result<(), AdminError> {
        let number = made.get("act").and_then(Value::as_u64).unwrap_or_default();
        let path = format!("/admin/v1/proposals/{number}");
        let shown = self.request(Method::GET, &path, None).await?;
        let body = json!({ "hash": shown.get("hash") });
        self.request(Method::POST, &format!("{path}/approve"), Some(&body)).await.map(drop)
    }
}

/// Sends a request that must succeed. Returns headers and JSON of the answer.
async fn sent(
    client: &HttpClient,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<(HeaderMap, Value), AdminError> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let answer = client.exchange(method, path, headers, Bytes::from(text)).await;
    let answer = answer.map_err(|error| AdminError::NoResponse { path: path.to_owned(), error })?;
    if answer.status >= 300 {
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        return Err(AdminError::Refused { path: path.to_owned(), status: answer.status, body });
    }
    Ok((answer.headers, serde_json::from_slice(&answer.body).unwrap_or_default()))
}

fn text(answer: &Value, path: &'static str, what: &'static str) -> Result<String, OperatorError> {
    let text = answer.get(what).and_then(Value::as_str);
    text.map(str::to_owned).ok_or(OperatorError::Answer { path, what })
}

fn step_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() / STEP_SECONDS)
}

/// Decodes base32 (RFC 4648) without padding.
fn from_base32<const N: usize>(text: &str) -> Option<[u8; N]> {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(N), 0_u32, 0);
    for digit in text.bytes() {
        let value = DIGITS.iter().position(|one| *one == digit)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).ok()?);
        }
    }
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_of_rfc_4648_is_decoded() {
        assert_eq!(from_base32::<6>("MZXW6YTBOI"), Some(*b"foobar"));
        assert_eq!(from_base32::<5>("MZXW6YTBOI"), None, "another length");
        assert_eq!(from_base32::<6>("MZXW6YTB0I"), None, "0 is not a digit");
    }
}
