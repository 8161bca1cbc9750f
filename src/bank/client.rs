//! A bank's core over HTTP: connections that are kept open, each with one question at a time.
//!
//! How many there are bounds what is in flight. A question is written once at most: if its connection ends with an answer
//! outstanding nobody knows, and whoever asked asks again. Only what was certainly not written goes on a new connection.

mod answer;
mod call;
mod line;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::answers::Teller;
use super::meter::{Fate, Meter};
use super::port::{Ask, Clock, Told};
use super::settings::Http;
use super::signature::{Claim, SIGNATURE, TIMESTAMP};
use answer::hear;
use call::Call;
use line::Line;

/// Bytes of an answer's body.
const BODY_MAX: usize = 16 * 1024;

/// A question that waits for a connection.
pub(super) struct Waiting {
    pub(super) ask: Ask,
    pub(super) since: Instant,
}

/// Why there is no answer.
#[derive(Debug)]
enum Silence {
    Connecting(std::io::Error),
    Broken(hyper::Error),
    Body(axum::Error),
    Timeout(Duration),
    /// The request can't be put together: a fault of ours.
    Unsayable(axum::http::Error),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting(error) => write!(f, "no connection: {error}"),
            Self::Broken(error) => write!(f, "the connection broke: {error}"),
            Self::Body(error) => write!(f, "the answer broke off or is too long: {error}"),
            Self::Timeout(time) => write!(f, "nothing within {time:?}"),
            Self::Unsayable(error) => write!(f, "the request can't be written: {error}"),
        }
    }
}

/// Starts the connections. They end when nobody asks any more and all is answered.
pub(super) fn start(
    core: Http,
    clock: Clock,
    queue: Receiver<Waiting>,
    told: &Teller,
    meter: &Meter,
) {
    let connections = core.connections;
    let client = Arc::new(Client { core, clock, meter: meter.clone() });
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..connections {
        let (client, queue, told) = (Arc::clone(&client), Arc::clone(&queue), told.clone());
        tokio::spawn(async move { client.run(&queue, &told).await });
    }
}

struct Client {
    core: Http,
    clock: Clock,
    meter: Meter,
}

impl Client {
    /// A connection's life: one question after the other, until there are no more.
    async fn run(&self, queue: &Mutex<Receiver<Waiting>>, told: &Teller) {
        let mut line = None;
        loop {
            let next = queue.lock().await.recv().await;
            let Some(waiting) = next else { return };
            let answer = self.answer(&mut line, &waiting).await;
            let answer = answer.unwrap_or_else(|| waiting.ask.unknown());
            if told.tell(answer).await.is_err() {
                return;
            }
        }
    }

    /// What core says to a question, if it says something.
    async fn answer(&self, line: &mut Option<Line>, waiting: &Waiting) -> Option<Told> {
        let ask = &waiting.ask;
        if waiting.since.elapsed() >= self.core.timeout {
            self.note(ask, Fate::Stale, &"it waited too long for a connection");
            return None;
        }
        match self.call(line, &Call::new(&self.core.base, ask)).await {
            Ok((status, body)) => {
                let told = hear(ask, status, &body);
                match told {
                    Some(_) => self.meter.count(Fate::Answered),
                    None => self.note(ask, Fate::Unclear, &format_args!("status {status}")),
                }
                told
            }
            Err(silence) => {
                self.note(ask, Fate::Silent, &silence);
                None
            }
        }
    }

    fn note(&self, ask: &Ask, fate: Fate, why: &dyn fmt::Display) {
        self.meter.count(fate);
        if self.meter.may_warn(Instant::now()) {
            tracing::warn!(transfer = %ask.id(), %why, "core did not answer: it is unknown, and asked again");
        }
    }

    /// Status and body of core's answer, on the line if it is still open. A line that gave none is gone.
    async fn call(&self, line: &mut Option<Line>, call: &Call) -> Result<(u16, Bytes), Silence> {
        let late = |_| Silence::Timeout(self.core.timeout);
        let (answer, kept) =
            timeout(self.core.timeout, self.exchange(line.take(), call)).await.map_err(late)??;
        *line = Some(kept);
        Ok(answer)
    }

    async fn exchange(
        &self,
        line: Option<Line>,
        call: &Call,
    ) -> Result<((u16, Bytes), Line), Silence> {
        let request = self.request(call).map_err(Silence::Unsayable)?;
        let (response, line) = self.send(line, request).await?;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(Body::new(response.into_body()), BODY_MAX).await;
        Ok(((status, body.map_err(Silence::Body)?), line))
    }

    /// Sends a request on the line, or on a new one if that turns out closed before a byte of it was written.
    async fn send(
        &self,
        line: Option<Line>,
        request: Request<Body>,
    ) -> Result<(hyper::Response<Incoming>, Line), Silence> {
        let request = match line {
            None => request,
            Some(mut line) => match line.send(request).await {
                Ok(response) => return Ok((response, line)),
                Err(mut error) => match error.take_message() {
                    Some(unwritten) => unwritten,
                    None => return Err(Silence::Broken(error.into_error())),
                },
            },
        };
        let mut line = Line::connect(&self.core).await.map_err(Silence::Connecting)?;
        let sent = line.send(request).await;
        sent.map(|response| (response, line)).map_err(|error| Silence::Broken(error.into_error()))
    }

    fn request(&self, call: &Call) -> Result<Request<Body>, axum::http::Error> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(header::HOST, &self.core.authority);
        if !call.body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            request = request.header(header::CONTENT_TYPE, json);
        }
        if let Some(key) = &self.core.key {
            let timestamp = (self.clock)().millis().to_string();
            let (method, path) = (call.method.as_str(), call.path.as_str());
            let claim = Claim { method, path, body: &call.body, timestamp: &timestamp };
            request = request.header(SIGNATURE, key.sign(&claim)).header(TIMESTAMP, &timestamp);
        }
        request.body(Body::from(call.body.clone()))
    }
}
