//! Operations: what an operator sees, and what it does. Every change is an act in the record.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, response};
use serde::Serialize;
use serde_json::json;

use super::port::{AdminPort, LinkOrdered, Unavailable};
use super::problem::Problem;
use super::readers::Readers;
use super::signed::{Signed, Via};
use super::views::{self, ActView};
use crate::codes::{act_refusal, problem};
use crate::control::{ActDone, ActRefusal, ActRequest, Command};
use crate::values::{Reference, TransferId, Value};

/// The OpenAPI document of the admin API.
const OPENAPI: &str = include_str!("../../specs/admin.openapi.json");

/// The longest `Idempotency-Key`, in characters.
const REQUEST_KEY_MAX: usize = 64;

/// The most entries of a page.
const PAGE_MAX: u64 = 1000;

/// What the handlers share.
pub(super) struct Operations<P> {
    pub(super) port: P,
    pub(super) readers: Readers,
}

pub(super) type Shared<P> = State<Arc<Operations<P>>>;

/// An act that was done.
#[derive(Serialize)]
pub(super) struct DoneBody {
    /// The number of the act. What it made has this number too.
    #[serde(rename = "act")]
    act: u64,
    /// Whether an earlier request with the same `Idempotency-Key` did it.
    #[serde(rename = "was_done_before")]
    pub(super) was_done_before: bool,
}

impl DoneBody {
    const fn of(done: ActDone) -> Self {
        Self { act: done.row, was_done_before: done.was_done }
    }
}

impl<P: AdminPort> Operations<P> {
    pub(super) fn new(port: P) -> Self {
        Self { port, readers: Readers::default() }
    }

    /// Gives a command in the name of a person, and waits until its act is durable.
    pub(super) async fn act(
        &self,
        signed: Signed,
        headers: &HeaderMap,
        command: Command,
    ) -> Result<DoneBody, Problem> {
        let request = self.request(signed, headers, command)?;
        let done = self.port.act(request).await.map_err(unavailable)?;
        Ok(DoneBody::of(done.map_err(|why| refused(&why))?))
    }

    fn request(
        &self,
        signed: Signed,
        headers: &HeaderMap,
        command: Command,
    ) -> Result<ActRequest, Problem> {
        let via = match signed.via {
            Via::Session(label) => label,
            Via::Token(id) => id.to_string(),
        };
        Ok(ActRequest {
            id: self.port.next_id(),
            command,
            actor: signed.actor,
            from: signed.from.to_string().into(),
            via: via.into(),
            request: request_key(headers)?,
        })
    }
}

/// Returns the key of a request (`Idempotency-Key`), if it has one.
fn request_key(headers: &HeaderMap) -> Result<Option<Box<str>>, Problem> {
    let mut sent = headers.get_all("idempotency-key").iter();
    let Some(value) = sent.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| {
        (1..=REQUEST_KEY_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    });
    match (text, sent.next()) {
        (Some(text), None) => Ok(Some(text.into())),
        (None, _) | (_, Some(_)) => Err(Problem::invalid(
            "Idempotency-Key: send one, of 1 to 64 printable characters without blanks",
        )),
    }
}

/// Returns the problem of a refused command.
fn refused(refusal: &ActRefusal) -> Problem {
    let code = refusal.code();
    let (status, title) = match code {
        act_refusal::ROLE
        | act_refusal::SAME_PERSON
        | act_refusal::OTHER_PERSON
        | act_refusal::NEEDS_PROPOSAL
        | act_refusal::CODE_NEEDED => (StatusCode::FORBIDDEN, "Not allowed"),
        act_refusal::NOT_FOUND => (StatusCode::NOT_FOUND, "Not found"),
        act_refusal::INVALID | act_refusal::UNKNOWN_NAME => {
            (StatusCode::UNPROCESSABLE_ENTITY, "Invalid value")
        }
        act_refusal::NOT_NOW => (StatusCode::SERVICE_UNAVAILABLE, "Not now"),
        _ => (StatusCode::CONFLICT, "Conflict"),
    };
    Problem::new(code, status, title, refusal.to_string())
}

pub(super) fn unavailable(_: Unavailable) -> Problem {
    refused(&ActRefusal::NotNow)
}

/// Reads the number in a path.
pub(super) fn number(text: &str, what: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("{what} {text:?} does not exist")))
}

pub(super) async fn overview<P: AdminPort>(
    State(shared): Shared<P>,
    _: Signed,
) -> Result<impl IntoResponse, Problem> {
    shared.port.overview().await.map(Json).map_err(unavailable)
}

pub(super) async fn exceptions<P: AdminPort>(
    State(shared): Shared<P>,
    _: Signed,
) -> Result<impl IntoResponse, Problem> {
    let exceptions = shared.port.exceptions().await.map_err(unavailable)?;
    Ok(Json(json!({ "exceptions": exceptions })))
}

pub(super) async fn transfer<P: AdminPort>(
    State(shared): Shared<P>,
    Path(text): Path<String>,
    _: Signed,
) -> Result<impl IntoResponse, Problem> {
    let id = transfer_id(&text)?;
    let found = shared.port.transfer(id).await.map_err(unavailable)?;
    found.map(Json).ok_or_else(|| Problem::not_found(format!("transfer {id} does not exist")))
}

fn transfer_id(text: &str) -> Result<TransferId, Problem> {
    let id = TransferId::from_ascii(text.as_bytes());
    id.ok_or_else(|| Problem::not_found(format!("transfer {text:?} does not exist")))
}

pub(super) async fn retry<P: AdminPort>(
    State(shared): Shared<P>,
    Path(text): Path<String>,
    signed: Signed,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let transfer = transfer_id(&text)?;
    shared.act(signed, &headers, Command::Retry { transfer }).await.map(Json)
}

pub(super) async fn links<P: AdminPort>(State(shared): Shared<P>, _: Signed) -> impl IntoResponse {
    Json(json!({ "links": shared.port.links() }))
}

/// Orders are part of the path: `sign-on`, `sign-off`, `drain`, `echo`.
pub(super) async fn order_link<P: AdminPort>(
    State(shared): Shared<P>,
    Path((name, order)): Path<(String, String)>,
    signed: Signed,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let link = Reference::from_ascii(name.as_bytes());
    let link = link.ok_or_else(|| Problem::not_found(format!("link {name:?} does not exist")))?;
    let order = views::link_order(&order).ok_or_else(|| {
        Problem::not_found(format!("{order:?} is not sign-on, sign-off, drain or echo"))
    })?;
    let request = shared.request(signed, &headers, Command::OrderLink { link, order })?;
    let ordered = shared.port.order_link(request).await.map_err(unavailable)?;
    let LinkOrdered { done, outcome } = ordered.map_err(|why| refused(&why))?;
    let round_trip_ms = match outcome {
        None | Some(Ok(None)) => None,
        Some(Ok(Some(time))) => Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        Some(Err(reason)) => {
            let title = "Order not carried out";
            let detail = format!("{name}: {reason}; the order is on record as act {}", done.row);
            return Err(Problem::new(
                problem::NOT_CARRIED_OUT,
                StatusCode::CONFLICT,
                title,
                detail,
            ));
        }
    };
    Ok(Json(OrderedBody { done: DoneBody::of(done), round_trip_ms }))
}

/// An order of a link that was carried out.
#[derive(Serialize)]
struct OrderedBody {
    #[serde(flatten)]
    done: DoneBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_ms: Option<u64>,
}

pub(super) async fn settings<P: AdminPort>(
    State(shared): Shared<P>,
    _: Signed,
) -> impl IntoResponse {
    let control = shared.port.control();
    let proposal = control.open_settings_proposal().map(|(id, _)| id.0);
    Json(json!({ "settings": &*shared.port.settings(), "proposal": proposal }))
}

pub(super) async fn operators<P: AdminPort>(
    State(shared): Shared<P>,
    _: Signed,
) -> impl IntoResponse {
    let control = shared.port.control();
    Json(json!({
        "operators": views::operators(&control),
        "tokens": views::tokens(&control),
    }))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActsQuery {
    #[serde(default)]
    after: u64,
    limit: Option<u64>,
}

pub(super) async fn acts<P: AdminPort>(
    State(shared): Shared<P>,
    query: Result<axum::extract::Query<ActsQuery>, axum::extract::rejection::QueryRejection>,
    _: Signed,
) -> Result<impl IntoResponse, Problem> {
    let query = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = page_limit(query.limit)?;
    let acts = shared.port.acts_after(query.after, limit).await.map_err(unavailable)?;
    let next = acts.last().map(|(row, _)| *row);
    let acts =
        acts.iter().map(|(row, text)| ActView::read(*row, text)).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(json!({ "acts": acts, "next": next })))
}

/// Returns how many entries a page has: 100, if the person does not say.
pub(super) fn page_limit(limit: Option<u64>) -> Result<u64, Problem> {
    let limit = limit.unwrap_or(100);
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::invalid(format!("limit: must be from 1 to {PAGE_MAX} (got {limit})")))
}

pub(super) async fn openapi(_: Signed) -> Response {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// A body of another status than 200.
pub(super) fn created(body: impl Serialize) -> impl IntoResponse {
    (StatusCode::CREATED, response::Json(body))
}
