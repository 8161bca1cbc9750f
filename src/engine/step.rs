//! A step in the life of a transfer: what happened is decided, the facts go to the batch, and the next deadline is set.

use std::time::Duration;

use super::Engine;
use super::event::{Busy, Concern, Event, Life, Lookup, Output, Record};
use super::schedule::{Destination, Lane, Slot};
use crate::mutation::{Mutant, broken};
use crate::transfer::{Alarm, Context, Dispatch, Effect, Inbound, Outbound, Trace};
use crate::values::{Moment, TransferId};

/// Where core's postings wait their turn, apart from all banks.
const CORE: Destination = Destination(0);

/// When a transfer is tried again that a fault of ours stopped.
const AFTER_FAULT: Duration = Duration::from_mins(1);

/// What a step makes of a transfer: its state, and the numbers of messages that it made ready.
pub(super) struct Stepped {
    pub(super) life: Life,
    pub(super) traces: [Option<Trace>; 2],
}

impl Engine {
    /// Lets an event happen to the transfer that it is about. It waits for the journal if that isn't live, or began in a
    /// batch that isn't durable yet: it may have to be taken back.
    pub(super) fn happen(&mut self, event: Event, now: Moment) {
        let Some(about) = event.about() else { return };
        match self.find(about).filter(|slot| self.is_durable(*slot)) {
            Some(slot) => self.meet(slot, &event, now),
            None => self.look_up(about, event),
        }
    }

    /// A live transfer.
    pub(super) fn find(&self, about: Lookup) -> Option<Slot> {
        match about {
            Lookup::Id(id) => self.live.by_id(id),
            Lookup::Key(key) => self.live.by_key(key),
            Lookup::Trace(trace) => self.live.by_trace(trace),
            Lookup::Begun(begun) => begun.keys().find_map(|key| self.live.by_key(key)),
        }
    }

    fn is_durable(&self, slot: Slot) -> bool {
        self.live.get(slot).is_some_and(|entry| entry.batch <= self.batches.durable())
    }

    /// Looks a transfer up in the journal. Over the bound that isn't done: what the switch asked it asks again, and an
    /// answer counts as one that matches nothing.
    pub(super) fn look_up(&mut self, about: Lookup, event: Event) {
        if self.live.lookups() < self.limits.lookups {
            let number = self.live.begin_lookup();
            return self.put(Output::LookUp(number, about, event));
        }
        self.put(match event {
            Event::Answered { trace, to, heard } => Output::Unmatched(trace, to, heard.code),
            Event::Order { order, .. } => Output::Refused(order.id, Busy::Full),
            Event::Demand { demand, .. }
            | Event::Reversal { demand, .. }
            | Event::Status { demand, .. } => Output::Refused(demand.id, Busy::Full),
            Event::Transfer(id, _) | Event::Core(id, _) | Event::Exchange(id, _) => {
                Output::Unknown(id)
            }
            Event::Inquire(inquiry, _) => Output::Refused(inquiry.id, Busy::Full),
            Event::InquiryAnswered { trace, heard, .. } => Output::LateInquiry(trace, heard.code),
            Event::Ask(asked, _) => Output::Refused(asked, Busy::Full),
            Event::CutOver(_) => return,
        });
    }

    /// Lets an event happen to a transfer that is live.
    pub(super) fn meet(&mut self, slot: Slot, event: &Event, now: Moment) {
        if let Event::Ask(asked, _) = event {
            // It leaves with the batch that holds the last fact of the state, or after it.
            let stand = self.live.get(slot).map(|entry| Box::new(entry.stand()));
            return self.put(Output::Stands(*asked, stand));
        }
        let concern = self.live.get(slot).and_then(|entry| event.concern(&entry.life));
        if let Some(concern) = concern {
            self.step(slot, &concern, now);
        }
    }

    /// Lets a concern happen to a transfer.
    pub(super) fn step(&mut self, slot: Slot, concern: &Concern, now: Moment) {
        let Some(entry) = self.live.get(slot) else { return };
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.numbers };
        self.deciding.decide(entry.id, &entry.life, concern, &mut context);
        let (id, before) = (entry.id, entry.life.clone());
        let Some(Stepped { life, traces }) = self.record(id, Some(before), now) else { return };
        if let Some(entry) = self.live.get_mut(slot) {
            entry.life = life;
        }
        self.settle(slot, traces);
    }

    /// Puts what was decided to the open batch. What does not fold is a fault of ours, which the table of all states and
    /// inputs rules out: then nothing of it becomes true, the transfer stays as it was, and somebody is called.
    pub(super) fn record(
        &mut self,
        id: TransferId,
        before: Option<Life>,
        now: Moment,
    ) -> Option<Stepped> {
        let share = before.as_ref().map(Life::share).unwrap_or_default();
        let closed = before.as_ref().map(Life::closed_share).unwrap_or_default();
        let (mut life, mut traces) = (before, [None, None]);
        let batch = &mut self.batches.open;
        let (facts, effects) = self.deciding.take();
        let recorded = batch.len();
        for fact in facts {
            if let Some(trace) = fact.trace() {
                traces = [Some(trace), traces[0]];
            }
            let Ok(next) = Life::fold(life.take(), &fact, now) else { break };
            let (state, open, first) = (next.name(), !next.is_final(), batch.len() == recorded);
            batch.put(Record { id, at: now, fact }, state, open, first);
            life = Some(next);
        }
        let Some(life) = life else {
            drop(effects);
            batch.truncate(recorded);
            self.fault(id, now);
            return None;
        };
        batch.outputs.extend(effects.map(Output::Effect));
        if broken(Mutant::SendBeforeCommit) {
            self.batches.release_open();
        }
        self.books.change(share, &life);
        self.closed.change(closed, &life);
        Some(Stepped { life, traces })
    }

    /// Somebody is called, and the transfer's deadline, which is spent, comes again.
    fn fault(&mut self, id: TransferId, now: Moment) {
        self.put(Output::Effect(Effect::Raise(id, Alarm::Fault)));
        if let Some(slot) = self.live.by_id(id) {
            self.schedule.set(slot, now.after(AFTER_FAULT), Lane::Prompt);
        }
    }

    /// Sets a transfer's deadline and numbers after a step, and closes it when nothing is left.
    pub(super) fn settle(&mut self, slot: Slot, traces: [Option<Trace>; 2]) {
        for trace in traces.into_iter().flatten() {
            self.live.index_trace(trace, slot);
        }
        self.reschedule(slot);
        self.close_if_final(slot);
    }

    pub(super) fn close_if_final(&mut self, slot: Slot) {
        if self.live.get(slot).is_some_and(|entry| entry.life.is_final()) {
            self.live.close(slot, self.batches.filling());
        } else {
            self.live.reopen(slot);
        }
    }

    pub(super) fn reschedule(&mut self, slot: Slot) {
        self.live.note_exception(slot);
        match self.live.get(slot).and_then(|entry| Some((entry.life.due()?, lane(&entry.life)))) {
            Some((due, lane)) => self.schedule.set(slot, due, lane),
            None => self.schedule.clear(slot),
        }
    }

    /// Has a transfer that waits for core ask it now, if it is its turn.
    pub(super) fn bring_forward(&mut self, slot: Slot, now: Moment) {
        let lane = self.live.get(slot).map(|entry| lane(&entry.life));
        if let Some(lane) = lane.filter(|lane| *lane == Lane::Paced(CORE)) {
            self.schedule.set(slot, now, lane);
        }
    }
}

/// Where a transfer's next deadline waits. Time that runs out is acted upon at once; what is sent because of it, for the
/// first time or again, waits its turn, so that a bank, a switch or a core that comes back is not run over. The
/// answer to the switch does not wait: it is told in time that core does not say.
fn lane(life: &Life) -> Lane {
    match life {
        Life::Out(
            Outbound::Doubtful(dispatch, _)
            | Outbound::Reversing(dispatch, _)
            | Outbound::Inquiring { dispatch, .. }
            | Outbound::Exception(dispatch, _),
        ) => Lane::Paced(destination(dispatch)),
        Life::Out(
            Outbound::Debiting { .. }
            | Outbound::CancellingDebit { .. }
            | Outbound::Refunding { .. },
        )
        | Life::In(Inbound::Undoing { .. }) => Lane::Paced(CORE),
        Life::Out(
            Outbound::Accepted(_)
            | Outbound::Debited(..)
            | Outbound::Ready(_)
            | Outbound::Sent(_)
            | Outbound::Settled { .. }
            | Outbound::Refunded { .. }
            | Outbound::Contradicted(..)
            | Outbound::PaidTwice(_)
            | Outbound::Refused { .. },
        )
        | Life::In(
            Inbound::Received(_)
            | Inbound::Posting { .. }
            | Inbound::Posted(..)
            | Inbound::Approved { .. }
            | Inbound::Rejected(..)
            | Inbound::Declined { .. }
            | Inbound::Undone { .. }
            | Inbound::Barred(..),
        ) => Lane::Prompt,
    }
}

/// A bank's queue: its number modulo what a destination can be, beside core's.
fn destination(dispatch: &Dispatch) -> Destination {
    let digits = dispatch.order.counterparty.as_str().bytes();
    let number = digits.fold(0_u16, |number, digit| {
        number.wrapping_mul(10).wrapping_add(u16::from(digit.wrapping_sub(b'0')))
    });
    Destination(number % (u16::MAX - 1) + 1)
}
