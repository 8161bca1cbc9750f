//! Restrictions: what is closed or limited, and closing.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::json_body::JsonBody;
use super::operations::{Shared, created};
use super::port::AdminPort;
use super::problem::Problem;
use super::signed::Signed;
use crate::control::{Command, Draft, Limits, Mode, Restriction, RestrictionId, Scope};
use crate::values::{AccountNumber, Amount, Moment, MoneyJson, Value, iso_moment, moment_from_iso};

/// A restriction as a person sends it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RestrictionBody {
    #[serde(default)]
    scope: Scope,
    mode: ModeBody,
    reason: Box<str>,
    public_text: Option<Box<str>>,
    /// ISO 8601 with an offset.
    until: Option<String>,
    /// The restriction that it replaces.
    replaces: Option<u64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
enum ModeBody {
    #[serde(rename = "closed")]
    Closed,
    #[serde(rename = "limited")]
    Limited(LimitsBody),
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LimitsBody {
    /// In the format of SNAP.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_max: Option<MoneyJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_minute: Option<u32>,
    /// Account numbers. The record has keyed hashes of them only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pilot: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
}

impl RestrictionBody {
    /// Returns the restriction that it replaces, and the draft.
    pub(super) fn draft<P: AdminPort>(
        self,
        port: &P,
    ) -> Result<(Option<RestrictionId>, Draft), Problem> {
        let Self { scope, mode, reason, public_text, until, replaces } = self;
        let mode = match mode {
            ModeBody::Closed => Mode::Closed,
            ModeBody::Limited(limits) => Mode::Limited(limits.read(port)?),
        };
        let until = until.as_deref().map(read_moment).transpose()?;
        Ok((replaces.map(RestrictionId), Draft { scope, mode, reason, public_text, until }))
    }
}

fn read_moment(text: &str) -> Result<Moment, Problem> {
    moment_from_iso(text).ok_or_else(|| {
        Problem::invalid(
            "until: must be a time of ISO 8601 with an offset, such as 2026-11-28T23:00:00+07:00",
        )
    })
}

impl LimitsBody {
    fn read<P: AdminPort>(self, port: &P) -> Result<Limits, Problem> {
        let amount = |money: MoneyJson| {
            money.amount().ok_or_else(|| {
                Problem::invalid("amount_max: must be an amount such as {\"value\":\"1000000.00\",\"currency\":\"IDR\"}")
            })
        };
        let account = |(place, text): (usize, String)| {
            let account = AccountNumber::from_ascii(text.as_bytes());
            let account = account.map(|account| port.account_key(&account));
            account.ok_or_else(|| {
                Problem::invalid(format!("pilot[{place}]: is not an account number"))
            })
        };
        let pilot = self.pilot.into_iter().enumerate().map(account);
        let pilot = pilot.collect::<Result<BTreeSet<_>, _>>()?;
        Ok(Limits {
            amount_max: self.amount_max.map(amount).transpose()?,
            per_minute: self.per_minute,
            pilot: (!pilot.is_empty()).then_some(pilot),
            percent: self.percent,
        })
    }
}

/// A restriction as a person sees it.
#[derive(Serialize)]
pub(super) struct RestrictionView {
    id: u64,
    scope: Scope,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsView>,
    reason: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_text: Option<Box<str>>,
    set_by: Box<str>,
    set_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

#[derive(Serialize)]
struct LimitsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_max: Option<MoneyJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_minute: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pilot_accounts: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
}

impl RestrictionView {
    pub(super) fn of(id: RestrictionId, restriction: &Restriction) -> Self {
        let limits = match &restriction.mode {
            Mode::Closed => None,
            Mode::Limited(Limits { amount_max, per_minute, pilot, percent }) => Some(LimitsView {
                amount_max: amount_max.map(|amount: Amount| MoneyJson::from(amount)),
                per_minute: *per_minute,
                pilot_accounts: pilot.as_ref().map(BTreeSet::len),
                percent: *percent,
            }),
        };
        Self {
            id: id.0,
            scope: restriction.scope.clone(),
            mode: restriction.mode.code(),
            limits,
            reason: restriction.reason.clone(),
            public_text: restriction.public_text.clone(),
            set_by: restriction.set_by.as_str().into(),
            set_at: iso_moment(restriction.set_at),
            until: restriction.until.map(iso_moment),
        }
    }
}

pub(super) async fn list<P: AdminPort>(State(shared): Shared<P>, _: Signed) -> impl IntoResponse {
    let (control, now) = (shared.port.control(), shared.port.now());
    let restrictions = control.restrictions().iter();
    let views: Vec<_> = restrictions
        .filter(|(_, restriction)| restriction.is_in_force(now))
        .map(|(id, restriction)| RestrictionView::of(id, restriction))
        .collect();
    Json(json!({ "restrictions": views }))
}

/// Closes or limits a scope, or tightens a restriction. One person may do that alone.
pub(super) async fn set<P: AdminPort>(
    State(shared): Shared<P>,
    signed: Signed,
    headers: HeaderMap,
    JsonBody(body): JsonBody<RestrictionBody>,
) -> Result<impl IntoResponse, Problem> {
    let (replaces, draft) = body.draft(&shared.port)?;
    shared.act(signed, &headers, Command::Restrict { replaces, draft }).await.map(created)
}

/// The services, and the restrictions that cover each of them as a whole.
pub(super) async fn services<P: AdminPort>(
    State(shared): Shared<P>,
    _: Signed,
) -> impl IntoResponse {
    let (control, now) = (shared.port.control(), shared.port.now());
    let services: Vec<_> = control
        .names()
        .services
        .iter()
        .map(|service| {
            let covers =
                |scope: &Scope| scope.service.as_ref().is_none_or(|name| *name == service.name);
            let restricted_by: Vec<_> = control
                .restrictions()
                .iter()
                .filter(|(_, restriction)| {
                    restriction.is_in_force(now) && covers(&restriction.scope)
                })
                .map(|(id, _)| id.0)
                .collect();
            json!({ "service": service.name.as_str(), "restricted_by": restricted_by })
        })
        .collect();
    let names = control.names();
    let text = |names: &[crate::values::Reference]| -> Vec<String> {
        names.iter().map(|name| name.as_str().to_owned()).collect()
    };
    Json(json!({
        "services": services,
        "networks": text(&names.networks),
        "partners": text(&names.partners),
        "links": text(&names.links),
    }))
}
