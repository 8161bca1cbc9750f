//! The partner of the load: its token and its secret.

use axum::http::Method;
use serde_json::{Value, json};

use super::Core;
use super::keys::{Keys, PARTNER};
use super::request::{Payee, Request, digits};
use crate::api::{SignatureKey, SignedRequest};
use crate::cli::failure::Failure;
use crate::clock::Clock;
use crate::harness::{Harness, HttpClient, RESPONSE_TIMEOUT, timestamp};

/// The path of the status request.
const STATUS: &str = "/v1.0/transfer/status";

/// A partner with a valid token.
pub(super) struct Partner {
    client: HttpClient,
    token: String,
    key: SignatureKey,
    clock: Clock,
}

impl Partner {
    /// Obtains a token, as a channel does.
    pub(super) async fn sign_in(stage: &Harness, keys: &Keys) -> Result<Self, Failure> {
        let (client, clock) =
            (HttpClient::new(stage.address("api")?, RESPONSE_TIMEOUT), Clock::new());
        let token = keys.token(&client, clock).await?;
        let key = SignatureKey::new(keys.secret.as_bytes());
        let key = key.ok_or_else(|| Failure::Negative("the secret is too short".to_owned()))?;
        Ok(Self { client, token, key, clock })
    }

    /// Returns the template of its transfer requests to a payee.
    pub(super) fn request(&self, core: Core, payee: Payee) -> Request {
        Request::new(self.token.clone(), self.key.clone(), core, payee)
    }

    /// Returns the number of these transfers that settled. No transfer is open any more.
    pub(super) async fn settled(&self, transfers: &[u64]) -> Result<u64, Failure> {
        let mut settled = 0;
        for number in transfers {
            let status = self.status(*number).await?;
            match status.get("latestTransactionStatus").and_then(Value::as_str) {
                Some("00") => settled += 1,
                // Refunded, cancelled or failed.
                Some("04" | "05" | "06") => {}
                Some(_) | None => {
                    let line = format!("transfer {number} has no final status: {status}");
                    return Err(Failure::Negative(line));
                }
            }
        }
        Ok(settled)
    }

    async fn status(&self, number: u64) -> Result<Value, Failure> {
        let (number, timestamp) = (digits(number), timestamp(self.clock.now()));
        let body = json!({ "originalPartnerReferenceNo": number, "serviceCode": "18" }).to_string();
        let claim = SignedRequest {
            method: "POST",
            path: STATUS,
            token: &self.token,
            body: body.as_bytes(),
            timestamp: &timestamp,
        };
        let (bearer, signature) = (format!("Bearer {}", self.token), self.key.sign(&claim));
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-timestamp", &timestamp),
            ("x-signature", &signature),
            ("x-partner-id", PARTNER),
            ("x-external-id", &number),
            ("channel-id", "95011"),
        ];
        let response = self.client.send(Method::POST, STATUS, &headers, body).await;
        let (_, body) =
            response.map_err(|error| Failure::Negative(format!("{STATUS}: {error}")))?;
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}
