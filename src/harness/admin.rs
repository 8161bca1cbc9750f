//! Clients of the simulated switch's admin interface and of the adapter's health and metrics.

use axum::http::Method;
use serde_json::{Value, json};
use thiserror::Error;

use crate::http_client::{HttpClient, NoResponse};

/// The reason why a request to the switch or the adapter failed.
#[derive(Debug, Error)]
pub enum AdminError {
    /// There was no response.
    #[error("{path}: {error}")]
    NoResponse {
        /// The path of the request.
        path: String,
        /// The cause.
        error: NoResponse,
    },
    /// The status of the response is not a success.
    #[error("{path}: status {status}: {body}")]
    Refused {
        /// The path of the request.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The body of the response.
        body: String,
    },
}

/// The totals of one bank at the switch, in minor units. Only transfers that moved money and were not reversed count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchTotals {
    /// The number of transfers that the bank sent, and their sum.
    pub sent: (u64, u128),
    /// The number of transfers that the bank received, and their sum.
    pub received: (u64, u128),
    /// The position of the bank: above zero, what the switch owes it.
    pub position: i128,
    /// Whether the switch's own books balance.
    pub is_balanced: bool,
}

/// A client of the simulated switch's admin interface.
pub struct SwitchAdmin(HttpClient);

impl SwitchAdmin {
    /// Makes a client over a connection to the admin interface.
    #[must_use]
    pub const fn new(client: HttpClient) -> Self {
        Self(client)
    }

    /// Replaces all fault rules.
    ///
    /// # Errors
    /// If no response comes, or the switch refuses the rules.
    pub async fn set_fault_rules(&self, rules: &Value) -> Result<(), AdminError> {
        self.request(Method::PUT, "/faults", rules).await.map(drop)
    }

    /// Returns the number of requests that each fault rule hit, in the order of the rules.
    ///
    /// # Errors
    /// If no response comes.
    pub async fn fault_hits(&self) -> Result<Vec<u64>, AdminError> {
        let state = self.state().await?;
        let hits = |rule: &Value| rule.get("hits").and_then(Value::as_u64).unwrap_or_default();
        Ok(rows(&state, "faults").map(hits).collect())
    }

    /// Starts traffic: credits to a bank at a rate. It replaces running traffic.
    ///
    /// # Errors
    /// If no response comes, or the switch refuses the traffic.
    pub async fn start_traffic(&self, traffic: &Value) -> Result<(), AdminError> {
        self.request(Method::PUT, "/traffic", traffic).await.map(drop)
    }

    /// Stops the traffic.
    ///
    /// # Errors
    /// If no response comes.
    pub async fn stop_traffic(&self) -> Result<(), AdminError> {
        self.request(Method::DELETE, "/traffic", &json!(null)).await.map(drop)
    }

    /// Ends the business date at the switch, which announces the next one to the banks.
    ///
    /// # Errors
    /// If no response comes.
    pub async fn cut_over(&self) -> Result<(), AdminError> {
        self.request(Method::POST, "/cutover", &json!(null)).await.map(drop)
    }

    /// Makes the switch send a request to a bank. Returns the RRN of the request.
    ///
    /// # Errors
    /// If no response comes, or the switch refuses the command.
    pub async fn send_inbound(&self, command: &Value) -> Result<String, AdminError> {
        let sent = self.request(Method::POST, "/inbound", command).await?;
        Ok(sent.get("rrn").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Returns the response times of the bank to the running traffic: a JSON object with `p50_ms` and others.
    ///
    /// # Errors
    /// If no response comes.
    pub async fn response_times(&self) -> Result<Value, AdminError> {
        Ok(self.state().await?.get("response_times").cloned().unwrap_or_default())
    }

    /// Returns the number of requests to banks that wait for a response.
    ///
    /// # Errors
    /// If no response comes.
    pub async fn open_requests(&self) -> Result<u64, AdminError> {
        Ok(self.state().await?.get("open_requests").and_then(Value::as_u64).unwrap_or(u64::MAX))
    }

    /// Sums up the transfers of a bank.
    ///
    /// # Errors
    /// If no response comes.
    pub async fn totals(&self, bank: &str) -> Result<SwitchTotals, AdminError> {
        let mut totals = SwitchTotals::default();
        let mut next = Some(0);
        while let Some(first) = next {
            let path = format!("/state?first={first}&page=1000");
            let state = self.request(Method::GET, &path, &json!(null)).await?;
            totals.is_balanced = state.get("balanced") == Some(&Value::Bool(true));
            totals.position = position(&state, bank);
            for transfer in rows(&state, "transfers") {
                totals.add(transfer, bank);
            }
            next = state.get("next").and_then(Value::as_u64);
        }
        Ok(totals)
    }

    /// Gets the state without transfers.
    async fn state(&self) -> Result<Value, AdminError> {
        self.request(Method::GET, "/state?page=0", &json!(null)).await
    }

    async fn request(&self, method: Method, path: &str, body: &Value) -> Result<Value, AdminError> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let text = request(&self.0, method, path, body).await?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

impl SwitchTotals {
    fn add(&mut self, transfer: &Value, bank: &str) {
        if transfer.get("settled") != Some(&Value::Bool(true)) {
            return;
        }
        let amount = |key| transfer.get(key).and_then(Value::as_u64).unwrap_or_default();
        let minor = amount("amount_minor").saturating_sub(amount("returned_minor"));
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
    let is_bank = |row: &&Value| row.get("bank").and_then(Value::as_str) == Some(bank);
    let position = rows(state, "banks").find(is_bank).and_then(|row| row.get("position")?.as_i64());
    position.unwrap_or_default().into()
}

/// A client of the adapter's health and metrics, which are on its console listener.
pub struct AdapterProbe(HttpClient);

impl AdapterProbe {
    /// Makes a client over a connection to the console listener.
    #[must_use]
    pub const fn new(client: HttpClient) -> Self {
        Self(client)
    }

    /// Whether the adapter accepts work and a link is up.
    pub async fn is_ready(&self) -> bool {
        matches!(self.0.send(Method::GET, "/readyz", &[], "").await, Ok((200, _)))
    }

    /// Returns a metric whose value is a whole number: of the series with exactly these labels, or, for a name without labels,
    /// the sum of all series. Returns 0 if the adapter has no such series.
    ///
    /// # Errors
    /// If no response comes.
    pub async fn metric(&self, name: &str) -> Result<u64, AdminError> {
        let text = request(&self.0, Method::GET, "/metrics", String::new()).await?;
        let value = |line: &str| {
            let rest = line.strip_prefix(name)?;
            let labels_end = if rest.starts_with('{') { rest.find("} ")? + 1 } else { 0 };
            rest.get(labels_end..)?.strip_prefix(' ')?.parse::<u64>().ok()
        };
        Ok(text.lines().filter_map(value).sum())
    }
}

async fn request(
    client: &HttpClient,
    method: Method,
    path: &str,
    body: String,
) -> Result<String, AdminError> {
    let response = client.send(method, path, &[], body).await;
    let (status, body) =
        response.map_err(|error| AdminError::NoResponse { path: path.to_owned(), error })?;
    let body = String::from_utf8_lossy(&body).into_owned();
    if (200..300).contains(&status) {
        Ok(body)
    } else {
        Err(AdminError::Refused { path: path.to_owned(), status, body })
    }
}
