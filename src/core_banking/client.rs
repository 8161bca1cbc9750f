//! The client of a bank's core over HTTP: persistent connections, each with one request at a time.
//!
//! The number of connections bounds the requests in flight. A request is written at most once. If its connection ends
//! before the reply, the outcome is unknown, and the caller repeats the command. A new connection takes over a request
//! only if certainly no byte of it was written.

mod call;
mod connection;
mod reply;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::command::{CoreCommand, CoreReply};
use super::meter::{Meter, Operation, RequestResult};
use super::replies::ReplySender;
use super::settings::Http;
use super::signature::{SIGNATURE, SignatureInput, TIMESTAMP};
use crate::clock::Clock;
use call::Call;
use connection::CoreConnection;
use reply::read_reply;

/// The maximum size of a reply's body, in bytes.
const BODY_MAX: usize = 16 * 1024;

/// A command that waits for a connection.
pub(super) struct QueuedCommand {
    pub(super) command: CoreCommand,
    pub(super) since: Instant,
}

/// The reason of a missing reply.
#[derive(Debug)]
enum NoReply {
    Connect(std::io::Error),
    Broken(hyper::Error),
    Body(axum::Error),
    Timeout(Duration),
    /// The request can't be built: a bug in this program.
    Build(axum::http::Error),
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "connect failed: {error}"),
            Self::Broken(error) => write!(f, "connection broken: {error}"),
            Self::Body(error) => write!(f, "reply body incomplete or too long: {error}"),
            Self::Timeout(time) => write!(f, "no reply within {time:?}"),
            Self::Build(error) => write!(f, "request can't be built: {error}"),
        }
    }
}

/// Starts the connections. They end when all senders are gone and every command has its reply.
pub(super) fn start(
    core: Http,
    clock: Clock,
    queue: Receiver<QueuedCommand>,
    replies: &ReplySender,
    meter: &Meter,
) -> CoreInUse {
    let connections = core.connections;
    let core = CoreInUse(Arc::new(RwLock::new(Arc::new(core))));
    let in_use = core.clone();
    let client = Arc::new(Client { core, clock, meter: meter.clone() });
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..connections {
        let (client, queue, replies) = (Arc::clone(&client), Arc::clone(&queue), replies.clone());
        tokio::spawn(async move { client.run(&queue, &replies).await });
    }
    in_use
}

/// The settings of core in use. Its copies share them.
#[derive(Clone)]
pub(super) struct CoreInUse(Arc<RwLock<Arc<Http>>>);

impl CoreInUse {
    fn get(&self) -> Arc<Http> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the settings. Requests that are under way end with those that they began with, and open connections stay.
    pub(super) fn replace(&self, core: Http) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(core);
    }
}

struct Client {
    core: CoreInUse,
    clock: Clock,
    meter: Meter,
}

impl Client {
    /// Runs a connection: one command after the other, until there are no more.
    async fn run(&self, queue: &Mutex<Receiver<QueuedCommand>>, replies: &ReplySender) {
        let mut connection = None;
        loop {
            let next = queue.lock().await.recv().await;
            let Some(queued) = next else { return };
            let reply = self.execute(&mut connection, &queued).await;
            let reply = reply.unwrap_or_else(|| queued.command.unknown());
            if replies.send(reply).await.is_err() {
                return;
            }
        }
    }

    /// Returns core's reply to a command, if there is a clear one.
    async fn execute(
        &self,
        connection: &mut Option<CoreConnection>,
        queued: &QueuedCommand,
    ) -> Option<CoreReply> {
        let (command, core) = (&queued.command, self.core.get());
        if queued.since.elapsed() >= core.timeout {
            self.record_failure(command, RequestResult::Expired, &"no connection free in time");
            return None;
        }
        let called = self.call(&core, connection, &Call::new(&core.base, command)).await;
        self.meter.observe(queued.since.elapsed());
        match called {
            Ok((status, body)) => {
                let reply = read_reply(command, status, &body);
                if reply.is_some() {
                    self.meter.count(Operation::of(command), RequestResult::Replied);
                } else {
                    let reason = format_args!("status {status} or body not in the specification");
                    self.record_failure(command, RequestResult::Unrecognized, &reason);
                }
                reply
            }
            Err(no_reply) => {
                self.record_failure(command, RequestResult::NoReply, &no_reply);
                None
            }
        }
    }

    fn record_failure(
        &self,
        command: &CoreCommand,
        result: RequestResult,
        reason: &dyn fmt::Display,
    ) {
        self.meter.count(Operation::of(command), result);
        if self.meter.may_warn(Instant::now()) {
            tracing::warn!(transfer = %command.id(), %reason, "core reply unknown");
        }
    }

    /// Returns status and body of core's reply. Uses the connection if it is still open. A connection without a reply is
    /// dropped.
    async fn call(
        &self,
        core: &Http,
        connection: &mut Option<CoreConnection>,
        call: &Call,
    ) -> Result<(u16, Bytes), NoReply> {
        let late = |_| NoReply::Timeout(core.timeout);
        let attempt = timeout(core.timeout, self.call_once(core, connection.take(), call));
        let (reply, kept) = attempt.await.map_err(late)??;
        *connection = Some(kept);
        Ok(reply)
    }

    async fn call_once(
        &self,
        core: &Http,
        connection: Option<CoreConnection>,
        call: &Call,
    ) -> Result<((u16, Bytes), CoreConnection), NoReply> {
        let request = self.request(core, call).map_err(NoReply::Build)?;
        let (response, connection) = send(core, connection, request).await?;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(Body::new(response.into_body()), BODY_MAX).await;
        Ok(((status, body.map_err(NoReply::Body)?), connection))
    }

    fn request(&self, core: &Http, call: &Call) -> Result<Request<Body>, axum::http::Error> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(header::HOST, &core.authority);
        if !call.body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            request = request.header(header::CONTENT_TYPE, json);
        }
        if let Some(key) = &core.key {
            let timestamp = self.clock.now().millis().to_string();
            let (method, path) = (call.method.as_str(), call.path.as_str());
            let input = SignatureInput { method, path, body: &call.body, timestamp: &timestamp };
            request = request.header(SIGNATURE, key.sign(&input)).header(TIMESTAMP, &timestamp);
        }
        request.body(Body::from(call.body.clone()))
    }
}

/// Sends a request on the connection, or on a new one if the old one was closed before any byte was written.
async fn send(
    core: &Http,
    connection: Option<CoreConnection>,
    request: Request<Body>,
) -> Result<(hyper::Response<Incoming>, CoreConnection), NoReply> {
    let request = match connection {
        None => request,
        Some(mut connection) => match connection.send(request).await {
            Ok(response) => return Ok((response, connection)),
            Err(mut error) => match error.take_message() {
                Some(unwritten) => unwritten,
                None => return Err(NoReply::Broken(error.into_error())),
            },
        },
    };
    let mut connection = CoreConnection::connect(core).await.map_err(NoReply::Connect)?;
    match connection.send(request).await {
        Ok(response) => Ok((response, connection)),
        Err(error) => Err(NoReply::Broken(error.into_error())),
    }
}
