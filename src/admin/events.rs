//! Server-sent events: each act, as it becomes durable. A reader that was away continues after the last one it has.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::operations::{Operations, Shared};
use super::port::AdminPort;
use super::problem::Problem;
use super::readers::Readers;
use super::signed::Signed;
use super::views::ActView;
use crate::codes::problem;
use crate::control::Control;

/// Acts that are read from the record at a time.
const ACTS_AT_ONCE: u64 = 100;

/// How often a reader without events gets a comment.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A place of a reader. It is free again when the reader is gone.
struct Place<P: AdminPort>(Arc<Operations<P>>);

impl<P: AdminPort> Place<P> {
    fn take(shared: Arc<Operations<P>>) -> Result<Self, Problem> {
        if shared.readers.enter() {
            return Ok(Self(shared));
        }
        let detail = format!("{} readers of events are connected: close one", Readers::MAX);
        let status = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        Err(Problem::new(problem::BUSY, status, "Busy", detail).after(KEEP_ALIVE))
    }
}

impl<P: AdminPort> Drop for Place<P> {
    fn drop(&mut self) {
        self.0.readers.leave();
    }
}

/// A reader: its place, the last act that it got, and those that were read for it.
struct Reader<P: AdminPort> {
    place: Place<P>,
    changes: watch::Receiver<Arc<Control>>,
    last: u64,
    read: VecDeque<(u64, String)>,
}

pub(super) async fn stream<P: AdminPort>(
    State(shared): Shared<P>,
    headers: HeaderMap,
    _: Signed,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let changes = shared.port.changes();
    let last = match headers.get("last-event-id") {
        None => changes.borrow().rows(),
        Some(value) => value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Problem::invalid("Last-Event-ID: must be the id of an event that this server sent")
        })?,
    };
    let place = Place::take(shared)?;
    let reader = Reader { place, changes, last, read: VecDeque::new() };
    let events = unfold(reader, |mut reader| async move {
        let (row, act) = reader.next().await?;
        let act = ActView::read(row, &act).ok().and_then(|act| serde_json::to_string(&act).ok())?;
        let event = Event::default().id(row.to_string()).event("act").data(act);
        Some((Ok(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl<P: AdminPort> Reader<P> {
    /// Returns the next act; `None` if the adapter stops.
    async fn next(&mut self) -> Option<(u64, String)> {
        loop {
            if let Some((row, act)) = self.read.pop_front() {
                self.last = row;
                return Some((row, act));
            }
            if self.changes.borrow_and_update().rows() <= self.last {
                self.changes.changed().await.ok()?;
                continue;
            }
            let read = self.place.0.port.acts_after(self.last, ACTS_AT_ONCE).await.ok()?;
            if read.is_empty() {
                return None;
            }
            self.read.extend(read);
        }
    }
}
