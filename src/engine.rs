//! The engine: all transfers of a node, and what happens to them. It has no socket, no disk and no clock.
//!
//! Calls come in this order, round and round: [`Engine::handle`] for everything that happened and
//! [`Engine::tick`] when [`Engine::next_deadline`] has come; [`Engine::seal`] for the facts to be made durable, at the latest when
//! [`Engine::is_pressing`];
//! [`Engine::committed`] when they are; [`Engine::next_output`] until there is none. While one batch is being made
//! durable the next is decided. Nothing leaves that rests on a fact which isn't durable.

mod batch;
mod begin;
mod event;
mod exchanges;
pub mod form;
mod life;
mod live;
mod numbers;
mod schedule;
mod start;
mod step;

use std::sync::Arc;

pub use batch::{Batch, Step};
pub use event::{
    Begun, Body, Busy, Claim, Concern, CoreSaid, Event, Fact, Key, Life, Lookup, Output, Question,
    Record, Repeat, Stand,
};
pub use life::BothBooks;
pub use numbers::{Counted, Numbering};
pub use schedule::{Destination, Lane, Pace, Schedule, Slot};

use crate::mutation::{Mutant, broken};
use crate::transfer::{Illegal, Rules, Trace};
use crate::values::{Moment, TransferId};
use batch::Batches;
use exchanges::Exchanges;
use life::{ClosedBooks, Deciding};
use live::Live;

/// Bounds of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Transfers that may be open before new ones are refused. What is needed to end them is never refused.
    pub open: usize,
    /// Exchanges without money that may be under way.
    pub exchanges: usize,
    /// Look-ups in the journal that may be under way.
    pub lookups: usize,
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
    exchanges: Exchanges,
    schedule: Schedule,
    numbers: Numbering,
    batches: Batches,
    deciding: Deciding,
    books: BothBooks,
    closed: ClosedBooks,
    draining: bool,
    unreachable: bool,
}

impl Engine {
    /// An engine without transfers. Those of the journal come with [`Engine::restore`].
    #[must_use]
    pub fn new(rules: Arc<Rules>, limits: Limits, schedule: Schedule, numbers: Numbering) -> Self {
        Self {
            rules,
            limits,
            live: Live::default(),
            exchanges: Exchanges::default(),
            schedule,
            numbers,
            batches: Batches::default(),
            deciding: Deciding::default(),
            books: BothBooks::default(),
            closed: ClosedBooks::default(),
            draining: false,
            unreachable: false,
        }
    }

    /// How many transfers are open.
    #[must_use]
    pub const fn open(&self) -> usize {
        self.live.open()
    }

    /// The open transfers that wait for two persons.
    #[must_use]
    pub fn exceptions(&self) -> impl ExactSizeIterator<Item = TransferId> {
        self.live.exceptions()
    }

    /// How many exchanges without money are under way.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.exchanges.len()
    }

    /// A transfer that is open or remembered.
    #[must_use]
    pub fn transfer(&self, id: TransferId) -> Option<&Life> {
        self.live.by_id(id).and_then(|slot| self.live.get(slot)).map(|entry| &entry.life)
    }

    /// The numbers of the request of a transfer that is open or remembered, once it has some.
    #[must_use]
    pub fn trace(&self, id: TransferId) -> Option<Trace> {
        let [trace, _] = self.live.by_id(id).and_then(|slot| self.live.get(slot))?.traces;
        trace
    }

    /// Goes by other rules and bounds from now on.
    pub fn change(&mut self, rules: Arc<Rules>, limits: Limits) {
        (self.rules, self.limits) = (rules, limits);
    }

    /// The books of all transfers, open and closed.
    #[must_use]
    pub const fn books(&self) -> &BothBooks {
        &self.books
    }

    /// Whether everything that was decided is durable, and done as far as is known here.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.batches.is_settled() && self.live.lookups() == 0
    }

    /// From now on new work is refused; what is open goes on to its end.
    pub const fn drain(&mut self) {
        self.draining = true;
    }

    /// Whether the switch can be reached, as it is taken to be at first. While it can't, what channels ask anew is refused
    /// before anything is debited.
    pub const fn reach(&mut self, reachable: bool) {
        self.unreachable = !reachable;
    }

    /// Takes in something that happened.
    pub fn handle(&mut self, event: Event, now: Moment) {
        match event {
            Event::Order { order, begun } => self.order(order, begun, now),
            Event::Demand { demand, key } if self.live.by_key(key).is_none() => {
                self.demand(&demand, key, now);
            }
            Event::Inquire(inquiry, way) => self.inquire(inquiry, way, now),
            Event::Exchange(id, input) => self.turn(id, input, now),
            Event::InquiryAnswered { trace, heard, holding } => {
                self.inquiry_answered(trace, heard, holding, now);
            }
            Event::Demand { .. }
            | Event::Transfer(..)
            | Event::Core(..)
            | Event::Answered { .. }
            | Event::Reversal { .. }
            | Event::Status { .. }
            | Event::Ask(..) => self.happen(event, now),
            Event::CutOver(date) => {
                if !self.numbers.cut_over(date, now) {
                    self.put(Output::CutOverRefused(date));
                }
            }
        }
    }

    /// Takes in what the journal has of a transfer that an event looked up under a number: its facts, or none.
    ///
    /// # Errors
    /// If the facts don't fold: the journal is damaged.
    pub fn found(
        &mut self,
        number: u64,
        records: &[Record],
        begun: Option<Begun>,
        event: Event,
        now: Moment,
    ) -> Result<(), Illegal> {
        self.live.end_lookup(number);
        let slot = match records.first() {
            // It may have come back meanwhile, for another event.
            Some(first) => match self.live.by_id(first.id) {
                Some(slot) => Some(slot),
                None => Some(self.recall(records, begun)?),
            },
            // It may have begun meanwhile.
            None => event.about().and_then(|about| self.find(about)),
        };
        match slot {
            Some(slot) => {
                self.found_there(slot, &event, now);
                self.close_if_final(slot);
            }
            None => self.found_nowhere(event, now),
        }
        Ok(())
    }

    /// Handles deadlines that have come, as many as a tick may.
    pub fn tick(&mut self, now: Moment) {
        for _ in 0..self.limits.due_a_tick {
            let Some(slot) = self.schedule.poll(now) else { break };
            let Some(due) = self.live.get(slot).map(|entry| entry.life.due_now()) else { continue };
            self.step(slot, &due, now);
        }
        self.tick_exchanges(now);
    }

    /// When [`Engine::tick`] is to be called next, or what was decided presses, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let exchange = self.exchanges.first().map(|(at, _)| at);
        [self.schedule.next_deadline(), exchange, self.batches.patience()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether what was decided is to be made durable now. Facts that nothing waits for, as that a request was written, may go
    /// with the next that are waited for: a crash that takes them leaves what it leaves between an act and the news of it.
    #[must_use]
    pub fn is_pressing(&self, now: Moment) -> bool {
        self.batches.patience().is_none_or(|patience| patience <= now)
    }

    /// The facts that are to be made durable next, all or none of them, if there are any.
    pub fn seal(&mut self) -> Option<&Batch> {
        self.batches.seal(|batch| {
            batch.counted = self.numbers.take_counted();
            batch.closed = self.closed.take_changed();
        })
    }

    /// Batch `number` is durable, without the transfers whose keys were taken before: those are `existing`, with
    /// the transfer that had the key and what was asked for under it.
    pub fn committed(&mut self, number: u64, existing: &[Claim]) {
        let Some(mut batch) = self.batches.commit(number) else { return };
        for taken in existing.iter().filter(|_| !broken(Mutant::KeepDuplicate)) {
            let own = batch.claims.iter().find(|claim| claim.key == taken.key).copied();
            if let Some(own) = own {
                self.take_back(&own, taken, &mut batch.outputs);
            }
        }
        self.batches.release(batch);
        self.live.trim(self.limits.remembered, number);
    }

    /// The next thing to be done, whose facts are durable.
    pub fn next_output(&mut self) -> Option<Output> {
        self.batches.next_output()
    }

    /// Puts something to be done with what is decided now.
    fn put(&mut self, output: Output) {
        self.batches.open.outputs.push(output);
    }
}
