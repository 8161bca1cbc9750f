//! What the engine asks for, and what the world answers.

use bytes::Bytes;
use titian::engine::{Busy, Concern, Event, Fact, Lookup, Output};
use titian::transfer::{
    About, Alarm, CancelAnswer, Effect, Holding, InboundInput, Input, Line, Order, OutboundFact,
    Posting, PostingAnswer, Reply,
};
use titian::values::{Moment, TransferId};

use crate::auditor::Auditor;
use crate::rules::code;
use crate::world::{Asked, Happening, World};

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
                let order = self.order(id);
                let bytes = self.say(|network, into| network.request(&order, trace, into));
                self.send(id, bytes, cleared.write_by());
            }
            Effect::SendReversal(reversal) => {
                self.auditor.reverses(&self.journal, &reversal);
                let order = self.order(reversal.id);
                let bytes = self.say(|network, into| network.reversal(&order, &reversal, into));
                self.carry_to_switch(bytes);
            }
            Effect::SendStatusInquiry(id, trace) => {
                let order = self.order(id);
                let bytes = self.say(|network, into| network.status(&order, trace, into));
                self.carry_to_switch(bytes);
            }
            Effect::Answer(reply) => self.answer(reply),
            Effect::Tell(id, standing) => self.auditor.told(&self.journal, id, standing),
            Effect::Raise(id, alarm) => self.raised(id, alarm),
        }
    }

    /// A message of the switch is answered.
    fn answer(&mut self, reply: Reply) {
        let Reply { id, to, about, code: said } = reply;
        let approved = said == code("00");
        if !self.auditor.is_the_same(id, to) {
            assert!(!approved, "{id}: told of another request that it is approved");
        } else if about != About::Reversal {
            Auditor::answers(&self.journal, &self.core, id, approved);
        }
        self.reply(to, said, &Holding::default());
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

    /// What was ordered, as the journal has it.
    pub(crate) fn order(&self, id: TransferId) -> Order {
        match self.journal.records(id).first().map(|record| &record.fact) {
            Some(Fact::Out(OutboundFact::Accepted(order))) => order.clone(),
            other => panic!("{id}: {other:?}"),
        }
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
    pub(crate) fn send(&mut self, id: TransferId, bytes: Bytes, write_by: Moment) {
        let held = self.chance.permille(self.faults.link_holds);
        let delay = if held { self.chance.between(1, 60_000) } else { 0 };
        self.after(delay, Happening::Write(id, bytes, write_by, self.incarnation));
    }

    /// A link that was the program's before it stopped writes nothing.
    pub(crate) fn write(&mut self, id: TransferId, bytes: Bytes, write_by: Moment) {
        if !self.line_is_up || self.moment() >= write_by {
            self.after(1, Happening::LineNews(id, Line::NotSent));
            return;
        }
        self.carry_to_switch(bytes);
        self.after(1, Happening::LineNews(id, Line::Sent));
    }
}
