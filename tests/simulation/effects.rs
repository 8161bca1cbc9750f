//! What the engine asks for, and what the world answers.

use titian::engine::{Busy, Concern, Event, Fact, Lookup, Output, Question};
use titian::transfer::{
    About, Alarm, CancelAnswer, Effect, Heard, InboundInput, Input, Line, OutboundFact, Posting,
    PostingAnswer, Reply, Trace,
};
use titian::values::{Moment, TransferId};

use crate::auditor::Auditor;
use crate::rules::code;
use crate::switch::{Made, wire_key};
use crate::world::{Asked, Happening, Message, World, amount};

impl World {
    pub(crate) fn release(&mut self, output: Output) {
        match output {
            Output::Effect(effect) => self.effect(effect),
            Output::LookUp(number, lookup, event) => {
                let delay = self.chance.between(1, 10);
                self.after(
                    delay,
                    Happening::LookUp(Asked(self.incarnation, number), lookup, event),
                );
            }
            Output::Existing(repeat) => self.auditor.existing(&self.journal, repeat),
            Output::Conflict(repeat) => {
                self.counts.conflicts += 1;
                let (_, first) = self.journal.look_up(Lookup::Id(repeat.first));
                assert_ne!(first.unwrap().body, repeat.body, "{}: the same", repeat.first);
            }
            Output::Refused(_, busy) => assert_eq!(busy, Busy::Overtaken, "there is room for all"),
            Output::Unknown(id) => panic!("{id}: nobody knows it"),
            Output::Stands(id, stand) => {
                let life = stand.map(|stand| stand.life);
                self.auditor.stands(&self.journal, id, life.as_ref());
            }
            Output::Unmatched(trace, ..) => {
                assert!(self.journal.by_trace(trace).is_none(), "an answer of ours is unmatched");
            }
            Output::AskSwitch(inquiry, trace) => self.ask_switch(&inquiry, trace),
            Output::AskAccount(id, _) => self.ask_core(id),
            Output::Inquired(id, way, outcome) => self.inquired(id, way, &outcome),
            Output::LateInquiry(..) | Output::CutOverRefused(_) => {}
        }
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.counts.checks += 1;
        match effect {
            Effect::AskPosting(posting) => {
                self.auditor.asks_posting(&self.journal, &posting);
                self.call_core(Happening::Post(posting));
            }
            Effect::CancelPosting(id) => self.call_core(Happening::Cancel(id)),
            Effect::SendRequest(cleared) => {
                let (id, trace) = (cleared.id(), cleared.trace());
                self.auditor.sends(&self.journal, &self.core, id, trace);
                let minor = self.minor(id);
                self.send(id, Message::Request(trace, minor), cleared.write_by());
            }
            Effect::SendReversal(reversal) => {
                self.auditor.reverses(&self.journal, &reversal);
                let minor = self.minor(reversal.id);
                self.carry_to_switch(Message::Reversal(reversal, minor));
            }
            Effect::SendStatusInquiry(id, trace) => {
                self.carry_to_switch(Message::Status(id, trace));
            }
            Effect::Answer(reply) => self.answer(reply),
            Effect::Tell(id, standing) => self.auditor.told(&self.journal, id, standing),
            Effect::Raise(id, alarm) => self.raised(id, alarm),
        }
    }

    /// A message of the switch is answered.
    fn answer(&mut self, reply: Reply) {
        let Reply { id, about, code: said, .. } = reply;
        let approved = said == code("00");
        if !self.auditor.is_the_same(id, reply.to) {
            return assert!(!approved, "{id}: told of another request that it is approved");
        }
        let key = self.key_of(id);
        if about != About::Reversal {
            Auditor::answers(&self.journal, &self.core, id, approved);
        }
        let arrives = match about {
            About::Status if said == code("09") => return,
            About::Request | About::Status => Happening::AnswerArrives(key, approved),
            About::Reversal => {
                Happening::ReversalAnswerArrives(key, approved || said == code("94"))
            }
        };
        if self.line_is_up {
            self.carry(&arrives);
        }
    }

    /// Somebody is called. Persons may be hasty: they decide by what the switch has then, whatever is on its way.
    fn raised(&mut self, id: TransferId, alarm: Alarm) {
        assert_ne!(alarm, Alarm::Fault, "{id}: a fault of ours");
        if alarm == Alarm::Contradiction {
            self.counts.contradicted += 1;
        }
        if alarm == Alarm::Exception && self.chance.permille(self.faults.hasty_persons) {
            let delay = self.chance.between(1_000, 100_000);
            self.after(delay, Happening::Persons(id));
        }
    }

    pub(crate) fn minor(&self, id: TransferId) -> u64 {
        match self.journal.records(id).first().map(|record| &record.fact) {
            Some(Fact::Out(OutboundFact::Accepted(order))) => order.amount.minor(),
            other => panic!("{id}: {other:?}"),
        }
    }

    pub(crate) fn key_of(&self, id: TransferId) -> u128 {
        let claim = self.journal.look_up(Lookup::Id(id)).1;
        claim.expect("what the switch is told is in the journal, with its key").request.0
    }

    pub(crate) fn call_core(&mut self, call: Happening) {
        if self.chance.permille(self.faults.core_silent) {
            // The call is lost, or slow.
            if self.chance.permille(500) {
                let delay = self.chance.between(2_000, 100_000);
                self.after(delay, call);
            }
            return;
        }
        let delay = self.chance.between(1, 20);
        self.after(delay, call);
    }

    pub(crate) fn post(&mut self, posting: &Posting) {
        let answer = self.core.post(posting, &mut self.chance, self.faults);
        let id = posting.id;
        let inbound = self.is_inbound(id);
        let concern = if inbound {
            Concern::In(InboundInput::Posting(answer))
        } else {
            Concern::Out(Input::Posting(answer))
        };
        self.core_answers(Event::Transfer(id, concern));
    }

    pub(crate) fn cancel(&mut self, id: TransferId) {
        let answer = self.core.cancel(id, &mut self.chance, self.faults);
        let inbound = self.is_inbound(id);
        let concern = if inbound {
            Concern::In(InboundInput::Cancel(answer))
        } else {
            Concern::Out(Input::Cancel(answer))
        };
        self.core_answers(Event::Transfer(id, concern));
    }

    pub(crate) fn core_answers(&mut self, event: Event) {
        if self.chance.permille(self.faults.core_silent) {
            // What core did is done, and nobody hears of it.
            let silent = match event {
                Event::Transfer(id, Concern::Out(Input::Posting(_))) => {
                    Event::Transfer(id, Concern::Out(Input::Posting(PostingAnswer::None)))
                }
                Event::Transfer(id, Concern::Out(Input::Cancel(_))) => {
                    Event::Transfer(id, Concern::Out(Input::Cancel(CancelAnswer::None)))
                }
                other => {
                    drop(other);
                    return;
                }
            };
            self.after(5_000, Happening::FromCore(silent));
            return;
        }
        let delay = self.chance.between(1, 20);
        self.after(delay, Happening::FromCore(event));
    }

    pub(crate) fn is_inbound(&self, id: TransferId) -> bool {
        let first = self.journal.records(id).first();
        matches!(first.map(|record| &record.fact), Some(Fact::In(_)))
    }

    /// The link writes a request, or says that it could not. It may have to wait for its turn, but not too long.
    pub(crate) fn send(&mut self, id: TransferId, message: Message, write_by: Moment) {
        let held = self.chance.permille(self.faults.link_holds);
        let delay = if held { self.chance.between(1, 60_000) } else { 0 };
        self.after(delay, Happening::Write(id, message, write_by, self.incarnation));
    }

    /// A link that was the program's before it stopped writes nothing.
    pub(crate) fn write(&mut self, id: TransferId, message: Message, write_by: Moment) {
        if !self.line_is_up || self.moment() >= write_by {
            self.after(1, Happening::LineNews(id, Line::NotSent));
            return;
        }
        self.carry_to_switch(message);
        self.after(1, Happening::LineNews(id, Line::Sent));
    }

    pub(crate) fn carry_to_switch(&mut self, message: Message) {
        if self.line_is_up {
            self.carry(&Happening::ToSwitch(message));
        }
    }

    pub(crate) fn at_switch(&mut self, message: Message) {
        let faults = self.faults;
        match message {
            Message::Request(trace, minor) => {
                let answer = self.switch.request(trace, minor, &mut self.chance, faults);
                self.answered(trace, Question::Request, answer, minor);
            }
            Message::Reversal(reversal, minor) => {
                let answer =
                    self.switch.reversal(reversal.original, minor, &mut self.chance, faults);
                self.answered(reversal.trace, Question::Reversal, answer, minor);
            }
            Message::Inquiry(trace, minor) => self.switch_is_asked(trace, minor),
            Message::Status(id, trace) => {
                let made = self.switch.ours.get(&wire_key(trace));
                let answer = match made {
                    // The inquiry isn't understood, which says nothing of the transfer.
                    _ if self.chance.permille(faults.unclear) => "30",
                    Some((Made::Moved, _)) => "00",
                    Some(_) => "51",
                    None => "68",
                };
                let minor = self.minor(id);
                self.answered(trace, Question::Status, answer, minor);
            }
        }
    }

    pub(crate) fn answered(&mut self, trace: Trace, to: Question, text: &str, minor: u64) {
        // An answer that is another transfer's says nothing of this one.
        let heard = if self.chance.permille(self.faults.mismatched) {
            Heard::new(code("00"), amount(minor + 1))
        } else {
            Heard::new(code(text), amount(minor))
        };
        self.carry_answer(Event::Answered { trace, to, heard });
    }
}
