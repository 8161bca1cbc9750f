//! The admin interface of the simulated switch, and the metrics of the adapter, as a client asks for them.

use axum::http::Method;
use serde_json::{Value, json};
use thiserror::Error;

use super::http::{Client, NoAnswer};

/// Why something was not had of the switch or the adapter.
#[derive(Debug, Error)]
pub enum AdminError {
    /// There was no answer.
    #[error("{path}: {error}")]
    NoAnswer {
        /// What was asked for.
        path: String,
        /// Why not.
        error: NoAnswer,
    },
    /// It said no.
    #[error("{path}: status {status}: {body}")]
    Refused {
        /// What was asked for.
        path: String,
        /// The status.
        status: u16,
        /// What was said.
        body: String,
    },
}

/// What one bank's transfers come to at the switch, in minor units of those that stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtSwitch {
    /// Transfers that the bank sent, and their sum.
    pub sent: (u64, u128),
    /// Transfers that it was sent.
    pub received: (u64, u128),
    /// Its position: what it is owed.
    pub position: i128,
    /// Whether the switch's own books balance.
    pub balanced: bool,
}

/// The operator of the simulated switch.
pub struct Operator(Client);

impl Operator {
    /// Over a client of its admin interface.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// Puts rules of faults in place of those that there are.
    ///
    /// # Errors
    /// If it can't be asked, or refuses.
    pub async fn faults(&self, rules: &Value) -> Result<(), AdminError> {
        self.ask(Method::PUT, "/faults", rules).await.map(drop)
    }

    /// How many requests each rule of faults befell, in the order of the rules.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn hits(&self) -> Result<Vec<u64>, AdminError> {
        let state = self.ask(Method::GET, "/state?page=0", &json!(null)).await?;
        let hits = |rule: &Value| rule.get("hits").and_then(Value::as_u64).unwrap_or_default();
        Ok(rows(&state, "faults").map(hits).collect())
    }

    /// Has it send credits to a bank, so many a second.
    ///
    /// # Errors
    /// If it can't be asked, or refuses.
    pub async fn traffic(&self, traffic: &Value) -> Result<(), AdminError> {
        self.ask(Method::PUT, "/traffic", traffic).await.map(drop)
    }

    /// Ends the traffic.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn quiet(&self) -> Result<(), AdminError> {
        self.ask(Method::DELETE, "/traffic", &json!(null)).await.map(drop)
    }

    /// Has it send a bank something, and gives the RRN under which it does.
    ///
    /// # Errors
    /// If it can't be asked, or refuses.
    pub async fn inbound(&self, order: &Value) -> Result<String, AdminError> {
        let sent = self.ask(Method::POST, "/inbound", order).await?;
        Ok(sent.get("rrn").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// How long the bank took to answer the transfers of the traffic that runs: a JSON object with `p50_ms` and others.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn traffic_times(&self) -> Result<Value, AdminError> {
        let state = self.ask(Method::GET, "/state?page=0", &json!(null)).await?;
        Ok(state.get("traffic_times").cloned().unwrap_or_default())
    }

    /// How many questions to banks wait for their answers.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn open_questions(&self) -> Result<u64, AdminError> {
        let state = self.ask(Method::GET, "/state?page=0", &json!(null)).await?;
        Ok(state.get("open_questions").and_then(Value::as_u64).unwrap_or(u64::MAX))
    }

    /// What a bank's transfers come to.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn books(&self, bank: &str) -> Result<AtSwitch, AdminError> {
        let mut books = AtSwitch::default();
        let mut next = Some(0);
        while let Some(first) = next {
            let path = format!("/state?first={first}&page=1000");
            let state = self.ask(Method::GET, &path, &json!(null)).await?;
            books.balanced = state.get("balanced") == Some(&Value::Bool(true));
            books.position = position(&state, bank);
            for transfer in rows(&state, "transfers") {
                books.add(transfer, bank);
            }
            next = state.get("next").and_then(Value::as_u64);
        }
        Ok(books)
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, AdminError> {
        ask(&self.0, method, path, if body.is_null() { String::new() } else { body.to_string() })
            .await
            .map(|text| serde_json::from_str(&text).unwrap_or_default())
    }
}

impl AtSwitch {
    fn add(&mut self, transfer: &Value, bank: &str) {
        if transfer.get("stands") != Some(&Value::Bool(true)) {
            return;
        }
        let minor = transfer.get("amount_minor").and_then(Value::as_u64).unwrap_or_default();
        let is = |role: &str| transfer.get(role).and_then(Value::as_str) == Some(bank);
        for (role, sum) in [("acquirer", &mut self.sent), ("issuer", &mut self.received)] {
            if is(role) {
                *sum = (sum.0 + 1, sum.1 + u128::from(minor));
            }
        }
    }
}

fn rows<'s>(state: &'s Value, name: &str) -> impl Iterator<Item = &'s Value> + use<'s> {
    state.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn position(state: &Value, bank: &str) -> i128 {
    let own = |row: &&Value| row.get("bank").and_then(Value::as_str) == Some(bank);
    let position = rows(state, "banks").find(own).and_then(|row| row.get("position")?.as_i64());
    position.unwrap_or_default().into()
}

/// The adapter's health, as whoever watches it asks for it.
pub struct Watcher(Client);

impl Watcher {
    /// Over a client of its console.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// Whether it takes work and a link is up.
    pub async fn is_ready(&self) -> bool {
        matches!(self.0.ask(Method::GET, "/readyz", &[], "").await, Ok((200, _)))
    }

    /// A metric that is a whole number; 0 if there is none of that name.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn metric(&self, name: &str) -> Result<u64, AdminError> {
        let text = ask(&self.0, Method::GET, "/metrics", String::new()).await?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.and_then(|value| value.parse().ok()).unwrap_or_default())
    }
}

async fn ask(
    client: &Client,
    method: Method,
    path: &str,
    body: String,
) -> Result<String, AdminError> {
    let answer = client.ask(method, path, &[], body).await;
    let (status, body) =
        answer.map_err(|error| AdminError::NoAnswer { path: path.to_owned(), error })?;
    let body = String::from_utf8_lossy(&body).into_owned();
    if (200..300).contains(&status) {
        Ok(body)
    } else {
        Err(AdminError::Refused { path: path.to_owned(), status, body })
    }
}
