//! Facts that are to become durable together, and what may be done when they are.

use std::collections::VecDeque;
use std::time::Duration;

use super::event::{Claim, Output, Record};
use super::life::BothBooks;
use super::numbers::Counted;
use crate::values::{Moment, TransferId};

/// How long facts may wait that nothing waits for.
const PATIENCE: Duration = Duration::from_millis(5);

/// What one sync of the journal makes durable.
#[derive(Debug, Default)]
pub struct Batch {
    /// Counts batches from 1.
    pub number: u64,
    /// The facts, in their order.
    pub records: Vec<Record>,
    /// The steps that the facts make, in their order.
    pub steps: Vec<Step>,
    /// The keys under which transfers begin in it.
    pub claims: Vec<Claim>,
    /// How far the numbers have come, if it uses any.
    pub counted: Option<Counted>,
    /// The books of all that is closed with it, if it changes them.
    pub closed: Option<BothBooks>,
    pub(super) outputs: Vec<Output>,
}

/// Facts of one transfer that become true together, one after the other in their batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The transfer.
    pub id: TransferId,
    /// How many facts of the batch it has.
    pub facts: usize,
    /// The name of the state that they lead to.
    pub state: &'static str,
    /// Whether something is left to be done in it.
    pub open: bool,
    /// Whether it makes a message of ours ready: one at most, so what makes two ready is two steps.
    pub(super) readies: bool,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.counted.is_none() && self.closed.is_none()
    }

    /// Puts a fact of a transfer, the first of a step or not, and where it leads.
    pub(super) fn put(&mut self, record: Record, state: &'static str, open: bool, first: bool) {
        let readies = record.fact.trace().is_some();
        let goes_on = |step: &&mut Step| !(first || step.readies && readies);
        match self.steps.last_mut().filter(goes_on) {
            Some(step) => {
                step.facts += 1;
                (step.state, step.open) = (state, open);
                step.readies |= readies;
            }
            None => self.steps.push(Step { id: record.id, facts: 1, state, open, readies }),
        }
        self.records.push(record);
    }

    /// How many facts and steps it has.
    pub(super) const fn len(&self) -> (usize, usize) {
        (self.records.len(), self.steps.len())
    }

    /// Takes out what was put after it had so many facts and steps.
    pub(super) fn truncate(&mut self, (records, steps): (usize, usize)) {
        self.records.truncate(records);
        self.steps.truncate(steps);
    }

    /// Takes out what is of a transfer that was taken back.
    pub(super) fn withdraw(&mut self, id: TransferId) {
        self.records.retain(|record| record.id != id);
        self.steps.retain(|step| step.id != id);
    }

    /// Empties it, and keeps the room that it has.
    fn clear(&mut self) {
        self.records.clear();
        self.steps.clear();
        self.claims.clear();
        self.outputs.clear();
        self.counted = None;
        self.closed = None;
    }
}

/// The batch being filled, the one being synced, and what may be done.
///
/// Invariants: one batch at most is being synced, so that a transfer taken back with it has facts in the open
/// one only; an output leaves only after the batch that it was put to is durable, and all before it.
#[derive(Debug, Default)]
pub(super) struct Batches {
    pub(super) open: Batch,
    syncing: Option<Batch>,
    /// An empty one, whose room is used again.
    spare: Batch,
    released: VecDeque<Output>,
    count: u64,
    durable: u64,
}

impl Batches {
    /// Closes the open batch, with what `complete` puts to it, if there is anything in it to be made durable and no other
    /// is being synced.
    pub(super) fn seal(&mut self, complete: impl FnOnce(&mut Batch)) -> Option<&Batch> {
        if self.syncing.is_some() {
            return None;
        }
        complete(&mut self.open);
        if self.open.is_empty() {
            self.released.extend(self.open.outputs.drain(..));
            return None;
        }
        self.count += 1;
        self.open.number = self.count;
        let sealed = std::mem::replace(&mut self.open, std::mem::take(&mut self.spare));
        Some(self.syncing.insert(sealed))
    }

    /// Takes the batch being synced as durable; `None` if it has another number.
    pub(super) fn commit(&mut self, number: u64) -> Option<Batch> {
        let batch = self.syncing.take_if(|batch| batch.number == number)?;
        self.durable = number;
        Some(batch)
    }

    /// The number of the batch that is being filled.
    pub(super) const fn filling(&self) -> u64 {
        self.count + 1
    }

    /// The number of the last batch that is durable.
    pub(super) const fn durable(&self) -> u64 {
        self.durable
    }

    /// Lets go of what a durable batch allows.
    pub(super) fn release(&mut self, mut batch: Batch) {
        self.released.extend(batch.outputs.drain(..));
        batch.clear();
        self.spare = batch;
    }

    /// Lets go of what isn't durable yet: a mutant.
    pub(super) fn release_open(&mut self) {
        self.released.extend(self.open.outputs.drain(..));
    }

    pub(super) fn next_output(&mut self) -> Option<Output> {
        self.released.pop_front()
    }

    /// Until when the open batch may wait for more; none if something waits for it, or a batch is being synced.
    pub(super) fn patience(&self) -> Option<Moment> {
        let first = self.open.records.first().filter(|_| self.syncing.is_none());
        first.filter(|_| self.open.outputs.is_empty()).map(|first| first.at.after(PATIENCE))
    }

    /// Whether everything decided is durable.
    pub(super) fn is_settled(&self) -> bool {
        self.open.is_empty() && self.syncing.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{Busy, Fact};
    use crate::transfer::{InboundFact, OutboundFact, Trace};
    use crate::values::{Date, Moment, Offset, Rrn, Stan};

    fn record() -> Record {
        let fact = Fact::In(InboundFact::CameAgain);
        Record { id: TransferId(1), at: Moment::default(), fact }
    }

    fn output(id: u128) -> Output {
        Output::Refused(TransferId(id), Busy::Full)
    }

    #[test]
    fn what_makes_two_messages_ready_is_two_steps_and_what_is_taken_back_none() {
        let ready = |stan| {
            let (at, rrn) = (Moment::default(), Rrn::base36([0; 12]));
            let settles = Date::of(at, Offset::UTC);
            let trace = Trace { stan: Stan::wrapped(stan), rrn, at, settles };
            Record { fact: Fact::Out(OutboundFact::ReversalReady { trace }), ..record() }
        };
        let mut batch = Batch::default();
        batch.put(record(), "Sent", true, true);
        batch.put(ready(1), "Doubtful", true, false);
        batch.put(ready(2), "Reversing", true, false);
        batch.put(Record { id: TransferId(2), ..record() }, "Undone", false, true);
        let states: Vec<_> = batch.steps.iter().map(|step| (step.state, step.open)).collect();
        assert_eq!(states, [("Doubtful", true), ("Reversing", true), ("Undone", false)]);
        let facts: Vec<_> = batch.steps.iter().map(|step| (step.id.0, step.facts)).collect();
        assert_eq!(facts, [(1, 2), (1, 1), (2, 1)]);
        batch.withdraw(TransferId(1));
        assert_eq!(batch.len(), (1, 1));
    }

    #[test]
    fn outputs_wait_for_their_own_batch_and_all_before_it() {
        let mut batches = Batches::default();
        batches.open.records.push(record());
        batches.open.outputs.push(output(1));
        assert_eq!(batches.seal(|_| {}).unwrap().number, 1);
        batches.open.outputs.push(output(2));
        assert!(batches.seal(|_| {}).is_none(), "one at a time");
        assert!(batches.next_output().is_none(), "the second waits for the first");
        assert!(batches.commit(2).is_none(), "another one");
        let batch = batches.commit(1).unwrap();
        batches.release(batch);
        assert!(batches.seal(|_| {}).is_none(), "nothing to make durable");
        assert_eq!(batches.next_output(), Some(output(1)));
        assert_eq!(batches.next_output(), Some(output(2)));
        assert!(batches.is_settled());
    }
}
