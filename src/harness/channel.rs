//! A correct channel: it repeats a request under the same number until it knows the outcome, and never guesses.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::clock::Clock;
use crate::http_client::HttpClient;
use crate::values::{Moment, Offset};

/// The pause before a request without a response is repeated, and between two status inquiries of a transfer in progress.
const PAUSE: Duration = Duration::from_millis(300);

/// The path of transfer requests.
const TRANSFER: &str = "/v1.0/transfer-interbank";

/// A transfer that the channel requests.
#[derive(Clone, Debug)]
pub struct TransferRequest {
    /// The channel's number of the request and of the transfer.
    pub number: u64,
    /// The source account.
    pub from: String,
    /// The beneficiary's bank and account.
    pub to: (String, String),
    /// The amount in minor units.
    pub minor: u64,
}

/// The outcome of a transfer, as the channel sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelOutcome {
    /// The transfer is settled.
    Settled,
    /// The customer was debited and refunded.
    Refunded,
    /// The transfer is rejected, and on record. No money moved.
    Rejected,
    /// The request was not admitted. It has no record, and no money moved.
    NotAdmitted,
    /// The channel does not understand this HTTP status.
    Unexpected(u16),
}

/// A client of the channel API.
pub struct ChannelClient {
    client: HttpClient,
    clock: Clock,
}

impl ChannelClient {
    /// Makes a channel of an adapter that does not check signatures.
    #[must_use]
    pub const fn new(client: HttpClient, clock: Clock) -> Self {
        Self { client, clock }
    }

    /// Requests a transfer, and repeats until the outcome is known. Calls `repeating` before each repeat.
    pub async fn transfer(
        &self,
        transfer: &TransferRequest,
        repeating: impl Fn(),
    ) -> ChannelOutcome {
        loop {
            match self.submit(transfer).await {
                Some((200, _)) => return ChannelOutcome::Settled,
                Some((202, _)) => break,
                // Rejected or refunded: the status inquiry says which.
                Some((status @ 400..=499, _)) if ![408, 409, 429].contains(&status) => break,
                Some((409, _)) => return ChannelOutcome::Unexpected(409),
                // No response, or not now. The transfer may have been made, and refunded since.
                Some(_) | None => {
                    repeating();
                    sleep(PAUSE).await;
                    if matches!(self.status(transfer.number).await, Some((200, _))) {
                        break;
                    }
                }
            }
        }
        self.final_outcome(transfer, &repeating).await
    }

    /// Inquires the status of a transfer until it is final.
    async fn final_outcome(
        &self,
        transfer: &TransferRequest,
        repeating: &impl Fn(),
    ) -> ChannelOutcome {
        loop {
            if let Some((http_status @ (200 | 404), body)) = self.status(transfer.number).await {
                let status = body.get("latestTransactionStatus").and_then(Value::as_str);
                match status {
                    Some("00") => return ChannelOutcome::Settled,
                    Some("04") => return ChannelOutcome::Refunded,
                    Some("05" | "06") => return ChannelOutcome::Rejected,
                    Some("07") => return ChannelOutcome::NotAdmitted,
                    None if http_status == 404 => return ChannelOutcome::NotAdmitted,
                    Some(_) | None => {}
                }
            }
            repeating();
            sleep(PAUSE).await;
        }
    }

    /// Requests a transfer once. Returns status and body of the response, if there is one.
    pub async fn submit(&self, transfer: &TransferRequest) -> Option<(u16, Value)> {
        self.post(TRANSFER, transfer.number, &self.request_body(transfer)).await
    }

    /// Inquires the status of a transfer once.
    pub async fn status(&self, number: u64) -> Option<(u16, Value)> {
        let body = json!({ "originalPartnerReferenceNo": reference(number), "serviceCode": "18" });
        self.post("/v1.0/transfer/status", number, &body.to_string()).await
    }

    /// Posts a body once. `number` is the request's X-EXTERNAL-ID.
    pub async fn post(&self, path: &str, number: u64, body: &str) -> Option<(u16, Value)> {
        let (timestamp, number) = (timestamp(self.clock.now()), number.to_string());
        let headers = [
            ("x-timestamp", timestamp.as_str()),
            ("x-partner-id", "local"),
            ("x-external-id", number.as_str()),
            ("channel-id", "95011"),
        ];
        let body = body.to_owned();
        let (status, body) = self.client.send(Method::POST, path, &headers, body).await.ok()?;
        Some((status, serde_json::from_slice(&body).ok()?))
    }

    /// Returns the body of a transfer request (SNAP service 18).
    #[must_use]
    pub fn request_body(&self, transfer: &TransferRequest) -> String {
        let TransferRequest { number, from, to: (bank, account), minor } = transfer;
        let value = format!("{}.{:02}", minor / 100, minor % 100);
        let reference = reference(*number);
        json!({
            "partnerReferenceNo": reference,
            "amount": { "value": value, "currency": "IDR" },
            "beneficiaryAccountName": "PENERIMA",
            "beneficiaryAccountNo": account,
            "beneficiaryBankCode": bank,
            "sourceAccountNo": from,
            "transactionDate": timestamp(self.clock.now()),
            "currency": "IDR",
        })
        .to_string()
    }
}

fn reference(number: u64) -> String {
    format!("DEMO{number:012}")
}

/// Formats a moment as SNAP requires: ISO 8601 with the offset of Jakarta.
#[must_use]
pub fn timestamp(at: Moment) -> String {
    at.iso8601_at(Offset::hours(7))
}
