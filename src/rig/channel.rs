//! A channel as it should be: it asks again under the same number until it knows, and never guesses.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::http::Client;
use crate::link::Clock;
use crate::values::{Date, Moment, Offset, TimeOfDay};

/// Until it asks again that got no answer, or how a transfer stands that is under way.
const PAUSE: Duration = Duration::from_millis(300);

/// Where transfers are asked for.
const TRANSFER: &str = "/v1.0/transfer-interbank";

/// A transfer to be asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its number with the channel: of the request and of the transfer.
    pub number: u64,
    /// The account that pays.
    pub from: String,
    /// The bank and the account that are paid.
    pub to: (String, String),
    /// How much, in minor units.
    pub minor: u64,
}

/// What became of a transfer, as the channel was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money has moved.
    Settled,
    /// It was taken and given back.
    GivenBack,
    /// Nothing was done, and that is on record.
    Refused,
    /// It was not taken on: nothing was done, and nothing is on record.
    NotTaken,
    /// Something that a channel can't make sense of: status and response code.
    Senseless(u16),
}

/// A channel.
pub struct Channel {
    client: Client,
    clock: Clock,
}

impl Channel {
    /// A channel of an adapter without signatures.
    #[must_use]
    pub const fn new(client: Client, clock: Clock) -> Self {
        Self { client, clock }
    }

    /// Asks for a transfer until it is known what became of it. `again` is called when it is not known at once.
    pub async fn transfer(&self, wanted: &Wanted, again: impl Fn()) -> Outcome {
        loop {
            match self.ask(wanted).await {
                Some((200, _)) => return Outcome::Settled,
                Some((202, _)) => break,
                // Refused, or given back: which of both the status tells.
                Some((status @ 400..=499, _)) if ![408, 409, 429].contains(&status) => break,
                Some((409, _)) => return Outcome::Senseless(409),
                // No answer, or not now: it may have been done, and also given back by now.
                Some(_) | None => {
                    again();
                    sleep(PAUSE).await;
                    if matches!(self.standing(wanted.number).await, Some((200, _))) {
                        break;
                    }
                }
            }
        }
        self.outcome(wanted, &again).await
    }

    /// Asks how a transfer stands until that is its end.
    async fn outcome(&self, wanted: &Wanted, again: &impl Fn()) -> Outcome {
        loop {
            if let Some((status @ (200 | 404), body)) = self.standing(wanted.number).await {
                let standing = body.get("latestTransactionStatus").and_then(Value::as_str);
                match standing {
                    Some("00") => return Outcome::Settled,
                    Some("04") => return Outcome::GivenBack,
                    Some("05" | "06") => return Outcome::Refused,
                    Some("07") => return Outcome::NotTaken,
                    None if status == 404 => return Outcome::NotTaken,
                    Some(_) | None => {}
                }
            }
            again();
            sleep(PAUSE).await;
        }
    }

    /// Asks for a transfer once: status and body of the answer, if there is one.
    pub async fn ask(&self, wanted: &Wanted) -> Option<(u16, Value)> {
        self.post(TRANSFER, wanted.number, &self.request(wanted)).await
    }

    /// Asks once how the transfer of this number stands.
    pub async fn standing(&self, number: u64) -> Option<(u16, Value)> {
        let body = json!({ "originalPartnerReferenceNo": reference(number), "serviceCode": "18" });
        self.post("/v1.0/transfer/status", number, &body.to_string()).await
    }

    /// Posts a body once, under a number that is the request's.
    pub async fn post(&self, path: &str, number: u64, body: &str) -> Option<(u16, Value)> {
        let (timestamp, number) = (stamp(self.clock.now()), number.to_string());
        let headers = [
            ("x-timestamp", timestamp.as_str()),
            ("x-partner-id", "local"),
            ("x-external-id", number.as_str()),
            ("channel-id", "95011"),
        ];
        let body = body.to_owned();
        let (status, body) = self.client.ask(Method::POST, path, &headers, body).await.ok()?;
        Some((status, serde_json::from_slice(&body).ok()?))
    }

    /// The body that asks for a transfer.
    #[must_use]
    pub fn request(&self, wanted: &Wanted) -> String {
        let Wanted { number, from, to: (bank, account), minor } = wanted;
        let value = format!("{}.{:02}", minor / 100, minor % 100);
        let reference = reference(*number);
        json!({
            "partnerReferenceNo": reference,
            "amount": { "value": value, "currency": "IDR" },
            "beneficiaryAccountName": "PENERIMA",
            "beneficiaryAccountNo": account,
            "beneficiaryBankCode": bank,
            "sourceAccountNo": from,
            "transactionDate": stamp(self.clock.now()),
            "currency": "IDR",
        })
        .to_string()
    }
}

fn reference(number: u64) -> String {
    format!("DEMO{number:012}")
}

/// A moment as SNAP writes it (ISO 8601).
#[must_use]
pub fn stamp(at: Moment) -> String {
    let offset = Offset::hours(7);
    let time = TimeOfDay::of(at, offset).to_string();
    let part = |from: usize| time.get(from..from + 2).unwrap_or("00");
    format!("{}T{}:{}:{}+07:00", Date::of(at, offset), part(0), part(2), part(4))
}
