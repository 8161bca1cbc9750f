//! Outgoing messages: queueing, selection of a link, and writing.

use super::LinkGroup;
use super::link::Link;
use super::queue::QueuedRequest;
use crate::iso8583::{FrameError, Mti, OutgoingFrame};
use crate::link::event::{Event, NotSent, OutgoingKind, OutgoingMessage};
use crate::link::matching::PendingRequest;
use crate::link::outbox::Tracked;
use crate::link::{ConnectionId, CorrelationId, LinkId};
use crate::network::{LinkSelection, MatchingKey};
use crate::values::Moment;

impl LinkGroup {
    /// Handles a message to send. An event reports the result of each message.
    pub fn handle_send(&mut self, outgoing: OutgoingMessage, now: Moment) {
        let correlation_id = outgoing.correlation_id;
        if let Err(reason) = self.accept_message(outgoing, now) {
            self.events.push(Event::NotSent(correlation_id, reason));
        }
        self.send_queued(now);
    }

    fn accept_message(&mut self, outgoing: OutgoingMessage, now: Moment) -> Result<(), NotSent> {
        let OutgoingMessage { correlation_id, message, deadline, kind } = outgoing;
        let mti = self.spec.mti_of(&message).ok_or(NotSent::InvalidMessage)?;
        if self.spec.layout_of(mti).is_none() {
            return Err(NotSent::InvalidMessage);
        }
        match (kind, mti.is_request()) {
            (OutgoingKind::Request(key), true) => {
                self.accept_request(QueuedRequest { correlation_id, message, mti, key, deadline })
            }
            (OutgoingKind::Response(via), false) => {
                let tracked = Tracked { correlation_id, serial: None, deadline };
                self.send_response(tracked, &message, mti, via, now)
            }
            (OutgoingKind::Request(_), false) | (OutgoingKind::Response(_), true) => {
                Err(NotSent::InvalidMessage)
            }
        }
    }

    fn accept_request(&mut self, request: QueuedRequest) -> Result<(), NotSent> {
        if !self.links.iter().any(Link::takes_requests) {
            return Err(NotSent::Draining);
        }
        if self.queue.len() >= self.rules.limits.queued {
            return Err(NotSent::QueueFull);
        }
        self.queue.push(request);
        Ok(())
    }

    /// Sends a response at once. Responses are neither queued nor rate-limited, because the switch waits for them.
    fn send_response(
        &mut self,
        tracked: Tracked,
        message: &[u8],
        mti: Mti,
        via: LinkId,
        now: Moment,
    ) -> Result<(), NotSent> {
        if tracked.deadline <= now {
            return Err(NotSent::DeadlinePassed);
        }
        let open = |link: &Link| {
            link.current.filter(|id| {
                self.connections.get(id).is_some_and(|connection| connection.session.is_open())
            })
        };
        let requesting = self.links.get(via.0).and_then(open);
        let id =
            requesting.or_else(|| self.links.iter().find_map(open)).ok_or(NotSent::NoLinkUp)?;
        let connection = self.connections.get_mut(&id).ok_or(NotSent::NoLinkUp)?;
        if connection.is_full() {
            return Err(NotSent::QueueFull);
        }
        let header = self.rules.headers.of(mti);
        connection
            .push(mti, OutgoingFrame { header, message }, Some(tracked), now)
            .map_err(|error| not_sent(&error))
    }

    /// Sends queued requests as far as the limits allow.
    pub(super) fn send_queued(&mut self, now: Moment) {
        let events = &mut self.events;
        self.queue.expire(now, |correlation_id| {
            events.push(Event::NotSent(correlation_id, NotSent::DeadlinePassed));
        });
        while !self.queue.is_empty()
            && let Some(connection) = self.select_connection()
            && self.rate_limit.take(now)
            && let Some(request) = self.queue.pop()
        {
            let correlation_id = request.correlation_id;
            if let Err(reason) = self.dispatch(connection, &request, now) {
                self.events.push(Event::NotSent(correlation_id, reason));
            }
        }
    }

    /// Returns the connection for the next request, if one has capacity.
    pub(super) fn select_connection(&self) -> Option<ConnectionId> {
        let limit = self.rules.limits.in_flight;
        let up = self.links.iter().filter(|link| link.takes_requests()).filter_map(|link| {
            let id = link.current?;
            self.connections
                .get(&id)
                .filter(|connection| connection.session.is_up())
                .map(|connection| (id, connection))
        });
        let chosen = match self.rules.link_selection {
            LinkSelection::LeastLoaded => up
                .filter(|(_, connection)| connection.has_capacity(limit))
                .min_by_key(|(_, connection)| connection.in_flight),
            LinkSelection::FirstUp => {
                up.take(1).find(|(_, connection)| connection.has_capacity(limit))
            }
        };
        chosen.map(|(id, _)| id)
    }

    fn dispatch(
        &mut self,
        id: ConnectionId,
        request: &QueuedRequest,
        now: Moment,
    ) -> Result<(), NotSent> {
        let &QueuedRequest { correlation_id, ref message, mti, key, deadline } = request;
        self.free_key(&key, correlation_id, now)?;
        let serial = self.counters.next_serial();
        let connection = self.connections.get_mut(&id).ok_or(NotSent::NoLinkUp)?;
        let tracked = Tracked { correlation_id, serial: Some(serial), deadline };
        let header = self.rules.headers.of(mti);
        connection
            .push(mti, OutgoingFrame { header, message }, Some(tracked), now)
            .map_err(|error| not_sent(&error))?;
        connection.in_flight += 1;
        let until = now.after(self.rules.timers.response);
        self.in_flight
            .insert(key, PendingRequest { correlation_id, connection: id, serial, until });
        Ok(())
    }

    /// Ensures that the key is free. A later message of the same subject replaces the one in flight: a repeat, or a status inquiry
    /// with the trace numbers of its request.
    fn free_key(
        &mut self,
        key: &MatchingKey,
        correlation_id: CorrelationId,
        now: Moment,
    ) -> Result<(), NotSent> {
        match self.in_flight.id_of(key) {
            None => Ok(()),
            Some(holder) if holder.has_subject_of(correlation_id) => {
                self.events.push(Event::Expired(holder));
                if let Some(replaced) = self.in_flight.take(key) {
                    self.release_slot(replaced.connection, now);
                }
                Ok(())
            }
            Some(_) => Err(NotSent::KeyInFlight),
        }
    }
}

/// Writing to peers.
impl LinkGroup {
    /// Returns the bytes to write on a connection now.
    pub fn poll_bytes(&mut self, connection: ConnectionId, now: Moment) -> &[u8] {
        self.expire(connection, now);
        self.connections
            .get(&connection)
            .map(|connection| connection.outbox.unwritten())
            .unwrap_or_default()
    }

    /// Handles bytes that the transport accepted. [`LinkGroup::handle_flushed`] follows when they are in the kernel.
    pub fn handle_written(&mut self, connection: ConnectionId, count: usize) {
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.outbox.mark_taken(count);
        }
    }

    /// Whether the transport has accepted bytes that may not be in the kernel.
    #[must_use]
    pub fn is_unflushed(&self, connection: ConnectionId) -> bool {
        self.connections.get(&connection).is_some_and(|connection| connection.outbox.has_taken())
    }

    /// Handles a flush: all bytes that the transport accepted are in the kernel.
    pub fn handle_flushed(&mut self, id: ConnectionId, now: Moment) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (events, mut link) = (&mut self.events, self.links.get_mut(connection.link.0));
        connection.outbox.mark_flushed(now, |mti, message| {
            if let Some(link) = &mut link {
                link.seen.messages.count_sent(mti, now);
            }
            events.extend(message.map(Event::Sent));
        });
        self.check_drained(id, now);
        self.send_queued(now);
    }
}

/// Converts an encoding error. `Broken` and `Io` do not occur, because encoding reads and writes nothing.
fn not_sent(error: &FrameError) -> NotSent {
    match error {
        FrameError::Unsendable(fault) => NotSent::NotEncodable(*fault),
        FrameError::Broken(_) | FrameError::Io(_) => NotSent::InvalidMessage,
    }
}
