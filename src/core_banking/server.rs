//! The ledger as a core over HTTP, by `specs/core-banking.openapi.yaml`. It tests the client, and shows how a core replies.

use std::future::Future;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::error::CoreBankingError;
use super::ledger::{AccountLookup, Entries, Ledger, PostingOutcome};
use super::signature::{SIGNATURE, SignatureInput, SigningKey, TIMESTAMP};
use super::wire::{
    AccountBody, CancelBody, PostingBody, PostingState, Reason, RefusalBody, StateBody,
};
use crate::transfer::{CancelReply, Refusal};
use crate::values::{AccountNumber, Money, MoneyJson, TransferId, Value};

/// The maximum size of a request body, in bytes.
const BODY_MAX: usize = 16 * 1024;

struct ServerState {
    ledger: Ledger,
    key: Option<SigningKey>,
}

/// Serves a ledger until `stop` completes, then finishes the requests in flight. With a key, it refuses requests without a
/// valid signature. Unlike a bank's core, it does not check the age of a request.
pub async fn serve(
    listener: TcpListener,
    ledger: Ledger,
    key: Option<SigningKey>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let state = Arc::new(ServerState { ledger, key });
    let router = Router::new()
        .route("/postings/{id}", put(post).delete(cancel).get(posting_state))
        .route("/accounts/{number}", get(account))
        .layer(from_fn_with_state(Arc::clone(&state), check_signature))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(state);
    let listener = listener.tap_io(|stream| {
        // With Nagle's algorithm a response would wait for the acknowledgement of the previous one.
        let _slower = stream.set_nodelay(true);
    });
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
        tracing::error!(%error, "core server stopped");
    }
}

/// An HTTP error: the status and the text of the body.
struct ErrorReply(StatusCode, &'static str);

impl IntoResponse for ErrorReply {
    fn into_response(self) -> Response {
        (self.0, format!("{}\n", self.1)).into_response()
    }
}

const BAD_SIGNATURE: ErrorReply =
    ErrorReply(StatusCode::UNAUTHORIZED, "signature missing or invalid");
const TOO_LARGE: ErrorReply = ErrorReply(StatusCode::PAYLOAD_TOO_LARGE, "request body too large");
const INVALID_ID: ErrorReply = ErrorReply(StatusCode::BAD_REQUEST, "path: the id must be a UUID");
const INVALID_POSTING: ErrorReply = ErrorReply(
    StatusCode::BAD_REQUEST,
    "body: must be a posting of the specification for the id of the path",
);
const OVERLOADED: ErrorReply = ErrorReply(
    StatusCode::SERVICE_UNAVAILABLE,
    "too many requests queued; repeat the request later",
);
const FAILED: ErrorReply = ErrorReply(StatusCode::INTERNAL_SERVER_ERROR, "ledger failed");

type Reply = Result<Response, ErrorReply>;

/// Refuses a request without a valid signature.
async fn check_signature(
    State(state): State<Arc<ServerState>>,
    request: Request,
    next: Next,
) -> Reply {
    let Some(key) = &state.key else { return Ok(next.run(request).await) };
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| TOO_LARGE)?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let header = |name| text(&parts.headers, name).ok_or(BAD_SIGNATURE);
    let (method, timestamp) = (parts.method.as_str(), header(TIMESTAMP)?);
    let input = SignatureInput { method, path, body: &body, timestamp };
    if !key.verifies(&input, header(SIGNATURE)?) {
        return Err(BAD_SIGNATURE);
    }
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

impl ServerState {
    /// Runs work on the ledger and waits until it is durable.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Entries<'_>) -> Result<T, CoreBankingError> + Send + 'static,
    ) -> Result<T, ErrorReply> {
        let (sender, result) = oneshot::channel();
        let release = move |done| {
            // The client may have disconnected.
            let _ = sender.send(done);
        };
        if !self.ledger.submit_work(work, release) {
            return Err(OVERLOADED);
        }
        result.await.map_err(|_| FAILED)
    }
}

fn parse_id(text: &str) -> Result<TransferId, ErrorReply> {
    TransferId::from_ascii(text.as_bytes()).ok_or(INVALID_ID)
}

fn reply_with(status: StatusCode, body: impl Serialize) -> Response {
    (status, Json(body)).into_response()
}

fn refusal_with(status: StatusCode, refusal: Refusal) -> Response {
    reply_with(status, RefusalBody { reason: Reason::Known(refusal) })
}

async fn post(State(state): State<Arc<ServerState>>, Path(id): Path<String>, body: Bytes) -> Reply {
    let id = parse_id(&id)?;
    let body: Option<PostingBody> = serde_json::from_slice(&body).ok();
    let posting = body.and_then(|body| body.posting(id)).ok_or(INVALID_POSTING)?;
    let (status, state) = match state.run(move |entries| entries.post(&posting)).await? {
        PostingOutcome::Posted => (StatusCode::CREATED, PostingState::Posted),
        PostingOutcome::AlreadyPosted => (StatusCode::OK, PostingState::Posted),
        PostingOutcome::Conflict(state) => (StatusCode::CONFLICT, state),
        PostingOutcome::Barred => (StatusCode::GONE, PostingState::Cancelled),
        PostingOutcome::Refused(refusal) => {
            return Ok(refusal_with(StatusCode::UNPROCESSABLE_ENTITY, refusal));
        }
    };
    Ok(reply_with(status, StateBody { id: Some(id), state }))
}

async fn cancel(State(state): State<Arc<ServerState>>, Path(id): Path<String>) -> Reply {
    let id = parse_id(&id)?;
    match state.run(move |entries| entries.cancel(id)).await? {
        CancelReply::Cancelled(was) => {
            Ok(reply_with(StatusCode::OK, CancelBody { id: Some(id), was }))
        }
        CancelReply::Refused => {
            Ok(refusal_with(StatusCode::UNPROCESSABLE_ENTITY, Refusal::InsufficientFunds))
        }
        CancelReply::Unknown => Err(FAILED),
    }
}

async fn posting_state(State(state): State<Arc<ServerState>>, Path(id): Path<String>) -> Reply {
    let id = parse_id(&id)?;
    Ok(match state.run(move |entries| entries.state(id)).await? {
        Some(state) => reply_with(StatusCode::OK, StateBody { id: Some(id), state }),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn account(State(state): State<Arc<ServerState>>, Path(number): Path<String>) -> Reply {
    let no_such_account = || refusal_with(StatusCode::NOT_FOUND, Refusal::NoSuchAccount);
    let Some(number) = AccountNumber::from_ascii(number.as_bytes()) else {
        return Ok(no_such_account());
    };
    Ok(match state.run(move |entries| entries.account(&number)).await? {
        AccountLookup::NotFound => no_such_account(),
        AccountLookup::Found { name, status, balance } => {
            let currency = Money(balance).letters();
            let balance = Some(MoneyJson::from(balance));
            reply_with(StatusCode::OK, AccountBody { name, status, currency, balance })
        }
    })
}
