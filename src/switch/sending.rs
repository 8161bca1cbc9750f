//! What goes out, and what faults make of it.

use std::time::Duration;

use super::compose::{response, with_wrong_amount};
use super::faults::{Action, Way};
use super::members::{Member, Presence};
use super::questions::{Purpose, Question, key_to};
use super::requests::Incoming;
use super::wire::Wire;
use super::{Output, Switch};
use crate::iso8583::De;
use crate::values::{Moment, ResponseCode, Stan, Transmission};

impl Switch {
    /// Refuses a message before anything was looked at.
    pub(super) fn refuse(&mut self, ask: &Incoming, code: ResponseCode, now: Moment) {
        self.ledger.counts().refused += 1;
        self.answer(ask, code, now);
    }

    /// Answers a request with a code.
    pub(super) fn answer(&mut self, ask: &Incoming, code: ResponseCode, now: Moment) {
        self.send_answer(ask.from, ask.fault, response(&ask.wire, code), now);
    }

    pub(super) fn send_answer(
        &mut self,
        to: Member,
        fault: Option<Action>,
        mut wire: Wire,
        now: Moment,
    ) {
        match fault {
            None | Some(Action::Decline(_) | Action::Delay(_)) => {}
            Some(Action::DropRequest | Action::DropResponse) => return,
            Some(Action::Late(time)) => return self.send(to, wire, time),
            Some(Action::Duplicate) => self.send(to, wire.clone(), Duration::ZERO),
            Some(Action::WrongAmount) => with_wrong_amount(&mut wire),
            Some(Action::UnknownStan) => {
                wire.show(De::STAN, Stan::wrapped(self.chance.draw()));
            }
            Some(Action::OverwriteDe7) => wire.show(De::TRANSMISSION, Transmission::of(now)),
            Some(Action::Garbage) => return self.send_garbage(to, wire.line()),
            Some(Action::Disconnect) => return self.disconnect(to, wire.line()),
        }
        self.send(to, wire, Duration::ZERO);
    }

    /// Asks a bank something, and again until it answers or the time is over. A question whose key is open is not asked: it
    /// is given back.
    pub(super) fn ask(
        &mut self,
        to: Member,
        wire: Wire,
        purpose: Purpose,
        now: Moment,
    ) -> Option<Wire> {
        let key = key_to(to, &wire);
        if self.questions.is_open(key) {
            return Some(wire);
        }
        let timers = self.dialect.timers;
        let wait = match purpose {
            Purpose::Inquiry(_) | Purpose::Transfer(..) => timers.answer_within,
            Purpose::Reversal | Purpose::Notice => timers.repeat_every,
        };
        let due = now.after(wait);
        let mut question = Question { to, wire, purpose, tries: 1, unheard: 0, since: now, due };
        self.send_question(&mut question);
        self.questions.put(key, question);
        None
    }

    /// Sends a question for the first time or again.
    pub(super) fn send_question(&mut self, question: &mut Question) {
        let to = question.to;
        if self.members.presence(to) != Presence::SignedOn {
            self.ledger.counts().unsent += 1;
            return;
        }
        match self.faults.draw(&question.wire, Way::Sent, &mut self.chance) {
            Some(Action::DropRequest) => {}
            Some(Action::DropResponse) => {
                question.unheard += 1;
                self.send(to, question.wire.clone(), Duration::ZERO);
            }
            Some(Action::Delay(time) | Action::Late(time)) => {
                self.send(to, question.wire.clone(), time);
            }
            Some(Action::Duplicate) => {
                self.send(to, question.wire.clone(), Duration::ZERO);
                self.send(to, question.wire.clone(), Duration::ZERO);
            }
            Some(Action::Garbage) => self.send_garbage(to, question.wire.line()),
            Some(Action::Disconnect) => self.disconnect(to, question.wire.line()),
            None
            | Some(
                Action::Decline(_)
                | Action::WrongAmount
                | Action::UnknownStan
                | Action::OverwriteDe7,
            ) => self.send(to, question.wire.clone(), Duration::ZERO),
        }
    }

    pub(super) fn send(&mut self, to: Member, wire: Wire, after: Duration) {
        match self.members.presence(to) {
            Presence::Connected | Presence::SignedOn => {
                self.outputs.push_back(Output::Send { to, wire, after });
            }
            Presence::Played | Presence::Gone => self.ledger.counts().unsent += 1,
        }
    }

    /// 1 to 64 bytes by chance.
    fn send_garbage(&mut self, to: Member, line: u64) {
        let length = self.chance.between(1, 64);
        let bytes = (0..length).map(|_| self.chance.draw().to_le_bytes()[0]).collect();
        self.outputs.push_back(Output::Garbage { to, line, bytes });
    }

    fn disconnect(&mut self, bank: Member, line: u64) {
        self.outputs.push_back(Output::Disconnect { bank, line });
    }
}
