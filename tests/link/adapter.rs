//! Our end of the lines, as an owner has it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use titian::iso8583::Spec;
use titian::link::{
    Clock, End, Endpoint, Event, Events, Handle, LinkId, NotSent, Outgoing, Token, start,
};
use titian::network::SessionRules;
use titian::values::{Backoff, Moment};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::messages::request;

/// How long a test waits for what must come, before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const MILLI: Duration = Duration::from_millis(1);

/// The rules of a network, with timers that a test can wait for. Those that must not run out in it are long.
pub(crate) fn quick(mut rules: SessionRules) -> SessionRules {
    rules.timers.reconnect = Backoff { first: 5 * MILLI, longest: 40 * MILLI, jitter_percent: 20 };
    rules.timers.stalled = PATIENCE;
    rules
}

/// The links, and events that were not asked for yet.
pub(crate) struct Adapter {
    pub(crate) handle: Handle,
    pub(crate) clock: Clock,
    pub(crate) spec: Arc<Spec>,
    events: Events,
    seen: VecDeque<Event>,
}

impl Adapter {
    pub(crate) fn new(spec: &Arc<Spec>, rules: &SessionRules, endpoints: Vec<Endpoint>) -> Self {
        let clock = Clock::new();
        let rules = Arc::new(rules.clone());
        let (handle, events) = start(rules, Arc::clone(spec), endpoints, clock, 1);
        Self { handle, clock, spec: Arc::clone(spec), events, seen: VecDeque::new() }
    }

    /// One link that dials.
    pub(crate) fn dialing(
        spec: &Arc<Spec>,
        rules: &SessionRules,
        addresses: &[SocketAddr],
    ) -> Self {
        let dial =
            |address: &SocketAddr| Endpoint::Dial { address: address.to_string(), tls: None };
        Self::new(spec, rules, addresses.iter().map(dial).collect())
    }

    /// One link that listens for peers of this machine.
    pub(crate) async fn listening(spec: &Arc<Spec>, rules: &SessionRules) -> (Self, SocketAddr) {
        let (listener, address) = listener().await;
        let allowed = vec![address.ip()];
        let endpoint = Endpoint::Listen { listener, allowed, tls: None };
        (Self::new(spec, rules, vec![endpoint]), address)
    }

    pub(crate) async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.seen.pop_front() {
                return event;
            }
            let batch = timeout(PATIENCE, self.events.next()).await.expect("an event in time");
            self.seen.extend(batch.expect("the links go on"));
        }
    }

    /// The next event that is looked for; others before it are skipped.
    pub(crate) async fn wait<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let event = self.event().await;
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    pub(crate) async fn up(&mut self) -> LinkId {
        self.wait(|event| if let Event::Up(link) = event { Some(*link) } else { None }).await
    }

    /// Waits until the links have stopped; gives what was told until then.
    pub(crate) async fn rest(mut self) -> Vec<Event> {
        drop(self.handle);
        let mut all: Vec<_> = self.seen.into();
        while let Some(batch) = timeout(PATIENCE, self.events.next()).await.expect("an end in time")
        {
            all.extend(batch);
        }
        all
    }

    pub(crate) fn in_a(&self, time: Duration) -> Moment {
        self.clock.now().after(time)
    }

    /// Sends a message under a token.
    pub(crate) async fn send(&self, token: u32, message: Bytes) {
        self.send_until(token, message, self.in_a(PATIENCE)).await;
    }

    pub(crate) async fn send_until(&self, token: u32, message: Bytes, deadline: Moment) {
        let token = Token(token.into());
        let outgoing = Outgoing { token, message, deadline, via: None };
        self.handle.send(vec![outgoing]).await.unwrap();
    }

    /// Sends an answer to what came on a link.
    pub(crate) async fn answer(&self, token: u32, message: Bytes, link: LinkId) {
        let (token, deadline) = (Token(token.into()), self.in_a(PATIENCE));
        let outgoing = Outgoing { token, message, deadline, via: Some(link) };
        self.handle.send(vec![outgoing]).await.unwrap();
    }

    /// Sends requests, each under its number, in one piece.
    pub(crate) async fn send_all(&self, numbers: impl Iterator<Item = u32>) {
        self.send_all_until(numbers, self.in_a(PATIENCE)).await;
    }

    pub(crate) async fn send_all_until(
        &self,
        numbers: impl Iterator<Item = u32>,
        deadline: Moment,
    ) {
        let all = numbers.map(|number| Outgoing {
            token: Token(number.into()),
            message: request(&self.spec, number),
            deadline,
            via: None,
        });
        self.handle.send(all.collect()).await.unwrap();
    }
}

pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// What became of a message, in a word.
pub(crate) fn ending(event: &Event) -> Option<(u32, &'static str)> {
    let (token, word) = match event {
        Event::NotSent(token, _) => (token, "not sent"),
        Event::Lost(token) => (token, "lost"),
        Event::Expired(token) => (token, "expired"),
        Event::Answered { token, .. } => (token, "answered"),
        _ => return None,
    };
    Some((u32::try_from(token.0).unwrap(), word))
}

/// Why a message was not sent.
pub(crate) fn refusal(event: &Event) -> Option<(Token, NotSent)> {
    match event {
        Event::NotSent(token, why) => Some((*token, *why)),
        _ => None,
    }
}

/// Why a link went down.
pub(crate) fn down(event: &Event) -> Option<End> {
    match event {
        Event::Down(_, end) => Some(*end),
        _ => None,
    }
}
