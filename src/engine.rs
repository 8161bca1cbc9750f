//! The engine: all transfers of a node, and what happens to them. It has no socket, no disk and no clock.
//!
//! Calls come in this order, round and round: [`Engine::handle`] for everything that happened and
//! [`Engine::tick`] when [`Engine::next_deadline`] has come; [`Engine::seal`] for the facts to be made durable;
//! [`Engine::committed`] when they are; [`Engine::next_output`] until there is none. While one batch is being made
//! durable the next is decided. Nothing leaves that rests on a fact which isn't durable.

mod batch;
mod event;
mod life;
mod live;
mod numbers;
mod schedule;

use std::sync::Arc;

pub use batch::Batch;
pub use event::{
    Body, Busy, Claim, Concern, Event, Fact, Key, Life, Lookup, Output, Question, Record,
};
pub use life::BothBooks;
pub use numbers::Numbering;
pub use schedule::{Destination, Lane, Pace, Schedule, Slot};

use crate::mutation::{Mutant, broken};
use crate::transfer::{
    Context, Demand, Dispatch, Illegal, Inbound, InboundInput, Order, Outbound, Rules, Sums, Trace,
};
use crate::values::{Moment, TransferId};
use batch::Batches;
use life::Deciding;
use live::{Entry, Live};

/// Bounds of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Transfers that may be open before new ones are refused. What is needed to end them is never refused.
    pub open: usize,
    /// Closed transfers that are remembered, so that repeats and late answers find them without the journal.
    pub remembered: usize,
    /// Deadlines that one tick handles at most.
    pub due_a_tick: usize,
}

/// The transfers of a node.
pub struct Engine {
    rules: Arc<Rules>,
    limits: Limits,
    live: Live,
    schedule: Schedule,
    numbers: Numbering,
    batches: Batches,
    deciding: Deciding,
    books: BothBooks,
    draining: bool,
}

/// Where core's postings wait their turn, apart from all banks.
const CORE: Destination = Destination(0);

impl Engine {
    /// An engine without transfers. Those of the journal come with [`Engine::restore`].
    #[must_use]
    pub fn new(rules: Arc<Rules>, limits: Limits, schedule: Schedule, numbers: Numbering) -> Self {
        Self {
            rules,
            limits,
            live: Live::default(),
            schedule,
            numbers,
            batches: Batches::default(),
            deciding: Deciding::default(),
            books: BothBooks::default(),
            draining: false,
        }
    }

    /// How many transfers are open.
    #[must_use]
    pub const fn open(&self) -> usize {
        self.live.open()
    }

    /// A transfer that is open or remembered.
    #[must_use]
    pub fn transfer(&self, id: TransferId) -> Option<&Life> {
        self.live.by_id(id).and_then(|slot| self.live.get(slot)).map(|entry| &entry.life)
    }

    /// The books of all transfers, open and closed.
    #[must_use]
    pub const fn books(&self) -> &BothBooks {
        &self.books
    }

    /// Whether everything that was decided is durable.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.batches.is_settled()
    }

    /// From now on new work is refused; what is open goes on to its end.
    pub const fn drain(&mut self) {
        self.draining = true;
    }

    /// Takes in something that happened.
    pub fn handle(&mut self, event: Event, now: Moment) {
        match event {
            Event::Order { order, key, body } => self.order(&order, key, body, now),
            Event::Demand { demand, key } => self.demand(&demand, key, now),
            Event::Transfer(id, ref concern) => match self.live.by_id(id) {
                Some(slot) => self.step(slot, concern, now),
                None => self.look_up(Lookup::Id(id), event),
            },
            Event::Answered { trace, to, answer } => match self.live.by_trace(trace) {
                Some(slot) => self.step(slot, &Concern::Out(to.input(answer)), now),
                None => self.look_up(Lookup::Trace(trace), event),
            },
            Event::Reversal { original, amount, .. } => match self.live.by_key(original) {
                Some(slot) => self.step(slot, &Concern::In(InboundInput::Reversal { amount }), now),
                None => self.look_up(Lookup::Key(original), event),
            },
        }
    }

    /// Takes in what the journal has of a transfer that an event looked up: its facts, or none.
    ///
    /// # Errors
    /// If the facts don't fold: the journal is damaged.
    pub fn found(
        &mut self,
        records: &[Record],
        claim: Option<(Key, Body)>,
        event: Event,
        now: Moment,
    ) -> Result<(), Illegal> {
        if let Some(first) = records.first() {
            // It may have come back meanwhile, for another event.
            if self.live.by_id(first.id).is_none() {
                self.recall(records, claim)?;
            }
            self.handle(event, now);
            if let Some(slot) = self.live.by_id(first.id) {
                self.close_if_final(slot);
            }
            return Ok(());
        }
        match event {
            Event::Reversal { demand, original, .. } => self.bar(&demand, original, now),
            Event::Answered { trace, to, answer } => {
                self.batches.open.outputs.push(Output::Unmatched(trace, to, answer));
            }
            Event::Order { .. } | Event::Demand { .. } | Event::Transfer(..) => {}
        }
        Ok(())
    }

    /// Handles deadlines that have come, as many as a tick may.
    pub fn tick(&mut self, now: Moment) {
        for _ in 0..self.limits.due_a_tick {
            let Some(slot) = self.schedule.poll(now) else { return };
            let Some(due) = self.live.get(slot).map(|entry| entry.life.due_now()) else { continue };
            self.step(slot, &due, now);
        }
    }

    /// When [`Engine::tick`] is to be called next, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.schedule.next_deadline()
    }

    /// The facts that are to be made durable next, all or none of them, if there are any.
    pub fn seal(&mut self) -> Option<&Batch> {
        self.batches.open.reserved = self.numbers.take_reservation().or(self.batches.open.reserved);
        self.batches.seal()
    }

    /// Batch `number` is durable, without the transfers whose keys were taken before: those are `existing`, with
    /// the transfer that had the key and what was asked for under it.
    pub fn committed(&mut self, number: u64, existing: &[Claim]) {
        let Some(mut batch) = self.batches.commit(number) else { return };
        for taken in existing.iter().filter(|_| !broken(Mutant::KeepDuplicate)) {
            let own = batch.claims.iter().find(|claim| claim.key == taken.key).copied();
            let Some(own) = own else { continue };
            batch.outputs.retain(|output| !concerns(output, own.id));
            let instead = self.withdraw(own.id).map(|life| same_request(&own, taken, &life));
            batch.outputs.extend(instead);
        }
        self.batches.release(batch);
    }

    /// The next thing to be done, whose facts are durable.
    pub fn next_output(&mut self) -> Option<Output> {
        self.batches.next_output()
    }
}

/// Starting again.
impl Engine {
    /// Takes in an open transfer from the journal: all its facts, in their order. The books of the closed ones
    /// come before, by [`Engine::restore_books`].
    ///
    /// # Errors
    /// If the facts don't fold: the journal is damaged.
    pub fn restore(
        &mut self,
        records: &[Record],
        claim: Option<(Key, Body)>,
    ) -> Result<(), Illegal> {
        if records.is_empty() {
            return Ok(());
        }
        let slot = self.recall(records, claim)?;
        if let Some(entry) = self.live.get(slot) {
            self.books.change(Sums::default(), &entry.life);
        }
        self.reschedule(slot);
        Ok(())
    }

    /// Takes in the books of the transfers that the journal has as closed; those are not restored.
    pub fn restore_books(&mut self, closed: BothBooks) {
        self.books = closed;
    }

    /// After all open transfers were restored: each is told that the program started again.
    pub fn resume(&mut self, now: Moment) {
        let slots: Vec<_> = self.live.slots().collect();
        for slot in slots {
            let restarted = self.live.get(slot).map(|entry| entry.life.restarted());
            if let Some(restarted) = restarted {
                self.step(slot, &restarted, now);
            }
        }
    }

    /// Puts a transfer of the journal into the table. The books have it already, or have it put in.
    fn recall(&mut self, records: &[Record], claim: Option<(Key, Body)>) -> Result<Slot, Illegal> {
        let mut life = None;
        for Record { fact, at, .. } in records {
            life = Some(Life::fold(life, fact, *at)?);
        }
        let (Some(first), Some(life)) = (records.first(), life) else {
            return Err(Illegal { state: "none", fact: "none" });
        };
        let slot = self.live.insert(Entry::new(first.id, life, claim));
        for trace in records.iter().filter_map(|record| record.fact.trace()) {
            self.live.index_trace(trace, slot);
        }
        Ok(slot)
    }
}

/// New transfers.
impl Engine {
    fn order(&mut self, order: &Order, key: Key, body: Body, now: Moment) {
        if let Some(entry) = self.live.by_key(key).and_then(|slot| self.live.get(slot)) {
            let own = Claim { key, body, id: order.id };
            let taken =
                Claim { key, body: entry.claim.map_or(body, |(_, body)| body), id: entry.id };
            self.batches.open.outputs.push(answer_to(&own, &taken));
            return;
        }
        let busy = if self.draining {
            Some(Busy::Draining)
        } else if self.live.open() >= self.limits.open {
            Some(Busy::Full)
        } else {
            None
        };
        if let Some(busy) = busy {
            self.batches.open.outputs.push(Output::Refused(key, busy));
            return;
        }
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.numbers };
        self.deciding.accept(order, &mut context);
        self.begin(Claim { key, body, id: order.id }, now);
    }

    /// A request of the switch is never refused for want of room: it is answered, if only with a refusal of core.
    fn demand(&mut self, demand: &Demand, key: Key, now: Moment) {
        if let Some(slot) = self.live.by_key(key) {
            return self.step(slot, &Concern::In(InboundInput::Again), now);
        }
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.numbers };
        self.deciding.receive(demand, &mut context);
        self.begin(Claim { key, body: Body(0), id: demand.id }, now);
    }

    /// A reversal whose original is nowhere: it bars it.
    fn bar(&mut self, demand: &Demand, original: Key, now: Moment) {
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.numbers };
        self.deciding.bar(demand, &mut context);
        if broken(Mutant::ForgetTombstone) {
            let (_, effects) = self.deciding.take();
            self.batches.open.outputs.extend(effects.map(Output::Effect));
            return;
        }
        self.begin(Claim { key: original, body: Body(0), id: demand.id }, now);
    }

    /// Puts a transfer into the table whose first facts were just decided.
    fn begin(&mut self, claim: Claim, now: Moment) {
        self.batches.open.claims.push(claim);
        if let Some((life, traces)) = self.record(claim.id, None, now) {
            let slot = self.live.insert(Entry::new(claim.id, life, Some((claim.key, claim.body))));
            self.settle(slot, traces);
        }
    }

    /// Takes a transfer back whose key was another's: nothing of it was made durable or left.
    fn withdraw(&mut self, id: TransferId) -> Option<Life> {
        let slot = self.live.by_id(id)?;
        self.schedule.clear(slot);
        self.batches.open.records.retain(|record| record.id != id);
        self.batches.open.outputs.retain(|output| !concerns(output, id));
        let entry = self.live.forget(slot)?;
        self.books.withdraw(&entry.life);
        Some(entry.life)
    }
}

/// Transfers that are there.
impl Engine {
    fn look_up(&mut self, lookup: Lookup, event: Event) {
        self.batches.open.outputs.push(Output::LookUp(lookup, event));
    }

    /// Lets a concern happen to a transfer.
    fn step(&mut self, slot: Slot, concern: &Concern, now: Moment) {
        let Some(entry) = self.live.take(slot) else { return };
        let mut context = Context { now, rules: &self.rules, numbers: &mut self.numbers };
        self.deciding.decide(&entry.life, concern, &mut context);
        if let Some((life, traces)) = self.record(entry.id, Some(entry.life), now) {
            self.live.put_back(slot, Entry { life, ..entry });
            self.settle(slot, traces);
        }
    }

    /// Puts what was decided to the open batch; gives the state that it makes, and new traces.
    fn record(
        &mut self,
        id: TransferId,
        before: Option<Life>,
        now: Moment,
    ) -> Option<(Life, [Option<Trace>; 2])> {
        let share = before.as_ref().map(Life::share).unwrap_or_default();
        let mut life = before;
        let mut traces = [None, None];
        let (facts, effects) = self.deciding.take();
        for fact in facts {
            if let Some(trace) = fact.trace() {
                traces = [Some(trace), traces[0]];
            }
            // What is decided folds: the table of all states and inputs holds that.
            life = Life::fold(life, &fact, now).ok();
            self.batches.open.records.push(Record { id, at: now, fact });
        }
        self.batches.open.outputs.extend(effects.map(Output::Effect));
        if broken(Mutant::SendBeforeCommit) {
            self.batches.release_open();
        }
        let life = life?;
        self.books.change(share, &life);
        Some((life, traces))
    }

    /// Sets a transfer's deadline and numbers after a step, and closes it when nothing is left.
    fn settle(&mut self, slot: Slot, traces: [Option<Trace>; 2]) {
        for trace in traces.into_iter().flatten() {
            self.live.index_trace(trace, slot);
        }
        self.reschedule(slot);
        self.close_if_final(slot);
    }

    fn close_if_final(&mut self, slot: Slot) {
        if self.live.get(slot).is_some_and(|entry| entry.life.is_final()) {
            self.live.close(slot, self.limits.remembered);
        } else {
            self.live.reopen(slot);
        }
    }

    fn reschedule(&mut self, slot: Slot) {
        match self.live.get(slot).and_then(|entry| Some((entry.life.due()?, lane(&entry.life)))) {
            Some((due, lane)) => self.schedule.set(slot, due, lane),
            None => self.schedule.clear(slot),
        }
    }
}

/// Where a transfer's next deadline waits. Time that runs out is acted upon at once; what is sent again waits its
/// turn, so that a bank or a core that comes back is not run over.
fn lane(life: &Life) -> Lane {
    match life {
        Life::Out(Outbound::Reversing(dispatch, _) | Outbound::Exception(dispatch, _)) => {
            Lane::Paced(destination(dispatch))
        }
        Life::Out(Outbound::CancellingDebit { .. } | Outbound::Refunding { .. })
        | Life::In(Inbound::Undoing { .. }) => Lane::Paced(CORE),
        Life::Out(_) | Life::In(_) => Lane::Prompt,
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

/// What follows when the request of a transfer was there before: a channel is told, and what the switch sent is
/// looked up, to happen to the transfer that was there.
fn same_request(own: &Claim, taken: &Claim, life: &Life) -> Output {
    let key = own.key;
    match life {
        Life::Out(_) => answer_to(own, taken),
        Life::In(Inbound::Barred(demand)) => {
            let (demand, amount) = (demand.clone(), demand.amount);
            Output::LookUp(Lookup::Key(key), Event::Reversal { demand, original: key, amount })
        }
        Life::In(life) => {
            let demand = life.demand().clone();
            Output::LookUp(Lookup::Key(key), Event::Demand { demand, key })
        }
    }
}

/// What a channel is told whose key was there before.
fn answer_to(own: &Claim, taken: &Claim) -> Output {
    if own.body == taken.body {
        Output::Existing(own.key, taken.id)
    } else {
        Output::Conflict(own.key, taken.id)
    }
}

/// Whether an output is an effect of a transfer.
fn concerns(output: &Output, id: TransferId) -> bool {
    match output {
        Output::Effect(effect) => effect.transfer() == id,
        Output::Existing(..)
        | Output::Conflict(..)
        | Output::Refused(..)
        | Output::LookUp(..)
        | Output::Unmatched(..) => false,
    }
}
