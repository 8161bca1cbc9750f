//! Bytes that came, cut into messages, and what follows from each.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use super::{Action, Event, Group};
use crate::iso8583::{Frame, FrameError, Message, OutgoingFrame, Spec};
use crate::link::event::Premature;
use crate::link::management::{Heard, write_answer, write_question};
use crate::link::matching::Key;
use crate::link::session::{Asked, Input, Move};
use crate::link::{End, LineId, LinkId};
use crate::values::{Moment, Stan};

impl Group {
    /// Bytes came on a line: takes all whole messages off the front of the buffer.
    pub fn handle_received(&mut self, id: LineId, buffer: &mut BytesMut, now: Moment) {
        let spec = Arc::clone(&self.spec);
        while let Some(line) = self.lines.get_mut(&id)
            && line.end.is_none()
        {
            match line.codec.decode(buffer) {
                Ok(None) => break,
                Ok(Some(Frame::KeepAlive)) => {
                    self.step(id, Input::Heard(Heard::KeepAlive), None, now);
                }
                Ok(Some(Frame::Message { message, .. })) => self.hear(id, message, &spec, now),
                Err(error) => self.step(id, Input::Ended(end_of(&error)), None, now),
            }
        }
        self.pump(now);
    }

    fn hear(&mut self, id: LineId, bytes: Bytes, spec: &Spec, now: Moment) {
        match spec.decode(bytes.clone()) {
            Ok(message) => {
                let heard = Heard::of(&message, &self.rules);
                self.step(id, Input::Heard(heard), Some(&message), now);
            }
            Err(error) => {
                let Some(line) = self.lines.get(&id) else { return };
                let (message, error) = (bytes, Box::new(error));
                self.events.push(Event::Malformed { link: line.link, message, error });
                if line.session.is_early() {
                    self.step(id, Input::Ended(End::Garbage), None, now);
                }
            }
        }
    }

    /// Makes a move of a session.
    pub(super) fn make(
        &mut self,
        id: LineId,
        one: Move,
        message: Option<&Message<'_>>,
        now: Moment,
    ) {
        let Some(link) = self.lines.get(&id).map(|line| line.link) else { return };
        match (one, message) {
            (Move::Ask(asked, stan), _) => self.ask(id, asked, stan, now),
            (Move::KeepAlive, _) => self.keep_alive(id, now),
            (Move::Up, _) => self.came_up(id, now),
            (Move::Close(end), _) => self.close(id, end),
            (Move::CutOver(date), _) => self.events.push(Event::CutOver { link, date }),
            (Move::Pass, Some(message)) => self.pass(link, message, now),
            (Move::Answer { done }, Some(message)) => self.respond(id, message, done, now),
            (Move::KeyChange, Some(message)) => {
                self.events.push(Event::KeyChange { link, message: message.bytes().clone() });
            }
            (Move::Unexpected, Some(message)) => self.unexpected(id, message),
            // A keep-alive on a dead line is nothing to tell of.
            (Move::Pass | Move::Answer { .. } | Move::KeyChange | Move::Unexpected, None) => {}
        }
    }

    /// Hands a message up.
    fn pass(&mut self, link: LinkId, message: &Message<'_>, now: Moment) {
        let bytes = message.bytes().clone();
        if message.mti().is_request() {
            self.events.push(Event::Request { link, message: bytes });
        } else {
            self.answered(link, message, bytes, now);
        }
    }

    fn answered(&mut self, link: LinkId, message: &Message<'_>, bytes: Bytes, now: Moment) {
        let key = Key::of(message, &self.rules.keys);
        match key.and_then(|key| self.in_flight.take(&key)) {
            Some(pending) => {
                let token = pending.token;
                self.events.push(Event::Answered { token, link, message: bytes });
                self.one_less(pending.line, now);
            }
            None => self.events.push(Event::Unmatched { link, message: bytes }),
        }
    }

    fn unexpected(&mut self, id: LineId, message: &Message<'_>) {
        let Some(line) = self.lines.get(&id) else { return };
        let premature = if line.session.is_early() { Premature::Yes } else { Premature::No };
        let message = message.bytes().clone();
        self.events.push(Event::Unexpected { link: line.link, premature, message });
    }

    fn close(&mut self, id: LineId, end: End) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.end = Some(end);
        self.actions.push_back(Action::Close(id));
    }
}

/// What a session says itself.
impl Group {
    fn ask(&mut self, id: LineId, asked: Asked, stan: Stan, now: Moment) {
        let rules = Arc::clone(&self.rules);
        self.scratch.clear();
        let with = (&*self.spec, &*rules);
        match write_question((asked, stan), with, now, &mut self.scratch) {
            Ok(()) => self.say(id, rules.headers.of(rules.request), now),
            Err(_) => self.step(id, Input::Ended(End::Unsendable), None, now),
        }
    }

    /// Answers network management. What the spec has no answer to, as an advice (0820), gets none.
    fn respond(&mut self, id: LineId, message: &Message<'_>, done: bool, now: Moment) {
        let rules = Arc::clone(&self.rules);
        self.scratch.clear();
        let written = write_answer(message, done, &rules, &mut self.scratch);
        if let (Ok(()), Some(mti)) = (written, message.mti().response()) {
            self.say(id, rules.headers.of(mti), now);
        }
    }

    /// Puts what was written to a line's outbox.
    fn say(&mut self, id: LineId, header: &[u8], now: Moment) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let end = if line.is_full() {
            Some(End::Stalled)
        } else {
            let frame = OutgoingFrame { header, message: &self.scratch };
            line.push(frame, None, now).is_err().then_some(End::Unsendable)
        };
        if let Some(end) = end {
            self.step(id, Input::Ended(end), None, now);
        }
    }

    fn keep_alive(&mut self, id: LineId, now: Moment) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        if line.is_full() || line.push_keep_alive(now).is_err() {
            self.step(id, Input::Ended(End::Stalled), None, now);
        }
    }
}

const fn end_of(error: &FrameError) -> End {
    match error {
        FrameError::Broken(fault) => End::Framing(*fault),
        FrameError::Unsendable(_) => End::Unsendable,
        FrameError::Io(_) => End::Closed,
    }
}
