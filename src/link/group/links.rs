//! Links and their connections: how they come about and how they end.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::{Action, Counts, Event, Group, Role};
use crate::iso8583::FrameCodec;
use crate::link::event::NotSent;
use crate::link::line::Line;
use crate::link::session::{Input, Session};
use crate::link::{End, LineId, LinkId};
use crate::network::SessionRules;
use crate::values::Moment;

/// A link and its connections.
pub(super) struct Link {
    role: Role,
    /// The connection that was signed on, until it is closed.
    pub(super) current: Option<LineId>,
    /// Connections that wait for a sign-on, the oldest first.
    early: VecDeque<LineId>,
    /// When to dial.
    pub(super) retry_at: Option<Moment>,
    /// Connections in a row that did not get as far as a sign-on.
    tries: u16,
    /// Whether it is to be up.
    pub(super) wanted: bool,
}

/// Connections of one link that may wait for a sign-on. One more, and the oldest is closed: so whoever connects and
/// says nothing keeps nobody out.
const EARLY_MAX: usize = 16;

impl Link {
    pub(super) fn new(role: Role, now: Moment) -> Self {
        let retry_at = (role == Role::Dial).then_some(now);
        let early = VecDeque::new();
        Self { role, current: None, early, retry_at, tries: 0, wanted: true }
    }

    fn forget(&mut self, id: LineId) {
        self.early.retain(|early| *early != id);
        self.current = self.current.filter(|current| *current != id);
    }

    /// Whether it is ours to dial and nothing is left of the last time.
    fn is_to_dial(&self) -> bool {
        let idle = self.current.is_none() && self.early.is_empty();
        idle && self.wanted && self.role == Role::Dial
    }

    /// Sets when to dial again.
    fn retry(&mut self, rules: &SessionRules, counts: &mut Counts, now: Moment) {
        if self.is_to_dial() {
            self.tries = self.tries.saturating_add(1);
            self.retry_at = Some(rules.timers.reconnect.next(now, self.tries, counts.draw()));
        }
    }
}

/// Connections.
impl Group {
    /// A peer connected to a link that listens. `None` if the link is signed off: close it.
    pub fn handle_accepted(&mut self, link: LinkId, now: Moment) -> Option<LineId> {
        let wanted = self.links.get(link.0).is_some_and(|link| link.wanted);
        wanted.then(|| self.begin(link, now))
    }

    /// A peer that is not on the list of a link was turned away.
    pub fn handle_turned_away(&mut self, link: LinkId, peer: IpAddr) {
        self.events.push(Event::TurnedAway(link, peer));
    }

    /// A connection is made, with its TLS.
    pub fn handle_connected(&mut self, line: LineId, now: Moment) {
        self.step(line, Input::Connected, None, now);
    }

    /// A connection could not be made, or broke.
    pub fn handle_ended(&mut self, line: LineId, end: End, now: Moment) {
        self.step(line, Input::Ended(end), None, now);
    }

    /// A connection is closed. Tells what became of all that was under way on it.
    pub fn handle_closed(&mut self, id: LineId, now: Moment) {
        let Some(line) = self.lines.remove(&id) else { return };
        let mut unwritten = Vec::new();
        for (tracked, begun) in line.outbox.abandon() {
            match (tracked.serial, begun) {
                (Some(serial), false) => unwritten.push(serial),
                // Whether a request is lost is looked up among those that wait for an answer.
                (Some(_), true) => {}
                (None, true) => self.events.push(Event::Lost(tracked.token)),
                (None, false) => {
                    self.events.push(Event::NotSent(tracked.token, NotSent::LineBroke));
                }
            }
        }
        for pending in self.in_flight.take_line(id) {
            // Serials go up along the outbox.
            let not_sent = unwritten.binary_search(&pending.serial).is_ok();
            self.events.push(if not_sent {
                Event::NotSent(pending.token, NotSent::LineBroke)
            } else {
                Event::Lost(pending.token)
            });
        }
        self.ended(id, line.link, line.end.unwrap_or(End::Closed), now);
        self.pump(now);
    }

    fn ended(&mut self, id: LineId, link_id: LinkId, end: End, now: Moment) {
        let Some(link) = self.links.get_mut(link_id.0) else { return };
        let was_up = link.current == Some(id);
        link.forget(id);
        link.retry(&self.rules, &mut self.counts, now);
        self.events.push(if was_up {
            Event::Down(link_id, end)
        } else {
            Event::Failed(link_id, end)
        });
    }

    /// Dials, if it is time.
    pub(super) fn dial_due(&mut self, link: LinkId, now: Moment) {
        let due =
            self.links.get_mut(link.0).and_then(|link| link.retry_at.take_if(|at| *at <= now));
        if due.is_some() {
            let id = self.begin(link, now);
            self.actions.push_back(Action::Dial(link, id));
        }
    }

    /// Puts a new connection to those that wait for a sign-on.
    fn begin(&mut self, link_id: LinkId, now: Moment) -> LineId {
        let id = self.counts.next_line();
        let session = Session::new(now, &self.rules.timers);
        let codec = FrameCodec::new(self.spec.framing().clone());
        self.lines.insert(id, Line::new(link_id, session, codec));
        let early = self.links.get_mut(link_id.0).map(|link| &mut link.early);
        let crowded = early.and_then(|early| {
            early.push_back(id);
            if early.len() > EARLY_MAX { early.pop_front() } else { None }
        });
        if let Some(oldest) = crowded {
            self.step(oldest, Input::Ended(End::Crowded), None, now);
        }
        id
    }

    /// Requests go on this connection from now on. One that was up before is the peer's past.
    pub(super) fn came_up(&mut self, id: LineId, now: Moment) {
        let Some(link_id) = self.lines.get(&id).map(|line| line.link) else { return };
        let Some(link) = self.links.get_mut(link_id.0) else { return };
        link.early.retain(|early| *early != id);
        link.tries = 0;
        let before = link.current.replace(id);
        self.events.push(Event::Up(link_id));
        if let Some(before) = before {
            self.step(before, Input::Ended(End::Replaced), None, now);
        }
    }
}

/// What the operator wants.
impl Group {
    /// Signs a link off: no new requests; what is under way is waited for, within the network's time.
    pub fn sign_off(&mut self, link: LinkId, now: Moment) {
        let Some(link_state) = self.links.get_mut(link.0) else { return };
        link_state.wanted = false;
        link_state.retry_at = None;
        let of_link = self.lines.iter().filter(|(_, line)| line.link == link);
        let lines: Vec<_> = of_link.map(|(id, _)| *id).collect();
        for id in lines {
            self.step(id, Input::Drain, None, now);
            self.emptied(id, now);
        }
    }

    /// Brings a link up again that was signed off.
    pub fn sign_on(&mut self, link: LinkId, now: Moment) {
        let Some(link) = self.links.get_mut(link.0) else { return };
        if !link.wanted {
            link.wanted = true;
            link.tries = 0;
            link.retry_at = link.is_to_dial().then_some(now);
        }
    }

    /// Signs all links off, for good.
    pub fn drain(&mut self, now: Moment) {
        for token in self.waiting.take_all() {
            self.events.push(Event::NotSent(token, NotSent::Draining));
        }
        for link in 0..self.links.len() {
            self.sign_off(LinkId(link), now);
        }
    }
}
