//! What a person sees, masked. The running adapter fills these in.

use serde::Serialize;
use serde_json::Value as JsonValue;

use super::problem::Problem;
use crate::control::{Access, Act, Control, hide_secrets};
use crate::values::{LinkOrder, MoneyJson, iso_moment};

/// A transfer that needs a manual resolution.
#[derive(Clone, Debug, Serialize)]
pub struct ExceptionView {
    /// The id of the transfer.
    pub transfer: String,
    /// `outbound` or `inbound`.
    pub direction: &'static str,
    /// The code of its state.
    pub state: &'static str,
    /// Why it needs a manual resolution.
    pub cause: &'static str,
    /// Since when.
    pub since: String,
    /// The amount.
    pub amount: MoneyJson,
    /// The counterparty bank.
    pub bank: String,
    /// The STAN of its request, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stan: Option<String>,
    /// The RRN of its request, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rrn: Option<String>,
    /// The resolutions that are possible, with what each does.
    pub resolutions: Vec<ResolutionView>,
    /// The open proposal about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<u64>,
}

/// A possible resolution.
#[derive(Clone, Debug, Serialize)]
pub struct ResolutionView {
    /// The code of the outcome.
    pub outcome: &'static str,
    /// How the books change, in words of the books, each with the change in minor units.
    pub books: Vec<(&'static str, i128)>,
    /// What core is asked to do, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core: Option<&'static str>,
}

/// A transfer in memory or in the record.
#[derive(Clone, Debug, Serialize)]
pub struct TransferView {
    /// The id.
    pub transfer: String,
    /// `outbound` or `inbound`.
    pub direction: &'static str,
    /// The code of its state.
    pub state: &'static str,
    /// The amount.
    pub amount: MoneyJson,
    /// The counterparty bank.
    pub bank: String,
    /// Whether it needs a manual resolution.
    pub exception: bool,
    /// The resolutions that are possible.
    pub resolutions: Vec<ResolutionView>,
}

/// A link.
#[derive(Clone, Debug, Serialize)]
pub struct LinkView {
    /// Its name in the settings.
    pub name: String,
    /// The code of its phase.
    pub phase: &'static str,
    /// Since when it is in this phase.
    pub since: String,
    /// What the operators want of it.
    pub wanted: &'static str,
    /// `connect` or `listen`.
    pub role: &'static str,
    /// The address of the settings.
    pub address: String,
    /// The peer, if it is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Requests that wait for their responses.
    pub in_flight: usize,
    /// The last error and when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<ErrorView>,
    /// The round trip of the last echo, in milliseconds, and when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_echo: Option<EchoView>,
    /// The median and the 99th percentile of the response times of the last minutes, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_times: Option<TimesView>,
    /// Messages since the start, by type.
    pub messages: JsonValue,
}

/// An error of a link.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorView {
    /// When.
    pub at: String,
    /// What happened, with the code that refused a sign-on.
    pub reason: String,
}

/// An echo.
#[derive(Clone, Debug, Serialize)]
pub struct EchoView {
    /// When the response came.
    pub at: String,
    /// The round trip.
    pub milliseconds: u64,
}

/// Response times.
#[derive(Clone, Debug, Serialize)]
pub struct TimesView {
    /// The median.
    pub p50: u64,
    /// The 99th percentile.
    pub p99: u64,
}

/// A setting. No secret is one: a setting names its file or variable.
#[derive(Clone, Debug, Serialize)]
pub struct SettingView {
    /// Its key.
    pub key: String,
    /// The value that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The file, variable or option that it comes from; without one the default. `approved`: a looser value waits for a checker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The value of the configuration, if it waits for a checker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for_checker: Option<String>,
    /// The value of the configuration, if it needs a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_restart: Option<String>,
}

/// How far the delivery of an alert to a webhook is.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryView {
    /// The host of the webhook.
    pub webhook: String,
    /// The code of the state.
    pub state: &'static str,
    /// Requests for the present state of the alert.
    pub tries: u16,
    /// Why the last request failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When the receiver got the present state of the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
}

/// What happens now.
#[derive(Clone, Debug, Serialize)]
pub struct OverviewView {
    /// The version of the program.
    pub version: &'static str,
    /// The time here.
    pub now: String,
    /// Whether the adapter takes new work.
    pub is_draining: bool,
    /// Open transfers.
    pub open_outbound: usize,
    /// Open transfers.
    pub open_inbound: usize,
    /// Transfers that need a manual resolution.
    pub exceptions: usize,
    /// Restrictions in force.
    pub restrictions: usize,
    /// Proposals that wait for a checker.
    pub proposals: usize,
    /// Alerts that are open.
    pub alerts: usize,
    /// Links that carry requests, of all.
    pub links_up: usize,
    /// All links.
    pub links: usize,
    /// The number of the last act.
    pub acts: u64,
}

/// An act.
#[derive(Debug, Serialize)]
pub(super) struct ActView {
    act: u64,
    at: String,
    by: JsonValue,
    facts: JsonValue,
}

impl ActView {
    /// Reads an act of the record.
    pub(super) fn read(row: u64, text: &str) -> Result<Self, Problem> {
        let act: Act = serde_json::from_str(text).map_err(|_| Problem::internal())?;
        let by = act.by.as_ref().map_or_else(|| "titian".into(), |by| serde_json::json!(by));
        let mut facts = serde_json::json!(act.facts);
        hide_secrets(&mut facts);
        Ok(Self { act: row, at: iso_moment(act.at), by, facts })
    }
}

/// Returns the order that a path names.
pub(super) fn link_order(path: &str) -> Option<LinkOrder> {
    let code = path.replace('-', "_");
    LinkOrder::ALL.into_iter().find(|order| order.code() == code)
}

/// Returns the operators.
pub(super) fn operators(control: &Control) -> Vec<JsonValue> {
    let operators = control.people().operators();
    operators
        .map(|(person, operator)| {
            let state = match operator.access {
                Access::Invited(_) => "invited",
                Access::Enrolled(_) => "enrolled",
                Access::Disabled => "disabled",
            };
            serde_json::json!({
                "person": person.as_str(),
                "name": operator.name.reveal(),
                "role": operator.role.code(),
                "state": state,
            })
        })
        .collect()
}

/// Returns the tokens, without their hashes.
pub(super) fn tokens(control: &Control) -> Vec<JsonValue> {
    let tokens = control.people().tokens();
    tokens
        .map(|(id, token)| {
            serde_json::json!({
                "token": id.to_string(),
                "label": token.label.as_str(),
                "role": token.role.code(),
                "person": token.person.as_ref().map(crate::control::PersonId::as_str),
                "expires_at": iso_moment(token.expires_at),
            })
        })
        .collect()
}
