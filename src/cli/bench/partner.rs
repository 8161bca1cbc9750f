//! The load as the adapter knows it: a partner with a token and a secret.

use axum::http::Method;
use serde_json::{Value, json};

use super::Core;
use super::keys::{Keys, PARTNER};
use super::request::{Payee, Request, digits};
use crate::api::{Claim, SignatureKey};
use crate::cli::failure::Failure;
use crate::link::Clock;
use crate::rig::{Client, PATIENCE, Stage, stamp};

/// Where it is asked how a transfer stands.
const STATUS: &str = "/v1.0/transfer/status";

/// A partner of the adapter that is up.
pub(super) struct Partner {
    client: Client,
    token: String,
    key: SignatureKey,
    clock: Clock,
}

impl Partner {
    /// Asks for a token, as channels do.
    pub(super) async fn enter(stage: &Stage, keys: &Keys) -> Result<Self, Failure> {
        let (client, clock) = (Client::new(stage.address("api")?, PATIENCE), Clock::new());
        let token = keys.token(&client, clock).await?;
        let key = SignatureKey::new(keys.secret.as_bytes());
        let key = key.ok_or_else(|| Failure::No("the secret is too short".to_owned()))?;
        Ok(Self { client, token, key, clock })
    }

    /// The request of all its transfers to a payee.
    pub(super) fn request(&self, core: Core, payee: Payee) -> Request {
        Request::new(self.token.clone(), self.key.clone(), core, payee)
    }

    /// How many of these transfers have moved their money, now that nothing is under way any more.
    pub(super) async fn moved(&self, transfers: &[u64]) -> Result<u64, Failure> {
        let mut moved = 0;
        for number in transfers {
            let standing = self.standing(*number).await?;
            match standing.get("latestTransactionStatus").and_then(Value::as_str) {
                Some("00") => moved += 1,
                // Given back, cancelled, failed.
                Some("04" | "05" | "06") => {}
                Some(_) | None => {
                    let what = format!("transfer {number} has no end, but is told {standing}");
                    return Err(Failure::No(what));
                }
            }
        }
        Ok(moved)
    }

    async fn standing(&self, number: u64) -> Result<Value, Failure> {
        let (number, timestamp) = (digits(number), stamp(self.clock.now()));
        let body = json!({ "originalPartnerReferenceNo": number, "serviceCode": "18" }).to_string();
        let claim = Claim {
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
        let answer = self.client.ask(Method::POST, STATUS, &headers, body).await;
        let (_, body) = answer.map_err(|error| Failure::No(format!("{STATUS}: {error}")))?;
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}
