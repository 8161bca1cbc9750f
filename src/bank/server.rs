//! The ledger as a core over HTTP: what `specs/core-banking.openapi.yaml` asks of a bank, to try the client against, and to see how
//! a core is to answer.

use std::future::Future;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State as Has};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::error::BankError;
use super::ledger::{Entries, Found, Ledger, Made};
use super::signature::{Claim, SIGNATURE, SigningKey, TIMESTAMP};
use super::wire::{
    AccountBody, CancelBody, MoneyBody, PostingBody, Reason, RefusalBody, State, StateBody,
};
use crate::transfer::{CancelAnswer, Refusal};
use crate::values::{AccountNumber, Money, TransferId, Value};

/// Bytes of a body.
const BODY_MAX: usize = 16 * 1024;

struct Desk {
    ledger: Ledger,
    key: Option<SigningKey>,
}

/// Serves a ledger until `stop` comes, and answers who has asked by then. With a key, requests that it doesn't sign are refused; how
/// old they are is not looked at, as a bank should.
pub async fn serve(
    listener: TcpListener,
    ledger: Ledger,
    key: Option<SigningKey>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let desk = Arc::new(Desk { ledger, key });
    let router = Router::new()
        .route("/postings/{id}", put(post).delete(cancel).get(state))
        .route("/accounts/{number}", get(account))
        .layer(from_fn_with_state(Arc::clone(&desk), admit))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(desk);
    let listener = listener.tap_io(|stream| {
        // Without it an answer waits for the acknowledgement of the one before.
        let _slower = stream.set_nodelay(true);
    });
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
        tracing::error!(%error, "the core has ended");
    }
}

/// Why nothing can be said.
struct Fault(StatusCode, &'static str);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.0, format!("{}\n", self.1)).into_response()
    }
}

const UNSIGNED: Fault = Fault(StatusCode::UNAUTHORIZED, "the request is not signed with our key");
const TOO_LARGE: Fault = Fault(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
const NO_ID: Fault = Fault(StatusCode::BAD_REQUEST, "the path has no id that is a UUID");
const NO_POSTING: Fault =
    Fault(StatusCode::BAD_REQUEST, "the body is no posting of the specification under this id");
const BUSY: Fault = Fault(StatusCode::SERVICE_UNAVAILABLE, "too much waits");
const FAILED: Fault = Fault(StatusCode::INTERNAL_SERVER_ERROR, "the ledger has failed");

type Reply = Result<Response, Fault>;

/// Lets a request through that is signed.
async fn admit(Has(desk): Has<Arc<Desk>>, request: Request, next: Next) -> Reply {
    let Some(key) = &desk.key else { return Ok(next.run(request).await) };
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| TOO_LARGE)?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let header = |name| text(&parts.headers, name).ok_or(UNSIGNED);
    let (method, timestamp) = (parts.method.as_str(), header(TIMESTAMP)?);
    let claim = Claim { method, path, body: &body, timestamp };
    if !key.verifies(&claim, header(SIGNATURE)?) {
        return Err(UNSIGNED);
    }
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

impl Desk {
    /// Has the ledger do something, and waits until that is durable.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Entries<'_>) -> Result<T, BankError> + Send + 'static,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let release = move |done| {
            // Whoever asked may have gone.
            let _ = reply.send(done);
        };
        if !self.ledger.submit(work, release) {
            return Err(BUSY);
        }
        answer.await.map_err(|_| FAILED)
    }
}

fn id_of(text: &str) -> Result<TransferId, Fault> {
    TransferId::from_ascii(text.as_bytes()).ok_or(NO_ID)
}

fn say(status: StatusCode, body: impl Serialize) -> Response {
    (status, Json(body)).into_response()
}

fn refuse(status: StatusCode, refusal: Refusal) -> Response {
    say(status, RefusalBody { reason: Reason::Known(refusal) })
}

async fn post(Has(desk): Has<Arc<Desk>>, Path(id): Path<String>, body: Bytes) -> Reply {
    let id = id_of(&id)?;
    let body: Option<PostingBody> = serde_json::from_slice(&body).ok();
    let posting = body.and_then(|body| body.posting()).filter(|posting| posting.id == id);
    let posting = posting.ok_or(NO_POSTING)?;
    let (status, state) = match desk.ask(move |entries| entries.post(&posting)).await? {
        Made::Now => (StatusCode::CREATED, State::Posted),
        Made::Before => (StatusCode::OK, State::Posted),
        Made::Conflict(state) => (StatusCode::CONFLICT, state),
        Made::Barred => (StatusCode::GONE, State::Cancelled),
        Made::Refused(refusal) => {
            return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, refusal));
        }
    };
    Ok(say(status, StateBody { transfer_id: Some(id), state }))
}

async fn cancel(Has(desk): Has<Arc<Desk>>, Path(id): Path<String>) -> Reply {
    let id = id_of(&id)?;
    match desk.ask(move |entries| entries.cancel(id)).await? {
        CancelAnswer::Was(was) => {
            Ok(say(StatusCode::OK, CancelBody { transfer_id: Some(id), was }))
        }
        CancelAnswer::Refused => {
            Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, Refusal::InsufficientFunds))
        }
        CancelAnswer::None => Err(FAILED),
    }
}

async fn state(Has(desk): Has<Arc<Desk>>, Path(id): Path<String>) -> Reply {
    let id = id_of(&id)?;
    Ok(match desk.ask(move |entries| entries.state(id)).await? {
        Some(state) => say(StatusCode::OK, StateBody { transfer_id: Some(id), state }),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn account(Has(desk): Has<Arc<Desk>>, Path(number): Path<String>) -> Reply {
    let nobody = || refuse(StatusCode::NOT_FOUND, Refusal::NoSuchAccount);
    let Some(number) = AccountNumber::from_ascii(number.as_bytes()) else { return Ok(nobody()) };
    Ok(match desk.ask(move |entries| entries.account(&number)).await? {
        Found::Nothing => nobody(),
        Found::Account { name, status, balance } => {
            let currency = Money(balance).letters();
            let balance = Some(MoneyBody::from(balance));
            say(StatusCode::OK, AccountBody { name, status, currency, balance })
        }
    })
}
