//! All links of a network. It has no socket and no clock.
//!
//! Calls come in this order, round and round: `handle_…` for everything that happened, and
//! [`Group::handle_timeout`] when [`Group::next_deadline`] has come; [`Group::poll_action`] until there is none;
//! for each line [`Group::unwritten`], and what became of it; [`Group::take_events`].

mod dispatch;
mod incoming;
mod links;

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;

use bytes::BytesMut;

use super::event::{Event, NotSent, Outgoing};
use super::line::Line;
use super::matching::InFlight;
use super::outbox::Tracked;
use super::pace::Pace;
use super::session::{Context, Input};
use super::{End, LineId, LinkId};
use crate::iso8583::{Message, Spec};
use crate::network::SessionRules;
use crate::values::Moment;
use dispatch::Waiting;
use links::Link;

/// Who makes the connection of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// We connect to the switch.
    Dial,
    /// The switch connects to us.
    Listen,
}

/// Something to be done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make a connection for this link, and say with [`Group::handle_connected`] or [`Group::handle_ended`] what
    /// became of it.
    Dial(LinkId, LineId),
    /// Write what can be written at once, close the connection, and say so with [`Group::handle_closed`].
    Close(LineId),
}

/// The links of a network.
pub struct Group {
    rules: Arc<SessionRules>,
    spec: Arc<Spec>,
    links: Vec<Link>,
    lines: BTreeMap<LineId, Line>,
    waiting: Waiting,
    in_flight: InFlight,
    pace: Pace,
    actions: VecDeque<Action>,
    events: Vec<Event>,
    counts: Counts,
    /// Network management is written here before it is framed.
    scratch: BytesMut,
}

/// Numbers that are counted up, and chance.
struct Counts {
    line: u64,
    serial: u64,
    /// Of questions of network management.
    stan: u64,
    random: u64,
}

impl Counts {
    fn next_line(&mut self) -> LineId {
        self.line += 1;
        LineId(self.line)
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Any number, by a step of `SplitMix64`; only jitter hangs on it.
    const fn draw(&mut self) -> u32 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 32) as u32
    }
}

impl Group {
    /// The links of a network, all of them down and to be brought up. `seed` is any number: jitter and the first
    /// STAN of network management come from it.
    #[must_use]
    pub fn new(
        rules: Arc<SessionRules>,
        spec: Arc<Spec>,
        links: &[Role],
        seed: u64,
        now: Moment,
    ) -> Self {
        let caps = rules.caps;
        let capacity = caps.in_flight.saturating_mul(links.len()).min(CAPACITY_AT_FIRST);
        Self {
            links: links.iter().map(|role| Link::new(*role, now)).collect(),
            lines: BTreeMap::new(),
            waiting: Waiting::default(),
            in_flight: InFlight::new(capacity),
            pace: Pace::new(caps.per_second, caps.burst, now),
            actions: VecDeque::new(),
            events: Vec::new(),
            counts: Counts { line: 0, serial: 0, stan: seed, random: seed },
            scratch: BytesMut::new(),
            rules,
            spec,
        }
    }

    /// Requests that wait for their turn, and those that wait for their answers.
    #[must_use]
    pub fn under_way(&self) -> (usize, usize) {
        (self.waiting.len(), self.in_flight.len())
    }

    /// Whether all links are signed off and closed, and nothing is left to be done.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.lines.is_empty() && self.links.iter().all(|link| !link.wanted)
    }

    /// When [`Group::handle_timeout`] is to be called next, if ever; sometimes sooner than needed.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let timers = &self.rules.timers;
        let lines = self.lines.values().flat_map(|line| {
            [line.session.deadline(timers), line.outbox.next_deadline(), line.stalls_at(timers)]
        });
        let dials = self.links.iter().map(|link| link.retry_at);
        let turn = self.choose().filter(|_| !self.waiting.is_empty()).map(|_| self.pace.next());
        let others = [self.in_flight.next_due(), self.waiting.next_deadline(), turn];
        lines.chain(dials).chain(others).flatten().min()
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        mem::take(&mut self.events)
    }

    /// The next thing to be done with a connection.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }
}

/// Entries that there is room for at the start.
const CAPACITY_AT_FIRST: usize = 1 << 16;

/// Time.
impl Group {
    /// Handles whatever deadline has come.
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some(pending) = self.in_flight.take_due(now) {
            self.events.push(Event::Expired(pending.token));
            self.one_less(pending.line, now);
        }
        let lines: Vec<_> = self.lines.keys().copied().collect();
        for id in lines {
            self.line_due(id, now);
        }
        for link in 0..self.links.len() {
            self.dial_due(LinkId(link), now);
        }
        self.pump(now);
    }

    fn line_due(&mut self, id: LineId, now: Moment) {
        self.expire(id, now);
        let Some(line) = self.lines.get(&id) else { return };
        let timers = &self.rules.timers;
        let has_come = |deadline: Option<Moment>| deadline.is_some_and(|deadline| deadline <= now);
        if has_come(line.stalls_at(timers)) {
            self.step(id, Input::Ended(End::Stalled), None, now);
        } else if has_come(line.session.deadline(timers)) {
            self.step(id, Input::Due, None, now);
        }
    }

    /// Takes back what may not be written on a line any more.
    fn expire(&mut self, id: LineId, now: Moment) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let mut late = Vec::new();
        let expired = line.outbox.expire(now, |tracked| late.push(tracked));
        let serials: Vec<_> = late.iter().filter_map(|tracked| tracked.serial).collect();
        let withdrawn = self.in_flight.withdraw(&serials);
        line.in_flight -= withdrawn.len();
        for Tracked { token, serial, .. } in late {
            let waited = |serial| withdrawn.binary_search_by_key(&serial, |one| one.serial).is_ok();
            // A request that its repeat took the place of has had its ending.
            if serial.is_none_or(waited) {
                self.events.push(Event::NotSent(token, NotSent::Deadline));
            }
        }
        if expired.is_err() {
            self.step(id, Input::Ended(End::Stalled), None, now);
        }
    }
}

/// Steps of a session.
impl Group {
    /// Lets something happen to a connection, and does what follows.
    fn step(&mut self, id: LineId, input: Input, message: Option<&Message<'_>>, now: Moment) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.counts.stan };
        for one in line.session.handle(input, &mut context).into_iter().flatten() {
            self.make(id, one, message, now);
        }
    }

    /// One request less is under way on a line.
    fn one_less(&mut self, id: LineId, now: Moment) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.in_flight -= 1;
        self.emptied(id, now);
    }

    /// A line that drains is signed off when nothing is under way on it.
    fn emptied(&mut self, id: LineId, now: Moment) {
        let Some(line) = self.lines.get(&id) else { return };
        if line.session.is_draining() && line.in_flight == 0 && line.outbox.is_empty() {
            self.step(id, Input::Emptied, None, now);
        }
    }
}
