//! Our side of the links, as the owner sees it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use titian::clock::Clock;
use titian::iso8583::Spec;
use titian::link::{
    CorrelationId, DisconnectReason, Endpoint, Event, Events, Handle, LinkId, NotSent,
    OutgoingKind, OutgoingMessage, start,
};
use titian::network::SessionRules;
use titian::values::{Backoff, Moment};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::messages::{outgoing, request};

/// The time to wait for an expected event before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const MILLI: Duration = Duration::from_millis(1);

/// Session rules with short reconnect delays. Timers that must not expire in a test are long.
pub(crate) fn quick(mut rules: SessionRules) -> SessionRules {
    rules.timers.reconnect = Backoff { first: 5 * MILLI, longest: 40 * MILLI, jitter_percent: 20 };
    rules.timers.write = PATIENCE;
    rules
}

/// The links, and events that the test has not read yet.
pub(crate) struct Adapter {
    pub(crate) handle: Handle,
    pub(crate) clock: Clock,
    pub(crate) spec: Arc<Spec>,
    rules: Arc<SessionRules>,
    events: Events,
    unread: VecDeque<Event>,
}

impl Adapter {
    pub(crate) fn new(spec: &Arc<Spec>, rules: &SessionRules, endpoints: Vec<Endpoint>) -> Self {
        let clock = Clock::new();
        let rules = Arc::new(rules.clone());
        let (handle, events) = start(Arc::clone(&rules), Arc::clone(spec), endpoints, clock, 1);
        Self { handle, clock, spec: Arc::clone(spec), rules, events, unread: VecDeque::new() }
    }

    /// Creates dialing links, one per address.
    pub(crate) fn dialing(
        spec: &Arc<Spec>,
        rules: &SessionRules,
        addresses: &[SocketAddr],
    ) -> Self {
        let dial =
            |address: &SocketAddr| Endpoint::Dial { address: address.to_string(), tls: None };
        Self::new(spec, rules, addresses.iter().map(dial).collect())
    }

    /// Creates one listening link for local peers.
    pub(crate) async fn listening(spec: &Arc<Spec>, rules: &SessionRules) -> (Self, SocketAddr) {
        let (listener, address) = listener().await;
        let allowed = vec![address.ip()];
        let endpoint = Endpoint::Listen { listener, allowed, tls: None };
        (Self::new(spec, rules, vec![endpoint]), address)
    }

    pub(crate) async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.unread.pop_front() {
                return event;
            }
            let batch = timeout(PATIENCE, self.events.next()).await.expect("an event in time");
            self.unread.extend(batch.expect("running links"));
        }
    }

    /// Returns the next wanted event and skips all others before it.
    pub(crate) async fn wait<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let event = self.event().await;
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    pub(crate) async fn wait_until_up(&mut self) -> LinkId {
        self.wait(|event| if let Event::Up(link) = event { Some(*link) } else { None }).await
    }

    /// Waits until the links have stopped and returns all events until then.
    pub(crate) async fn remaining_events(mut self) -> Vec<Event> {
        drop(self.handle);
        let mut all: Vec<_> = self.unread.into();
        while let Some(batch) = timeout(PATIENCE, self.events.next()).await.expect("an end in time")
        {
            all.extend(batch);
        }
        all
    }

    pub(crate) fn deadline_in(&self, time: Duration) -> Moment {
        self.clock.now().after(time)
    }

    /// Sends a message with a correlation id.
    pub(crate) async fn send(&self, correlation_id: u32, message: Bytes) {
        self.send_until(correlation_id, message, self.deadline_in(PATIENCE)).await;
    }

    pub(crate) async fn send_until(&self, number: u32, message: Bytes, deadline: Moment) {
        self.send_batch(&[(number, message)], deadline).await;
    }

    /// Sends a message whose kind the caller states.
    pub(crate) async fn send_as(&self, number: u32, message: Bytes, kind: OutgoingKind) {
        let (correlation_id, deadline) = (CorrelationId(number.into()), self.deadline_in(PATIENCE));
        let outgoing = OutgoingMessage { correlation_id, message, deadline, kind };
        self.handle.send(vec![outgoing]).await.unwrap();
    }

    /// Sends a response on the link of its request.
    pub(crate) async fn respond(&self, number: u32, message: Bytes, link: LinkId) {
        self.send_as(number, message, OutgoingKind::Response(link)).await;
    }

    /// Sends requests in one batch, each with its number as correlation id and STAN.
    pub(crate) async fn send_all(&self, numbers: impl Iterator<Item = u32>) {
        let messages: Vec<_> =
            numbers.map(|number| (number, request(&self.spec, number))).collect();
        self.send_batch(&messages, self.deadline_in(PATIENCE)).await;
    }

    /// Sends messages in one batch, each with its number as correlation id.
    async fn send_batch(&self, messages: &[(u32, Bytes)], deadline: Moment) {
        let with = (&*self.spec, &*self.rules);
        let batch = messages
            .iter()
            .map(|(number, message)| outgoing(with, *number, message.clone(), deadline));
        self.handle.send(batch.collect()).await.unwrap();
    }
}

pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Returns the final outcome of a message.
pub(crate) fn outcome(event: &Event) -> Option<(u32, &'static str)> {
    let (correlation_id, word) = match event {
        Event::NotSent(correlation_id, _) => (correlation_id, "not sent"),
        Event::Lost(correlation_id) => (correlation_id, "lost"),
        Event::Expired(correlation_id) => (correlation_id, "expired"),
        Event::Response { correlation_id, .. } => (correlation_id, "answered"),
        _ => return None,
    };
    Some((u32::try_from(correlation_id.0).unwrap(), word))
}

/// Returns the reason why a message was not sent.
pub(crate) fn not_sent_reason(event: &Event) -> Option<(CorrelationId, NotSent)> {
    match event {
        Event::NotSent(correlation_id, reason) => Some((*correlation_id, *reason)),
        _ => None,
    }
}

/// Returns the reason why a link went down.
pub(crate) fn down_reason(event: &Event) -> Option<DisconnectReason> {
    match event {
        Event::Down(_, reason) => Some(*reason),
        _ => None,
    }
}
