//! What operators see of the links.

use std::sync::Arc;

use super::LinkGroup;
use super::link::Link;
use crate::link::matching::PendingRequest;
use crate::link::session::Stage;
use crate::link::state::{LinkPhase, LinkState, LinkWish};
use crate::link::{ConnectionId, LinkId};
use crate::values::Moment;

impl LinkGroup {
    /// Returns the states of all links. Their addresses are empty: the driver knows them.
    #[must_use]
    pub fn states(&mut self, now: Moment) -> Vec<LinkState> {
        self.note_phases(now);
        let states = self.links.iter().zip(0..);
        states.map(|(link, place)| self.state(LinkId(place), link, now)).collect()
    }

    fn state(&self, id: LinkId, link: &Link, now: Moment) -> LinkState {
        LinkState {
            link: id,
            role: link.role,
            address: Arc::default(),
            peer: None,
            phase: link.seen.phase.0,
            since: link.seen.since,
            wish: link.wish,
            is_held: link.is_held,
            next_attempt: link.retry_at,
            last_error: link.seen.last_error,
            in_flight: self.in_flight_on(id),
            last_echo: link.seen.last_echo,
            response_times: link.seen.times.summary(now),
            messages: link.seen.messages.by_type(),
        }
    }

    /// Returns the connection that shows the phase of a link.
    pub(in crate::link) fn shown_connection(&self, link: LinkId) -> Option<ConnectionId> {
        self.links.get(link.0)?.shown_connection()
    }

    /// Returns the phase of a link.
    pub(super) fn phase_of(&self, id: LinkId) -> LinkPhase {
        let Some(link) = self.links.get(id.0) else { return LinkPhase::NotConnected };
        let connection = link.shown_connection().and_then(|shown| self.connections.get(&shown));
        let stage = connection.map_or(Stage::Ended, |connection| connection.session.stage());
        match (stage, link.wish) {
            (Stage::Connecting, _) => LinkPhase::Connecting,
            (Stage::SigningOn, _) => LinkPhase::SigningOn,
            (Stage::SignedOn, LinkWish::SignedOn) => LinkPhase::SignedOn,
            (Stage::SignedOn, LinkWish::Drained) if self.in_flight_on(id) == 0 => {
                LinkPhase::Drained
            }
            (Stage::SignedOn, LinkWish::Drained) => LinkPhase::Draining,
            (Stage::SignedOn, LinkWish::SignedOff) | (Stage::SigningOff, _) => {
                LinkPhase::SigningOff
            }
            (Stage::Ended, LinkWish::SignedOff) => LinkPhase::SignedOff,
            (Stage::Ended, LinkWish::SignedOn | LinkWish::Drained) if link.is_held => {
                LinkPhase::Held
            }
            (Stage::Ended, LinkWish::SignedOn | LinkWish::Drained) => LinkPhase::NotConnected,
        }
    }

    /// Notes the phases that have changed, at the end of each handler that can change them. The cost is a few comparisons for each
    /// read of a socket, not for each message.
    pub(super) fn note_phases(&mut self, now: Moment) {
        for place in 0..self.links.len() {
            let id = LinkId(place);
            let phase = (self.phase_of(id), self.shown_connection(id));
            if let Some(link) = self.links.get_mut(place)
                && link.seen.phase != phase
            {
                link.seen.phase = phase;
                link.seen.since = now;
            }
        }
    }

    /// Records how long the response to a request took, for the link that carried the request.
    pub(super) fn record_response_time(&mut self, answered: &PendingRequest, now: Moment) {
        let Some(connection) = self.connections.get(&answered.connection) else { return };
        if let Some(link) = self.links.get_mut(connection.link.0) {
            let time = self.rules.timers.response.saturating_sub(answered.until.since(now));
            link.seen.times.record(time, now);
        }
    }
}
