//! The admin interface over HTTP. Every response is JSON, except settlement files.

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

use super::connections::ConnectionsView;
use super::model_task::{AdminJob, ModelTask};
use super::settlement_files::SettlementFiles;
use crate::simulator::{CommandError, FaultRules, Snapshot, Switch};
use crate::values::{Date, Institution, Moment, Rrn, Value};

/// The queue of jobs for the model task.
#[derive(Clone)]
struct ModelHandle(mpsc::Sender<AdminJob>);

/// An error response: its status and its message.
struct ErrorResponse(StatusCode, String);

type Reply<T = Json<Document>> = Result<T, ErrorResponse>;

/// Serves the admin interface until the task is aborted.
pub(super) async fn serve(listener: TcpListener, jobs: mpsc::Sender<AdminJob>) {
    let not_found = async || {
        ErrorResponse(StatusCode::NOT_FOUND, format!("unknown route; the routes are {ROUTES}"))
    };
    let bad_method = async || {
        let text = format!("method not allowed; the routes are {ROUTES}");
        ErrorResponse(StatusCode::METHOD_NOT_ALLOWED, text)
    };
    let routes = Router::new()
        .route("/state", get(state))
        .route("/faults", put(set_fault_rules))
        .route("/cutover", post(cut_over))
        .route("/inbound", post(send_inbound))
        .route("/phantom", post(settle_phantom))
        .route("/traffic", put(start_traffic).delete(stop_traffic))
        .route("/settlement/{file}", get(settlement_file))
        .fallback(not_found)
        .method_not_allowed_fallback(bad_method)
        .with_state(ModelHandle(jobs));
    if let Err(error) = axum::serve(listener, routes).await {
        tracing::error!(%error, "admin interface failed");
    }
}

const ROUTES: &str = "GET /state, PUT /faults, POST /cutover, POST /inbound, POST /phantom, \
    PUT and DELETE /traffic, GET /settlement/DATE.csv";

impl ModelHandle {
    /// Runs a job on the model task, and waits for its result.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut ModelTask, Moment) -> T + Send + 'static,
    ) -> Reply<T> {
        let stopping =
            || ErrorResponse(StatusCode::SERVICE_UNAVAILABLE, "the switch is stopping".to_owned());
        let (sender, result) = oneshot::channel();
        let job: AdminJob = Box::new(move |model_task, now| {
            // The receiver may be gone: its HTTP client has disconnected.
            let _ = sender.send(work(model_task, now));
        });
        self.0.send(job).await.map_err(|_| stopping())?;
        result.await.map_err(|_| stopping())
    }
}

/// The page of transfers to return.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    first: u64,
    #[serde(default = "Page::default_size")]
    page: usize,
}

impl Page {
    const fn default_size() -> usize {
        Switch::PAGE_MAX
    }
}

#[derive(Serialize)]
struct StateView {
    #[serde(flatten)]
    switch: Snapshot,
    connections: ConnectionsView,
}

async fn state(
    State(handle): State<ModelHandle>,
    page: Result<Query<Page>, QueryRejection>,
) -> Reply<Json<StateView>> {
    let Query(Page { first, page }) = page.map_err(|error| bad_request(error.body_text()))?;
    let view = handle.run(move |task, _| StateView {
        switch: task.model.snapshot(first, page),
        connections: task.connections(),
    });
    view.await.map(Json)
}

async fn set_fault_rules(State(handle): State<ModelHandle>, body: Bytes) -> Reply {
    let rules = FaultRules::from_json(&body).map_err(bad_request)?;
    let count = rules.views().count();
    handle.run(move |task, _| task.model.set_fault_rules(rules)).await?;
    Ok(Json(json!({ "rules": count })))
}

async fn cut_over(State(handle): State<ModelHandle>, body: Bytes) -> Reply {
    if let Some(date) = Switch::read_announced_date(&body).map_err(bad_request)? {
        let announced = handle.run(move |task, now| task.model.announce_date(date, now));
        announced.await?.map_err(conflict)?;
        return Ok(Json(json!({ "announced": date.to_string() })));
    }
    let date = handle.run(|task, now| task.model.cut_over(now)).await?;
    // The model task has queued the files before it runs the next job.
    let written =
        handle.run(|task, _| task.settlement_files.as_ref().map(SettlementFiles::written)).await?;
    if let Some(written) = written {
        // An error means that the queue was full or the writer is gone; the writer's log has the reason.
        let _ = written.await;
    }
    Ok(Json(json!({ "business_date": date.to_string() })))
}

async fn send_inbound(State(handle): State<ModelHandle>, body: Bytes) -> Reply {
    let sent = handle.run(move |task, now| {
        let command = task.model.read_inbound_command(&body).map_err(bad_request)?;
        task.model.send_inbound(command, now).map_err(conflict)
    });
    sent.await?.map(with_rrn)
}

async fn settle_phantom(State(handle): State<ModelHandle>, body: Bytes) -> Reply {
    let settled = handle.run(move |task, now| {
        let phantom = task.model.read_phantom(&body).map_err(bad_request)?;
        task.model.settle_phantom(phantom, now).map_err(conflict)
    });
    settled.await?.map(with_rrn)
}

async fn start_traffic(State(handle): State<ModelHandle>, body: Bytes) -> Reply {
    let started = handle.run(move |task, now| {
        let traffic = task.model.read_traffic(&body).map_err(bad_request)?;
        let per_second = traffic.per_second.get();
        task.model.set_traffic(Some(traffic), now);
        Ok(Json(json!({ "per_second": per_second })))
    });
    started.await?
}

async fn stop_traffic(State(handle): State<ModelHandle>) -> Reply {
    handle.run(|task, now| task.model.set_traffic(None, now)).await?;
    Ok(Json(json!({ "per_second": 0 })))
}

/// The bank whose settlement file is requested.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BankQuery {
    bank: Option<String>,
}

async fn settlement_file(
    State(handle): State<ModelHandle>,
    Path(file): Path<String>,
    query: Result<Query<BankQuery>, QueryRejection>,
) -> Reply<Response> {
    let date = file.strip_suffix(".csv").and_then(|date| Date::from_ascii(date.as_bytes()));
    let date =
        date.ok_or_else(|| bad_request("the name of a settlement file is YYYY-MM-DD.csv, a date"))?;
    let Query(BankQuery { bank }) = query.map_err(|error| bad_request(error.body_text()))?;
    let file = handle.run(move |task, _| settlement_file_of(&task.model, date, bank.as_deref()));
    let file = file.await??;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], file).into_response())
}

fn settlement_file_of(model: &Switch, date: Date, bank: Option<&str>) -> Reply<String> {
    let connected: Vec<_> = model.ever_connected().collect();
    let member = match (bank, connected.as_slice()) {
        (Some(code), _) => {
            let unknown =
                || bad_request(format!("bank: {} is not a member bank", displayed_code(code)));
            model.member(code).ok_or_else(unknown)?
        }
        (None, [(only, _)]) => *only,
        (None, []) => {
            return Err(bad_request("bank: missing; no bank has connected yet: add ?bank=CODE"));
        }
        (None, several) => {
            let codes: Vec<_> = several.iter().map(|(_, code)| code.to_string()).collect();
            let codes = codes.join(", ");
            return Err(bad_request(format!(
                "bank: missing; several banks have connected: add ?bank= with one of {codes}"
            )));
        }
    };
    let not_kept = || {
        let text = format!(
            "no settlement file of {date}: the switch keeps the current business date and the one before"
        );
        ErrorResponse(StatusCode::NOT_FOUND, text)
    };
    model.settlement_file(date, member).ok_or_else(not_kept)
}

/// Returns the code of a bank if it has the form of one. Other text is not repeated, since it may be anything.
fn displayed_code(code: &str) -> String {
    let code = Institution::from_ascii(code.as_bytes());
    code.map_or_else(|| "this code".to_owned(), |code| code.to_string())
}

fn with_rrn(rrn: Rrn) -> Json<Document> {
    Json(json!({ "rrn": rrn.to_string() }))
}

fn bad_request(error: impl fmt::Display) -> ErrorResponse {
    ErrorResponse(StatusCode::BAD_REQUEST, error.to_string())
}

fn conflict(error: CommandError) -> ErrorResponse {
    ErrorResponse(StatusCode::CONFLICT, error.to_string())
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}
