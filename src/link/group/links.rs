//! Links and their connections: dialing, accepting, sign-on and closing.

use std::net::IpAddr;

use super::link::Link;
use super::{Action, LinkGroup};
use crate::iso8583::FrameCodec;
use crate::link::connection::Connection;
use crate::link::event::{Event, NotSent};
use crate::link::session::{Input, Session};
use crate::link::{ConnectionId, DisconnectReason, LinkId};
use crate::values::Moment;

/// The maximum number of connections of one link that wait for a sign-on. One more closes the oldest, so silent
/// connections cannot block others.
const UNSIGNED_MAX: usize = 16;

/// Connections.
impl LinkGroup {
    /// Handles a peer that connected to a listening link. Returns `None` if the link is signed off or its sign-on is held off; the
    /// caller closes the connection.
    pub fn handle_accepted(&mut self, link: LinkId, now: Moment) -> Option<ConnectionId> {
        let may_sign_on = self.links.get(link.0).is_some_and(Link::may_sign_on);
        let accepted = may_sign_on.then(|| self.add_connection(link, now));
        self.note_phases(now);
        accepted
    }

    /// Handles a peer that was refused because its address is not on the list.
    pub fn handle_peer_refused(&mut self, link: LinkId, peer: IpAddr) {
        self.events.push(Event::PeerRefused(link, peer));
    }

    /// Handles an established connection, with the TLS handshake complete.
    pub fn handle_connected(&mut self, id: ConnectionId, now: Moment) {
        self.step(id, Input::Connected, None, now);
        self.note_phases(now);
    }

    /// Handles a connection that could not be established, or broke.
    pub fn handle_ended(&mut self, id: ConnectionId, reason: DisconnectReason, now: Moment) {
        self.step(id, Input::Ended(reason), None, now);
        self.note_phases(now);
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
        self.note_phases(now);
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
        link.is_reported_up &= !was_up;
        link.forget(id, reason, now);
        link.schedule_retry(&self.rules, &mut self.counters, now);
        self.events.push(if was_up {
            Event::Down(link_id, reason)
        } else {
            Event::ConnectionClosed(link_id, reason)
        });
        self.end_echo(link_id, id, reason);
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
        let previous = link.current.replace(id).filter(|previous| *previous != id);
        link.is_reported_up = link.takes_requests();
        self.events.push(if link.is_reported_up {
            Event::Up(link_id)
        } else {
            Event::Draining(link_id)
        });
        if let Some(previous) = previous {
            self.step(previous, Input::Ended(DisconnectReason::Replaced), None, now);
        }
    }

    /// Reports whether a link carries requests, unless the owner knows it.
    pub(super) fn report(&mut self, id: LinkId, is_up: bool) {
        let Some(link) = self.links.get_mut(id.0) else { return };
        if std::mem::replace(&mut link.is_reported_up, is_up) != is_up {
            self.events.push(if is_up { Event::Up(id) } else { Event::Draining(id) });
        }
    }
}
