//! Links and their connections: dialing, accepting, sign-on, sign-off and closing.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::{Action, Counters, Event, LinkGroup, Role};
use crate::iso8583::FrameCodec;
use crate::link::connection::Connection;
use crate::link::event::NotSent;
use crate::link::session::{Input, Session};
use crate::link::{ConnectionId, DisconnectReason, LinkId};
use crate::network::SessionRules;
use crate::values::Moment;

/// A link and its connections.
pub(super) struct Link {
    role: Role,
    /// The signed-on connection, until it is closed.
    pub(super) current: Option<ConnectionId>,
    /// Connections that wait for a sign-on, the oldest first.
    unsigned: VecDeque<ConnectionId>,
    /// The moment of the next connection attempt.
    pub(super) retry_at: Option<Moment>,
    /// The number of consecutive connections without a sign-on.
    tries: u16,
    /// Whether the link should be up: not signed off by the owner.
    pub(super) is_enabled: bool,
}

/// The maximum number of connections of one link that wait for a sign-on. One more closes the oldest, so silent
/// connections cannot block others.
const UNSIGNED_MAX: usize = 16;

impl Link {
    pub(super) fn new(role: Role, now: Moment) -> Self {
        let retry_at = (role == Role::Dial).then_some(now);
        let unsigned = VecDeque::new();
        Self { role, current: None, unsigned, retry_at, tries: 0, is_enabled: true }
    }

    fn forget(&mut self, id: ConnectionId) {
        self.unsigned.retain(|unsigned| *unsigned != id);
        self.current = self.current.filter(|current| *current != id);
    }

    /// Whether the link must dial: it is a dialing link, enabled, and without a connection.
    fn must_dial(&self) -> bool {
        let is_idle = self.current.is_none() && self.unsigned.is_empty();
        is_idle && self.is_enabled && self.role == Role::Dial
    }

    /// Schedules the next connection attempt.
    fn schedule_retry(&mut self, rules: &SessionRules, counters: &mut Counters, now: Moment) {
        if self.must_dial() {
            self.tries = self.tries.saturating_add(1);
            self.retry_at =
                Some(rules.timers.reconnect.next(now, self.tries, counters.random.draw_short()));
        }
    }
}

/// Connections.
impl LinkGroup {
    /// Handles a peer that connected to a listening link. Returns `None` if the link is signed off; the caller closes the
    /// connection.
    pub fn handle_accepted(&mut self, link: LinkId, now: Moment) -> Option<ConnectionId> {
        let is_enabled = self.links.get(link.0).is_some_and(|link| link.is_enabled);
        is_enabled.then(|| self.add_connection(link, now))
    }

    /// Handles a peer that was refused because its address is not on the list.
    pub fn handle_peer_refused(&mut self, link: LinkId, peer: IpAddr) {
        self.events.push(Event::PeerRefused(link, peer));
    }

    /// Handles an established connection, with the TLS handshake complete.
    pub fn handle_connected(&mut self, id: ConnectionId, now: Moment) {
        self.step(id, Input::Connected, None, now);
    }

    /// Handles a connection that could not be established, or broke.
    pub fn handle_ended(&mut self, id: ConnectionId, reason: DisconnectReason, now: Moment) {
        self.step(id, Input::Ended(reason), None, now);
    }

    /// Handles a closed connection. Events report the result of every message in flight on it.
    pub fn handle_closed(&mut self, id: ConnectionId, now: Moment) {
        let Some(connection) = self.connections.remove(&id) else { return };
        let mut unwritten = Vec::new();
        for (tracked, begun) in connection.outbox.into_unsent() {
            match (tracked.serial, begun) {
                (Some(serial), false) => unwritten.push(serial),
                // The table of requests in flight decides whether this request is lost.
                (Some(_), true) => {}
                (None, true) => self.events.push(Event::Lost(tracked.correlation_id)),
                (None, false) => {
                    self.events
                        .push(Event::NotSent(tracked.correlation_id, NotSent::ConnectionLost));
                }
            }
        }
        for pending in self.in_flight.take_of(id) {
            // Serial numbers ascend along the outbox.
            let not_sent = unwritten.binary_search(&pending.serial).is_ok();
            self.events.push(if not_sent {
                Event::NotSent(pending.correlation_id, NotSent::ConnectionLost)
            } else {
                Event::Lost(pending.correlation_id)
            });
        }
        let reason = connection.disconnect_reason.unwrap_or(DisconnectReason::ClosedByPeer);
        self.remove_from_link(id, connection.link, reason, now);
        self.send_queued(now);
    }

    fn remove_from_link(
        &mut self,
        id: ConnectionId,
        link_id: LinkId,
        reason: DisconnectReason,
        now: Moment,
    ) {
        let Some(link) = self.links.get_mut(link_id.0) else { return };
        let was_up = link.current == Some(id);
        link.forget(id);
        link.schedule_retry(&self.rules, &mut self.counters, now);
        self.events.push(if was_up {
            Event::Down(link_id, reason)
        } else {
            Event::ConnectionClosed(link_id, reason)
        });
    }

    /// Dials if the moment of the next attempt has come.
    pub(super) fn dial_if_due(&mut self, link: LinkId, now: Moment) {
        let due =
            self.links.get_mut(link.0).and_then(|link| link.retry_at.take_if(|at| *at <= now));
        if due.is_some() {
            let id = self.add_connection(link, now);
            self.actions.push_back(Action::Dial(link, id));
        }
    }

    /// Adds a connection that waits for a sign-on.
    fn add_connection(&mut self, link_id: LinkId, now: Moment) -> ConnectionId {
        let id = self.counters.next_connection();
        let session = Session::new(now, &self.rules.timers);
        let codec = FrameCodec::new(self.spec.framing().clone());
        self.connections.insert(id, Connection::new(link_id, session, codec));
        let unsigned = self.links.get_mut(link_id.0).map(|link| &mut link.unsigned);
        let excess = unsigned.and_then(|unsigned| {
            unsigned.push_back(id);
            if unsigned.len() > UNSIGNED_MAX { unsigned.pop_front() } else { None }
        });
        if let Some(oldest) = excess {
            self.step(oldest, Input::Ended(DisconnectReason::TooManyConnections), None, now);
        }
        id
    }

    /// Makes this connection the current one of its link. An earlier signed-on connection is closed: the peer has
    /// replaced it.
    pub(super) fn set_up(&mut self, id: ConnectionId, now: Moment) {
        let Some(link_id) = self.connections.get(&id).map(|connection| connection.link) else {
            return;
        };
        let Some(link) = self.links.get_mut(link_id.0) else { return };
        link.unsigned.retain(|unsigned| *unsigned != id);
        link.tries = 0;
        let previous = link.current.replace(id);
        self.events.push(Event::Up(link_id));
        if let Some(previous) = previous {
            self.step(previous, Input::Ended(DisconnectReason::Replaced), None, now);
        }
    }
}

/// Sign-off and sign-on by the owner.
impl LinkGroup {
    /// Signs a link off. New requests are not sent; responses in flight can arrive within the network's drain time.
    pub fn sign_off(&mut self, link: LinkId, now: Moment) {
        let Some(link_state) = self.links.get_mut(link.0) else { return };
        link_state.is_enabled = false;
        link_state.retry_at = None;
        let of_link = self.connections.iter().filter(|(_, connection)| connection.link == link);
        let connections: Vec<_> = of_link.map(|(id, _)| *id).collect();
        for id in connections {
            self.step(id, Input::Drain, None, now);
            self.check_drained(id, now);
        }
    }

    /// Signs a link on again.
    pub fn sign_on(&mut self, link: LinkId, now: Moment) {
        let Some(link) = self.links.get_mut(link.0) else { return };
        if !link.is_enabled {
            link.is_enabled = true;
            link.tries = 0;
            link.retry_at = link.must_dial().then_some(now);
        }
    }

    /// Signs all links off permanently.
    pub fn drain(&mut self, now: Moment) {
        for correlation_id in self.queue.take_all() {
            self.events.push(Event::NotSent(correlation_id, NotSent::Draining));
        }
        for link in 0..self.links.len() {
            self.sign_off(LinkId(link), now);
        }
    }
}
