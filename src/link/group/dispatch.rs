//! Messages on their way out: their turn, their line, and what became of their bytes.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Event, Group, NotSent, Outgoing};
use crate::iso8583::{FrameError, Mti, OutgoingFrame};
use crate::link::matching::{Key, Pending};
use crate::link::outbox::Tracked;
use crate::link::{LineId, LinkId, Token};
use crate::network::Spread;
use crate::values::Moment;

/// A request that waits for its turn.
struct Request {
    token: Token,
    message: Bytes,
    mti: Mti,
    key: Key,
    deadline: Moment,
}

/// Requests that wait for their turn, in the order in which they came.
#[derive(Default)]
pub(super) struct Waiting {
    requests: VecDeque<Request>,
    /// No deadline is before this.
    earliest: Option<Moment>,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) const fn next_deadline(&self) -> Option<Moment> {
        self.earliest
    }

    fn push(&mut self, request: Request) {
        let earliest = self.earliest.unwrap_or(request.deadline);
        self.earliest = Some(earliest.min(request.deadline));
        self.requests.push_back(request);
    }

    fn pop(&mut self) -> Option<Request> {
        let request = self.requests.pop_front();
        if self.requests.is_empty() {
            self.earliest = None;
        }
        request
    }

    /// Takes out those whose deadline has come.
    fn expire(&mut self, now: Moment, mut gone: impl FnMut(Token)) {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return;
        }
        self.requests.retain(|request| {
            let late = request.deadline <= now;
            if late {
                gone(request.token);
            }
            !late
        });
        self.earliest = self.requests.iter().map(|request| request.deadline).min();
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Token> {
        self.earliest = None;
        self.requests.drain(..).map(|request| request.token)
    }
}

impl Group {
    /// Takes a message to be sent. Each one is told of, whatever becomes of it.
    pub fn handle_send(&mut self, outgoing: Outgoing, now: Moment) {
        let token = outgoing.token;
        if let Err(why) = self.admit(outgoing, now) {
            self.events.push(Event::NotSent(token, why));
        }
        self.pump(now);
    }

    fn admit(&mut self, outgoing: Outgoing, now: Moment) -> Result<(), NotSent> {
        let Outgoing { token, message, deadline, via } = outgoing;
        let mti = self.spec.mti_of(&message).ok_or(NotSent::NotAMessage)?;
        if !mti.is_request() {
            let tracked = Tracked { token, serial: None, deadline };
            return self.answer(tracked, &message, mti, via, now);
        }
        let decoded = self.spec.decode(message.clone()).map_err(|_| NotSent::NotAMessage)?;
        let key = Key::of(&decoded, &self.rules.keys).ok_or(NotSent::NoKey)?;
        if self.links.iter().all(|link| !link.wanted) {
            return Err(NotSent::Draining);
        }
        if self.waiting.len() >= self.rules.caps.waiting {
            return Err(NotSent::Full);
        }
        self.waiting.push(Request { token, message, mti, key, deadline });
        Ok(())
    }

    /// Answers of ours wait for no turn: the switch waits for them.
    fn answer(
        &mut self,
        tracked: Tracked,
        message: &[u8],
        mti: Mti,
        via: Option<LinkId>,
        now: Moment,
    ) -> Result<(), NotSent> {
        if tracked.deadline <= now {
            return Err(NotSent::Deadline);
        }
        let open = |link: &super::Link| {
            link.current.filter(|id| self.lines.get(id).is_some_and(|line| line.session.is_open()))
        };
        let asked = via.and_then(|via| self.links.get(via.0)).and_then(open);
        let id = asked.or_else(|| self.links.iter().find_map(open)).ok_or(NotSent::NoLink)?;
        let line = self.lines.get_mut(&id).ok_or(NotSent::NoLink)?;
        if line.is_full() {
            return Err(NotSent::Full);
        }
        let header = self.rules.headers.of(mti);
        line.push(OutgoingFrame { header, message }, Some(tracked), now)
            .map_err(|error| unsendable(&error))
    }

    /// Gives requests their lines, as far as caps allow.
    pub(super) fn pump(&mut self, now: Moment) {
        let events = &mut self.events;
        self.waiting.expire(now, |token| events.push(Event::NotSent(token, NotSent::Deadline)));
        while !self.waiting.is_empty()
            && let Some(line) = self.choose()
            && self.pace.take(now)
            && let Some(request) = self.waiting.pop()
        {
            let token = request.token;
            if let Err(why) = self.dispatch(line, &request, now) {
                self.events.push(Event::NotSent(token, why));
            }
        }
    }

    /// The line that the next request goes on, if any may take one.
    pub(super) fn choose(&self) -> Option<LineId> {
        let cap = self.rules.caps.in_flight;
        let up = self.links.iter().filter_map(|link| {
            let id = link.current?;
            self.lines.get(&id).filter(|line| line.session.is_up()).map(|line| (id, line))
        });
        let chosen = match self.rules.spread {
            Spread::LeastLoaded => {
                up.filter(|(_, line)| line.has_room(cap)).min_by_key(|(_, line)| line.in_flight)
            }
            Spread::FirstUp => up.take(1).find(|(_, line)| line.has_room(cap)),
        };
        chosen.map(|(id, _)| id)
    }

    fn dispatch(&mut self, id: LineId, request: &Request, now: Moment) -> Result<(), NotSent> {
        let &Request { token, ref message, mti, key, deadline } = request;
        self.free_key(&key, token, mti, now)?;
        let serial = self.counts.next_serial();
        let line = self.lines.get_mut(&id).ok_or(NotSent::NoLink)?;
        let tracked = Tracked { token, serial: Some(serial), deadline };
        let header = self.rules.headers.of(mti);
        line.push(OutgoingFrame { header, message }, Some(tracked), now)
            .map_err(|error| unsendable(&error))?;
        line.in_flight += 1;
        let until = now.after(self.rules.timers.answer);
        self.in_flight.insert(key, Pending { token, line: id, serial, until });
        Ok(())
    }

    /// Sees that nobody has the key. A repeat takes the place of what it repeats.
    fn free_key(&mut self, key: &Key, token: Token, mti: Mti, now: Moment) -> Result<(), NotSent> {
        match self.in_flight.holder(key) {
            None => Ok(()),
            Some(holder) if holder == token && mti.is_repeat() => {
                self.events.push(Event::Expired(token));
                if let Some(repeated) = self.in_flight.take(key) {
                    self.one_less(repeated.line, now);
                }
                Ok(())
            }
            Some(_) => Err(NotSent::KeyInFlight),
        }
    }
}

/// Bytes on their way to a peer.
impl Group {
    /// What is to be written on a line now.
    pub fn unwritten(&mut self, line: LineId, now: Moment) -> &[u8] {
        self.expire(line, now);
        self.lines.get(&line).map(|line| line.outbox.unwritten()).unwrap_or_default()
    }

    /// The transport took so many of these bytes; whether they are in the kernel [`Group::handle_flushed`] says.
    pub fn handle_written(&mut self, line: LineId, count: usize) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.outbox.take(count);
        }
    }

    /// Whether the transport has bytes that it may not have put into the kernel.
    #[must_use]
    pub fn is_unflushed(&self, line: LineId) -> bool {
        self.lines.get(&line).is_some_and(|line| line.outbox.has_taken())
    }

    /// All bytes that the transport took are in the kernel.
    pub fn handle_flushed(&mut self, id: LineId, now: Moment) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let events = &mut self.events;
        line.outbox.flushed(now, |token| events.push(Event::Sent(token)));
        self.emptied(id, now);
        self.pump(now);
    }
}

/// Only a fault of ours comes here: nothing is read or written.
fn unsendable(error: &FrameError) -> NotSent {
    match error {
        FrameError::Unsendable(fault) => NotSent::Unsendable(*fault),
        FrameError::Broken(_) | FrameError::Io(_) => NotSent::NotAMessage,
    }
}
