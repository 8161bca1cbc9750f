//! Exchanges under way: questions of channels to the switch, and of the switch to core. Nothing of them is durable, so
//! a restart forgets them, and whoever asked asks again.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

use super::Engine;
use super::event::{Busy, Output};
use super::live::{Mixer, trace_key as by_wire};
use crate::mutation::{Mutant, broken};
use crate::transfer::{
    Alarm, Effect, Exchange, ExchangeInput, Heard, Holding, Inquiry, Numbers as _, Outcome, Trace,
    Turn, Way,
};
use crate::values::{Moment, TransferId};

/// The exchanges under way, and the ways to find them.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    by_id: HashMap<u128, Asked, BuildHasherDefault<Mixer>>,
    /// By what an answer has of the numbers: it says no millisecond, and may leave out the business date.
    by_trace: HashMap<u128, u128, BuildHasherDefault<Mixer>>,
    /// They are few and short, so that an ordered set does for their deadlines.
    due: BTreeSet<(Moment, u128)>,
}

/// A question, where it stands, and the numbers that it went under; an answer to any of them is one.
#[derive(Debug)]
struct Asked {
    inquiry: Inquiry,
    exchange: Exchange,
    traces: Vec<Trace>,
}

fn trace_key(trace: Trace) -> u128 {
    let millis = if broken(Mutant::MatchByMillisecond) { trace.at.millis() % 1000 } else { 0 };
    by_wire(trace) | u128::from(millis) << 112
}

impl Exchanges {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn has(&self, id: TransferId) -> bool {
        self.by_id.contains_key(&id.0)
    }

    /// The exchange whose deadline comes first, and when.
    pub(super) fn first(&self) -> Option<(Moment, TransferId)> {
        self.due.first().map(|(at, id)| (*at, TransferId(*id)))
    }

    pub(super) fn by_trace(&self, trace: Trace) -> Option<TransferId> {
        self.by_trace.get(&trace_key(trace)).map(|id| TransferId(*id))
    }

    fn insert(&mut self, asked: Asked) {
        let id = asked.inquiry.id.0;
        self.due.insert((asked.exchange.due, id));
        self.by_trace.extend(asked.traces.iter().map(|trace| (trace_key(*trace), id)));
        self.by_id.insert(id, asked);
    }

    fn remove(&mut self, id: TransferId) -> Option<Asked> {
        let asked = self.by_id.remove(&id.0)?;
        self.due.remove(&(asked.exchange.due, id.0));
        for trace in &asked.traces {
            self.by_trace.remove(&trace_key(*trace));
        }
        Some(asked)
    }
}

impl Engine {
    /// A channel or the switch asks. Over the bound nothing is asked, and whoever asked is told at once.
    pub(super) fn inquire(&mut self, inquiry: Inquiry, way: Way, now: Moment) {
        let id = inquiry.id;
        // An id that is there already is a fault of whoever gives them, and asks nothing.
        let full = self.exchanges.len() >= self.limits.exchanges || self.exchanges.has(id);
        match way {
            Way::Out if self.draining => self.put(Output::Refused(id, Busy::Draining)),
            Way::Out if self.unreachable => self.put(Output::Refused(id, Busy::Unreachable)),
            Way::Out if full => self.put(Output::Refused(id, Busy::Full)),
            Way::In if full => self.over(id, way, Outcome::Declined(self.rules.inbound.doubtful)),
            Way::Out | Way::In => {
                let patience = match way {
                    Way::Out => self.rules.response_timeout,
                    Way::In => self.rules.inbound.answer_within,
                };
                let exchange = Exchange::ask(way, now, now.after(patience), &self.rules);
                self.ask(Asked { inquiry, exchange, traces: Vec::new() }, now);
            }
        }
    }

    /// The switch answered a question that went under a trace.
    pub(super) fn inquiry_answered(
        &mut self,
        trace: Trace,
        heard: Heard,
        holding: Holding,
        now: Moment,
    ) {
        match self.exchanges.by_trace(trace) {
            Some(id) => self.turn(id, ExchangeInput::Switch(heard, holding), now),
            None => self.put(Output::LateInquiry(trace, heard.code)),
        }
    }

    /// Lets an input happen to an exchange; one that is over takes no more.
    pub(super) fn turn(&mut self, id: TransferId, input: ExchangeInput, now: Moment) {
        let Some(asked) = self.exchanges.by_id.get(&id.0) else { return };
        match asked.exchange.turn(&asked.inquiry, input, now, &self.rules) {
            Turn::Wait => {}
            Turn::Mismatched => self.put(Output::Effect(Effect::Raise(id, Alarm::Mismatch))),
            Turn::Ask(exchange) => {
                if let Some(asked) = self.exchanges.remove(id) {
                    self.ask(Asked { exchange, ..asked }, now);
                }
            }
            Turn::Over(outcome) => {
                let way = asked.exchange.way;
                self.exchanges.remove(id);
                self.over(id, way, outcome);
            }
        }
    }

    /// Handles deadlines of exchanges that have come, as many as a tick may.
    pub(super) fn tick_exchanges(&mut self, now: Moment) {
        for _ in 0..self.limits.due_a_tick {
            match self.exchanges.first() {
                Some((at, id)) if at <= now => self.turn(id, ExchangeInput::Due, now),
                Some(_) | None => return,
            }
        }
    }

    fn ask(&mut self, mut asked: Asked, now: Moment) {
        let inquiry = asked.inquiry.clone();
        match asked.exchange.way {
            Way::Out => {
                let trace = self.numbers.trace(now);
                asked.traces.push(trace);
                self.put(Output::AskSwitch(Box::new(inquiry), trace));
            }
            Way::In if broken(Mutant::AnswerUnasked) => {
                let approved = self.rules.inbound.approved;
                self.over(inquiry.id, Way::In, Outcome::Answered(approved, Holding::default()));
            }
            Way::In => self.put(Output::AskAccount(inquiry.id, inquiry.account)),
        }
        self.exchanges.insert(asked);
    }

    fn over(&mut self, id: TransferId, way: Way, outcome: Outcome) {
        self.put(Output::Inquired(id, way, outcome));
    }
}
