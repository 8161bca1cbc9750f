//! All links of a network as a pure machine, without sockets and clock.
//!
//! The driver repeats these calls in this order: `handle_…` for everything that happened, and
//! [`LinkGroup::handle_deadline`] when [`LinkGroup::next_deadline`] has passed; [`LinkGroup::poll_action`] until it returns
//! `None`; for each connection [`LinkGroup::poll_bytes`] and the result of the write; [`LinkGroup::poll_events`]; and
//! [`LinkGroup::poll_echo`] until it returns `None`.

mod counters;
mod dispatch;
mod incoming;
mod link;
mod links;
mod orders;
mod queue;
mod states;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::BytesMut;

use super::connection::Connection;
use super::event::{Event, NotSent};
use super::matching::InFlight;
use super::outbox::Tracked;
use super::session::{Context, Input};
use super::state::Role;
use super::{ConnectionId, CorrelationId, DisconnectReason, LinkId};
use crate::iso8583::{Message, Spec};
use crate::network::SessionRules;
use crate::values::{Moment, TokenBucket};
use counters::Counters;
use link::Link;
use orders::EchoResult;
use queue::RequestQueue;

/// An action of the driver on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens a connection for this link; the result goes to [`LinkGroup::handle_connected`] or
    /// [`LinkGroup::handle_ended`].
    Dial(LinkId, ConnectionId),
    /// Writes what can be written at once and closes the connection; [`LinkGroup::handle_closed`] follows.
    Close(ConnectionId),
}

/// The links of a network.
pub struct LinkGroup {
    rules: Arc<SessionRules>,
    spec: Arc<Spec>,
    links: Vec<Link>,
    connections: BTreeMap<ConnectionId, Connection>,
    queue: RequestQueue,
    in_flight: InFlight,
    rate_limit: TokenBucket,
    actions: VecDeque<Action>,
    events: Vec<Event>,
    echo_results: VecDeque<(LinkId, EchoResult)>,
    counters: Counters,
    /// The buffer for network management messages before framing.
    scratch: BytesMut,
    /// Whether the owner has signed all links off for good.
    is_stopping: bool,
}

impl LinkGroup {
    /// Creates the links of a network. All are down, and will sign on. Jitter and the first STAN of network management come from
    /// `seed`.
    #[must_use]
    pub fn new(
        rules: Arc<SessionRules>,
        spec: Arc<Spec>,
        links: &[Role],
        seed: u64,
        now: Moment,
    ) -> Self {
        let limits = rules.limits;
        let capacity = limits.in_flight.saturating_mul(links.len()).min(INITIAL_CAPACITY_MAX);
        Self {
            links: links.iter().map(|role| Link::new(*role, now)).collect(),
            connections: BTreeMap::new(),
            queue: RequestQueue::default(),
            in_flight: InFlight::new(capacity),
            rate_limit: TokenBucket::new(now, limits.per_second, limits.burst),
            actions: VecDeque::new(),
            events: Vec::new(),
            echo_results: VecDeque::new(),
            counters: Counters::new(seed),
            scratch: BytesMut::new(),
            is_stopping: false,
            rules,
            spec,
        }
    }

    /// Returns the number of queued requests and the number of requests in flight.
    #[must_use]
    pub fn open_requests(&self) -> (usize, usize) {
        (self.queue.len(), self.in_flight.len())
    }

    /// Requests on a link that wait for their responses.
    fn in_flight_on(&self, link: LinkId) -> usize {
        self.connections
            .values()
            .filter(|connection| connection.link == link)
            .map(|connection| connection.in_flight)
            .sum()
    }

    /// Whether the links are stopped and all connections closed. Links that operators signed off do not stop by that.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_stopping && self.connections.is_empty()
    }

    /// Returns the moment for the next [`LinkGroup::handle_deadline`], if there is one. It can be earlier than necessary.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let timers = &self.rules.timers;
        let connections = self.connections.values().flat_map(|connection| {
            [
                connection.session.next_deadline(timers),
                connection.outbox.next_deadline(),
                connection.write_deadline(timers),
            ]
        });
        let of_links = self
            .links
            .iter()
            .flat_map(|link| [link.retry_at, link.manual_echo.map(|echo| echo.until)]);
        let can_send = self.select_connection().filter(|_| !self.queue.is_empty());
        let next_token = can_send.map(|_| self.rate_limit.next());
        let others = [self.in_flight.next_expiry(), self.queue.next_deadline(), next_token];
        connections.chain(of_links).chain(others).flatten().min()
    }

    /// Removes and returns the events since the last call.
    pub fn poll_events(&mut self) -> impl Iterator<Item = Event> {
        self.events.drain(..)
    }

    /// Returns the next action for the driver.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }
}

/// The maximum number of requests in flight for which memory is reserved at the start.
const INITIAL_CAPACITY_MAX: usize = 1 << 16;

/// Deadlines.
impl LinkGroup {
    /// Handles all deadlines that have passed.
    pub fn handle_deadline(&mut self, now: Moment) {
        while let Some(pending) = self.in_flight.take_expired(now) {
            self.events.push(Event::Expired(pending.correlation_id));
            self.release_slot(pending.connection, now);
        }
        self.expire_echoes(now);
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for id in connections {
            self.check_connection(id, now);
        }
        for link in 0..self.links.len() {
            self.dial_if_due(LinkId(link), now);
        }
        self.send_queued(now);
        self.note_phases(now);
    }

    fn check_connection(&mut self, id: ConnectionId, now: Moment) {
        self.expire(id, now);
        let Some(connection) = self.connections.get(&id) else { return };
        let timers = &self.rules.timers;
        let has_passed =
            |deadline: Option<Moment>| deadline.is_some_and(|deadline| deadline <= now);
        if has_passed(connection.write_deadline(timers)) {
            self.step(id, Input::Ended(DisconnectReason::WriteTimeout), None, now);
        } else if has_passed(connection.session.next_deadline(timers)) {
            self.step(id, Input::DeadlinePassed, None, now);
        }
    }

    /// Removes messages from an outbox whose deadline has passed.
    fn expire(&mut self, id: ConnectionId, now: Moment) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let mut late = Vec::new();
        let expired = connection.outbox.expire(now, |tracked| late.push(tracked));
        self.report_removed(id, late, NotSent::DeadlinePassed);
        if expired.is_err() {
            self.step(id, Input::Ended(DisconnectReason::WriteTimeout), None, now);
        }
    }

    /// Withdraws messages of which not a single byte has left. Those that are partly or completely written go their way.
    pub fn handle_withdrawal(&mut self, withdrawn: &BTreeSet<CorrelationId>, now: Moment) {
        let events = &mut self.events;
        self.queue.withdraw(withdrawn, |correlation_id| {
            events.push(Event::NotSent(correlation_id, NotSent::Withdrawn));
        });
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for id in connections {
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            let mut removed = Vec::new();
            let is_withdrawn = |tracked: &Tracked| withdrawn.contains(&tracked.correlation_id);
            let _partly_written =
                connection.outbox.remove(is_withdrawn, |tracked| removed.push(tracked));
            self.report_removed(id, removed, NotSent::Withdrawn);
            self.check_drained(id, now);
        }
        self.send_queued(now);
    }

    /// Reports messages that were removed from an outbox, and frees their places in flight.
    fn report_removed(&mut self, id: ConnectionId, removed: Vec<Tracked>, reason: NotSent) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let serials: Vec<_> = removed.iter().filter_map(|tracked| tracked.serial).collect();
        let withdrawn = self.in_flight.withdraw(&serials);
        connection.in_flight -= withdrawn.len();
        for Tracked { correlation_id, serial, .. } in removed {
            let was_in_flight =
                |serial| withdrawn.binary_search_by_key(&serial, |request| request.serial).is_ok();
            // For a request that was replaced by its repeat, `Expired` was reported already.
            if serial.is_none_or(was_in_flight) {
                self.events.push(Event::NotSent(correlation_id, reason));
            }
        }
    }
}

/// Session inputs.
impl LinkGroup {
    /// Passes an input to the session of a connection and executes the actions that follow. `message` is the received
    /// message, if the input is one.
    fn step(
        &mut self,
        id: ConnectionId,
        input: Input,
        mut message: Option<Message<'_>>,
        now: Moment,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let link = self.links.get(connection.link.0);
        let mut context = Context {
            now,
            rules: &self.rules,
            stan_counter: &mut self.counters.stan,
            may_sign_on: link.is_some_and(Link::may_sign_on),
        };
        for action in connection.session.handle_input(input, &mut context).into_iter().flatten() {
            self.execute(id, action, &mut message, now);
        }
    }

    /// Counts one request less in flight on a connection.
    fn release_slot(&mut self, id: ConnectionId, now: Moment) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.in_flight -= 1;
        self.check_drained(id, now);
    }

    /// Ends the drain of a connection when it has nothing in flight and nothing to write.
    fn check_drained(&mut self, id: ConnectionId, now: Moment) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.session.is_draining()
            && connection.in_flight == 0
            && connection.outbox.is_empty()
        {
            self.step(id, Input::NothingInFlight, None, now);
        }
    }
}
