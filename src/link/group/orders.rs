//! Orders of operators, the hold of a guard, and the stop.

use std::time::Duration;

use super::LinkGroup;
use super::link::ManualEcho;
use crate::link::event::{Event, NotSent};
use crate::link::order::OrderError;
use crate::link::session::Input;
use crate::link::state::{EchoTime, LinkPhase, LinkWish, Role};
use crate::link::{ConnectionId, DisconnectReason, LinkId};
use crate::values::{LinkOrder, Moment, ResponseCode, Stan};

/// The result of an echo by hand: the round trip in whole milliseconds.
pub(super) type EchoResult = Result<Duration, OrderError>;

impl LinkGroup {
    /// Handles an operator's order. `Ok` means that it is in force; the round trip of an echo follows with
    /// [`LinkGroup::poll_echo`].
    ///
    /// # Errors
    /// If the order cannot be carried out in the phase of the link. Then it changes nothing.
    pub fn handle_order(
        &mut self,
        link: LinkId,
        order: LinkOrder,
        now: Moment,
    ) -> Result<(), OrderError> {
        if self.is_stopping {
            return Err(OrderError::Stopping);
        }
        match order {
            LinkOrder::SignOn => self.order_sign_on(link, now)?,
            LinkOrder::SignOff => self.order_sign_off(link, now)?,
            LinkOrder::Drain => self.order_drain(link)?,
            LinkOrder::Echo => self.order_echo(link, now)?,
        }
        self.send_queued(now);
        self.note_phases(now);
        Ok(())
    }

    /// Signs on, ends a drain, or withdraws a sign-off that is not sent yet. A link that waits for its next attempt dials at once.
    fn order_sign_on(&mut self, id: LinkId, now: Moment) -> Result<(), OrderError> {
        let phase = self.phase_of(id);
        let link = self.links.get_mut(id.0).ok_or(OrderError::UnknownLink)?;
        if link.is_held {
            return Err(OrderError::Held);
        }
        match (link.wish, phase, link.role) {
            (LinkWish::SignedOn, LinkPhase::SignedOn, _) => return Err(OrderError::SignedOn),
            (LinkWish::SignedOn, LinkPhase::Connecting | LinkPhase::SigningOn, _) => {
                return Err(OrderError::SigningOn);
            }
            (LinkWish::SignedOn, LinkPhase::SigningOff, _) => return Err(OrderError::SigningOff),
            (LinkWish::SignedOn, LinkPhase::NotConnected, Role::Listen) => {
                return Err(OrderError::NotConnected);
            }
            (LinkWish::SignedOn | LinkWish::Drained | LinkWish::SignedOff, ..) => {}
        }
        link.wish = LinkWish::SignedOn;
        link.dial_now(now);
        if let Some(current) = link.current {
            self.step(current, Input::Resume, None, now);
            if self.connections.get(&current).is_some_and(|found| found.session.is_up()) {
                self.report(id, true);
            }
        }
        self.dial_if_due(id, now);
        Ok(())
    }

    fn order_sign_off(&mut self, id: LinkId, now: Moment) -> Result<(), OrderError> {
        let link = self.links.get(id.0).ok_or(OrderError::UnknownLink)?;
        match link.wish {
            LinkWish::SignedOff => Err(self.signed_off(id)),
            LinkWish::SignedOn | LinkWish::Drained => {
                self.sign_off(id, now);
                Ok(())
            }
        }
    }

    /// Lets no new request on the link. Always possible while the link is not signed off, also before it is connected.
    fn order_drain(&mut self, id: LinkId) -> Result<(), OrderError> {
        let link = self.links.get_mut(id.0).ok_or(OrderError::UnknownLink)?;
        match link.wish {
            LinkWish::SignedOff => Err(self.signed_off(id)),
            LinkWish::Drained => Err(OrderError::Drained),
            LinkWish::SignedOn => {
                link.wish = LinkWish::Drained;
                self.report(id, false);
                Ok(())
            }
        }
    }

    /// Returns the refusal of an order to a link that is signed off by hand.
    fn signed_off(&self, id: LinkId) -> OrderError {
        match self.phase_of(id) {
            LinkPhase::SigningOff => OrderError::SigningOff,
            LinkPhase::NotConnected
            | LinkPhase::Connecting
            | LinkPhase::SigningOn
            | LinkPhase::SignedOn
            | LinkPhase::Draining
            | LinkPhase::Drained
            | LinkPhase::SignedOff
            | LinkPhase::Held => OrderError::SignedOff,
        }
    }

    /// Signs a link off: new requests are not sent, and responses in flight can arrive within the network's drain time.
    fn sign_off(&mut self, id: LinkId, now: Moment) {
        let Some(link) = self.links.get_mut(id.0) else { return };
        link.wish = LinkWish::SignedOff;
        link.retry_at = None;
        let of_link = self.connections.iter().filter(|(_, connection)| connection.link == id);
        let connections: Vec<_> = of_link.map(|(id, _)| *id).collect();
        for connection in connections {
            self.step(connection, Input::SignOff, None, now);
            self.check_drained(connection, now);
        }
    }

    /// Handles a guard that holds the sign-on of a link off, or releases it. A session that is signed on stays as it is.
    pub fn hold_sign_on(&mut self, id: LinkId, is_held: bool, now: Moment) {
        let Some(link) = self.links.get_mut(id.0).filter(|link| link.is_held != is_held) else {
            return;
        };
        link.is_held = is_held;
        link.dial_now(now);
        if is_held {
            for connection in link.unsigned.clone() {
                self.step(connection, Input::SignOff, None, now);
            }
        }
        self.note_phases(now);
    }

    /// Handles the stop: all links sign off, and every later message and order is refused.
    pub fn handle_stop(&mut self, now: Moment) {
        self.is_stopping = true;
        for correlation_id in self.queue.take_all() {
            self.events.push(Event::NotSent(correlation_id, NotSent::Draining));
        }
        for link in 0..self.links.len() {
            self.sign_off(LinkId(link), now);
        }
        self.note_phases(now);
    }
}

/// Echo requests.
impl LinkGroup {
    /// Returns the next result of an echo by hand.
    pub fn poll_echo(&mut self) -> Option<(LinkId, Result<Duration, OrderError>)> {
        self.echo_results.pop_front()
    }

    fn order_echo(&mut self, id: LinkId, now: Moment) -> Result<(), OrderError> {
        let link = self.links.get(id.0).ok_or(OrderError::UnknownLink)?;
        match self.phase_of(id) {
            LinkPhase::SignedOn | LinkPhase::Draining | LinkPhase::Drained => {}
            LinkPhase::NotConnected => return Err(OrderError::NotConnected),
            LinkPhase::Connecting | LinkPhase::SigningOn => return Err(OrderError::SigningOn),
            LinkPhase::SigningOff => return Err(OrderError::SigningOff),
            LinkPhase::SignedOff => return Err(OrderError::SignedOff),
            LinkPhase::Held => return Err(OrderError::Held),
        }
        if link.manual_echo.is_some() {
            return Err(OrderError::EchoUnderWay);
        }
        let current = link.current.ok_or(OrderError::NotConnected)?;
        if self.connections.get(&current).is_none_or(super::Connection::is_full) {
            return Err(OrderError::OutboxFull);
        }
        self.step(current, Input::Echo, None, now);
        let sent = self.connections.get(&current).and_then(|connection| connection.echo);
        if let (Some((stan, _)), Some(link)) = (sent, self.links.get_mut(id.0)) {
            let until = now.after(self.rules.timers.echo_response);
            link.manual_echo = Some(ManualEcho { connection: current, stan, until });
        }
        Ok(())
    }

    /// Notes an echo request that was sent.
    pub(super) fn note_echo_sent(&mut self, id: ConnectionId, stan: Stan, now: Moment) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.echo = Some((stan, now));
        }
    }

    /// Measures the round trip of an echo, and ends an echo by hand.
    pub(super) fn note_echo_response(
        &mut self,
        id: ConnectionId,
        stan: Stan,
        code: Option<ResponseCode>,
        now: Moment,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(link) = self.links.get_mut(connection.link.0) else { return };
        let Some((_, at)) = connection.echo.take_if(|(sent, _)| *sent == stan) else { return };
        let round_trip = now.since(at);
        link.seen.last_echo = Some(EchoTime { at: now, round_trip });
        let is_manual = |echo: &mut ManualEcho| echo.connection == id && echo.stan == stan;
        if link.manual_echo.take_if(is_manual).is_some() {
            let is_done = code == Some(self.rules.responses.done);
            let result = if is_done { Ok(round_trip) } else { Err(OrderError::EchoRefused(code)) };
            self.echo_results.push_back((connection.link, result));
        }
    }

    /// Ends echoes by hand whose response is late.
    pub(super) fn expire_echoes(&mut self, now: Moment) {
        for (link, place) in self.links.iter_mut().zip(0..) {
            if link.manual_echo.take_if(|echo| echo.until <= now).is_some() {
                self.echo_results.push_back((LinkId(place), Err(OrderError::EchoTimeout)));
            }
        }
    }

    /// Ends the echo by hand of a connection that ended.
    pub(super) fn end_echo(&mut self, id: LinkId, ended: ConnectionId, reason: DisconnectReason) {
        let Some(link) = self.links.get_mut(id.0) else { return };
        if link.manual_echo.take_if(|echo| echo.connection == ended).is_some() {
            self.echo_results.push_back((id, Err(OrderError::ConnectionEnded(reason))));
        }
    }
}
