//! The operator's HTTP: what the switch shows, and what can be done to it. Every answer is JSON but the settlement file's.

use std::fmt;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Document, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::desk::{Desk, Job};
use super::files::Files;
use super::lines::LinesView;
use crate::switch::{Faults, Refused, Snapshot, Switch};
use crate::values::{Date, Institution, Moment, Rrn, Value};

/// The way to the desk.
#[derive(Clone)]
struct Counter(mpsc::Sender<Job>);

/// What can't be done, and why.
struct Refusal(StatusCode, String);

type Reply<T = Json<Document>> = Result<T, Refusal>;

/// Serves until the task is ended.
pub(super) async fn serve(listener: TcpListener, jobs: mpsc::Sender<Job>) {
    let unknown = async || Refusal(StatusCode::NOT_FOUND, format!("there are {ROUTES}"));
    let method = async || Refusal(StatusCode::METHOD_NOT_ALLOWED, format!("there are {ROUTES}"));
    let routes = Router::new()
        .route("/state", get(state))
        .route("/faults", put(faults))
        .route("/cutover", post(cut_over))
        .route("/inbound", post(inbound))
        .route("/phantom", post(phantom))
        .route("/traffic", put(traffic).delete(no_traffic))
        .route("/settlement/{file}", get(settlement))
        .fallback(unknown)
        .method_not_allowed_fallback(method)
        .with_state(Counter(jobs));
    if let Err(error) = axum::serve(listener, routes).await {
        tracing::error!(%error, "the admin interface has ended");
    }
}

const ROUTES: &str = "GET /state, PUT /faults, POST /cutover, POST /inbound, POST /phantom, \
    PUT and DELETE /traffic, GET /settlement/DATE.csv";

impl Counter {
    /// Has the desk do something, and waits for what it says.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk, Moment) -> T + Send + 'static,
    ) -> Reply<T> {
        let stopped = || Refusal(StatusCode::SERVICE_UNAVAILABLE, "the switch stops".to_owned());
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |desk, now| {
            // Whoever asked may have gone.
            let _ = reply.send(work(desk, now));
        });
        self.0.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }
}

/// Which transfers are shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    first: u64,
    #[serde(default = "Page::usual")]
    page: usize,
}

impl Page {
    const fn usual() -> usize {
        Switch::PAGE_MAX
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    switch: Snapshot,
    lines: LinesView,
}

async fn state(
    State(counter): State<Counter>,
    page: Result<Query<Page>, QueryRejection>,
) -> Reply<Json<Shown>> {
    let Query(Page { first, page }) = page.map_err(|error| bad(error.body_text()))?;
    let shown = counter.ask(move |desk, _| Shown {
        switch: desk.brain.snapshot(first, page),
        lines: desk.lines(),
    });
    shown.await.map(Json)
}

async fn faults(State(counter): State<Counter>, body: Bytes) -> Reply {
    let faults = Faults::from_json(&body).map_err(bad)?;
    let rules = faults.tallies().count();
    counter.ask(move |desk, _| desk.brain.set_faults(faults)).await?;
    Ok(Json(json!({ "rules": rules })))
}

async fn cut_over(State(counter): State<Counter>) -> Reply {
    let date = counter.ask(|desk, now| desk.brain.cut_over(now)).await?;
    // The desk has left the files by the time that it takes the next wish.
    let written = counter.ask(|desk, _| desk.settlement.as_ref().map(Files::written)).await?;
    if let Some(written) = written {
        // An error says that nobody will tell: the writer has said why.
        let _ = written.await;
    }
    Ok(Json(json!({ "business_date": date.to_string() })))
}

async fn inbound(State(counter): State<Counter>, body: Bytes) -> Reply {
    let done = counter.ask(move |desk, now| {
        let order = desk.brain.read_order(&body).map_err(bad)?;
        desk.brain.order(order, now).map_err(conflict)
    });
    done.await?.map(numbered)
}

async fn phantom(State(counter): State<Counter>, body: Bytes) -> Reply {
    let done = counter.ask(move |desk, now| {
        let phantom = desk.brain.read_phantom(&body).map_err(bad)?;
        desk.brain.phantom(phantom, now).map_err(conflict)
    });
    done.await?.map(numbered)
}

async fn traffic(State(counter): State<Counter>, body: Bytes) -> Reply {
    let done = counter.ask(move |desk, now| {
        let traffic = desk.brain.read_traffic(&body).map_err(bad)?;
        let per_second = traffic.per_second.get();
        desk.brain.set_traffic(Some(traffic), now);
        Ok(Json(json!({ "per_second": per_second })))
    });
    done.await?
}

async fn no_traffic(State(counter): State<Counter>) -> Reply {
    counter.ask(|desk, now| desk.brain.set_traffic(None, now)).await?;
    Ok(Json(json!({ "per_second": 0 })))
}

/// Whose settlement file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    bank: Option<String>,
}

async fn settlement(
    State(counter): State<Counter>,
    Path(file): Path<String>,
    whose: Result<Query<Whose>, QueryRejection>,
) -> Reply<Response> {
    let date = file.strip_suffix(".csv").and_then(|date| Date::from_ascii(date.as_bytes()));
    let date = date.ok_or_else(|| bad("it takes /settlement/YYYY-MM-DD.csv"))?;
    let Query(Whose { bank }) = whose.map_err(|error| bad(error.body_text()))?;
    let file = counter.ask(move |desk, _| settlement_of(&desk.brain, date, bank.as_deref()));
    let file = file.await??;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], file).into_response())
}

fn settlement_of(brain: &Switch, date: Date, bank: Option<&str>) -> Reply<String> {
    let own: Vec<_> = brain.ever_connected().collect();
    let member = match (bank, own.as_slice()) {
        (Some(code), _) => {
            let missing = || bad(format!("bank: {} is no member", shown(code)));
            brain.member(code).ok_or_else(missing)?
        }
        (None, [(only, _)]) => *only,
        (None, []) => return Err(bad("bank: whose file? none has connected")),
        (None, several) => {
            let codes: Vec<_> = several.iter().map(|(_, code)| code.to_string()).collect();
            return Err(bad(format!("bank: whose file? connected were: {}", codes.join(", "))));
        }
    };
    let gone = || {
        let line = format!("the transfers of {date} are not there: they are kept for two dates");
        Refusal(StatusCode::NOT_FOUND, line)
    };
    brain.settlement(date, member).ok_or_else(gone)
}

/// A bank's code, if it looks like one.
fn shown(code: &str) -> String {
    Institution::from_ascii(code.as_bytes()).map_or_else(|| "this".to_owned(), |it| it.to_string())
}

fn numbered(rrn: Rrn) -> Json<Document> {
    Json(json!({ "rrn": rrn.to_string() }))
}

fn bad(why: impl fmt::Display) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, why.to_string())
}

fn conflict(why: Refused) -> Refusal {
    Refusal(StatusCode::CONFLICT, why.to_string())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}
