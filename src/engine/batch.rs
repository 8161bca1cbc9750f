//! Facts that are committed together, and the outputs that wait for the commit.

use std::collections::VecDeque;
use std::time::Duration;

use super::event::{Output, RecordedFact};
use super::trace_numbers::TraceWatermark;
use super::transfer::BooksByDirection;
use crate::control::Act;
use crate::values::{KeyReservation, Moment, TransferId};

/// How long facts may stay in the open batch when no output waits for them.
const MAX_COMMIT_DELAY: Duration = Duration::from_millis(5);

/// What one commit of the journal makes durable.
#[derive(Debug, Default)]
pub struct Batch {
    /// The number of the batch, counted from 1.
    pub number: u64,
    /// The facts in their order.
    pub records: Vec<RecordedFact>,
    /// The steps that the facts belong to, in their order.
    pub steps: Vec<Step>,
    /// The keys of the transfers that start in it.
    pub reservations: Vec<KeyReservation>,
    /// The trace number watermark, if the batch uses trace numbers.
    pub watermark: Option<TraceWatermark>,
    /// The books of all closed transfers, if the batch changes them.
    pub closed_books: Option<BooksByDirection>,
    /// The acts, in their order.
    pub acts: Vec<Act>,
    pub(super) outputs: Vec<Output>,
}

/// Consecutive facts of one transfer that become true together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The transfer.
    pub id: TransferId,
    /// The number of facts in the batch that belong to the step.
    pub fact_count: usize,
    /// The code of the state after the step.
    pub state: &'static str,
    /// Whether the transfer is open after the step.
    pub open: bool,
    /// The number of acts up to the moment at which the transfer began; in its first step only.
    pub admitted_under: Option<u64>,
    /// Whether it makes a message of ours ready. A step makes one message ready at most, so two messages take two steps.
    pub(super) has_message: bool,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.acts.is_empty()
            && self.watermark.is_none()
            && self.closed_books.is_none()
    }

    /// Adds a fact and the state that follows from it. `is_first` says that a step starts with it.
    pub(super) fn put(
        &mut self,
        record: RecordedFact,
        state: &'static str,
        is_open: bool,
        is_first: bool,
    ) {
        let has_message = record.fact.trace().is_some();
        let continues = |step: &&mut Step| !(is_first || step.has_message && has_message);
        match self.steps.last_mut().filter(continues) {
            Some(step) => {
                step.fact_count += 1;
                (step.state, step.open) = (state, is_open);
                step.has_message |= has_message;
            }
            None => self.steps.push(Step {
                id: record.id,
                fact_count: 1,
                state,
                open: is_open,
                admitted_under: None,
                has_message,
            }),
        }
        self.records.push(record);
    }

    /// Records the number of acts under which the transfer of the last steps began.
    pub(super) fn admit_under(&mut self, id: TransferId, acts: u64) {
        if let Some(first) = self.steps.iter_mut().rev().take_while(|step| step.id == id).last() {
            first.admitted_under = Some(acts);
        }
    }

    /// Returns the number of facts and of steps.
    pub(super) const fn len(&self) -> (usize, usize) {
        (self.records.len(), self.steps.len())
    }

    /// Removes the facts and steps beyond these numbers.
    pub(super) fn truncate(&mut self, (records, steps): (usize, usize)) {
        self.records.truncate(records);
        self.steps.truncate(steps);
    }

    /// Removes all facts and steps of a transfer.
    pub(super) fn withdraw(&mut self, id: TransferId) {
        self.records.retain(|record| record.id != id);
        self.steps.retain(|step| step.id != id);
    }

    /// Empties the batch and keeps its allocations.
    fn clear(&mut self) {
        self.records.clear();
        self.steps.clear();
        self.reservations.clear();
        self.outputs.clear();
        self.acts.clear();
        self.watermark = None;
        self.closed_books = None;
    }
}

/// The open batch, the batch that is being committed, and the outputs that may leave.
///
/// Invariants:
/// - At most one batch is being committed. So when its commit withdraws a transfer, only the open batch can have further facts
///   of that transfer.
/// - An output leaves only after its own batch and all earlier batches are durable.
#[derive(Debug, Default)]
pub(super) struct Batches {
    pub(super) open: Batch,
    committing: Option<Batch>,
    /// An empty batch whose allocations are used again.
    spare: Batch,
    released: VecDeque<Output>,
    sealed_count: u64,
    last_durable: u64,
}

impl Batches {
    /// Seals the open batch after `complete` has filled in the rest of it. Returns `None` if another batch is being committed or
    /// nothing must be made durable.
    pub(super) fn seal(&mut self, complete: impl FnOnce(&mut Batch)) -> Option<&Batch> {
        if self.committing.is_some() {
            return None;
        }
        complete(&mut self.open);
        if self.open.is_empty() {
            self.released.extend(self.open.outputs.drain(..));
            return None;
        }
        self.sealed_count += 1;
        self.open.number = self.sealed_count;
        let sealed = std::mem::replace(&mut self.open, std::mem::take(&mut self.spare));
        Some(self.committing.insert(sealed))
    }

    /// Whether a batch is being committed.
    pub(super) const fn is_committing(&self) -> bool {
        self.committing.is_some()
    }

    /// Marks the batch that is being committed as durable. Returns `None` if it has another number.
    pub(super) fn commit(&mut self, number: u64) -> Option<Batch> {
        let batch = self.committing.take_if(|batch| batch.number == number)?;
        self.last_durable = number;
        Some(batch)
    }

    /// Returns the number that the open batch gets.
    pub(super) const fn open_number(&self) -> u64 {
        self.sealed_count + 1
    }

    /// Returns the number of the last durable batch.
    pub(super) const fn last_durable(&self) -> u64 {
        self.last_durable
    }

    /// Releases the outputs of a durable batch.
    pub(super) fn release(&mut self, mut batch: Batch) {
        self.released.extend(batch.outputs.drain(..));
        batch.clear();
        self.spare = batch;
    }

    pub(super) fn next_output(&mut self) -> Option<Output> {
        self.released.pop_front()
    }

    /// Returns until when the open batch may wait for more facts. Returns `None` if it has no facts, an output waits for it, or
    /// another batch is being committed.
    pub(super) fn commit_deadline(&self) -> Option<Moment> {
        let first = self.open.records.first().filter(|_| self.committing.is_none());
        first.filter(|_| self.open.outputs.is_empty()).map(|first| first.at.after(MAX_COMMIT_DELAY))
    }

    /// Whether everything that was decided is durable.
    pub(super) fn is_all_durable(&self) -> bool {
        self.open.is_empty() && self.committing.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{Fact, NotAdmitted};
    use crate::transfer::{InboundFact, OutboundFact, TraceNumbers};
    use crate::values::{Date, Moment, Offset, Rrn, Stan};

    fn record() -> RecordedFact {
        let fact = Fact::Inbound(InboundFact::RequestRepeated);
        RecordedFact { id: TransferId(1), at: Moment::default(), fact }
    }

    fn output(id: u128) -> Output {
        Output::NotAdmitted(TransferId(id), NotAdmitted::Full)
    }

    #[test]
    fn two_messages_make_two_steps_and_withdraw_removes_all_of_a_transfer() {
        let ready = |stan| {
            let (at, rrn) = (Moment::default(), Rrn::base36([0; 12]));
            let settlement_date = Date::of(at, Offset::UTC);
            let trace = TraceNumbers {
                stan: Stan::wrapped(stan),
                rrn,
                transmitted_at: at,
                settlement_date,
            };
            RecordedFact { fact: Fact::Outbound(OutboundFact::ReversalReady { trace }), ..record() }
        };
        let mut batch = Batch::default();
        batch.put(record(), "sent", true, true);
        batch.put(ready(1), "outcome_unknown", true, false);
        batch.put(ready(2), "reversing", true, false);
        batch.put(RecordedFact { id: TransferId(2), ..record() }, "reversed", false, true);
        let states: Vec<_> = batch.steps.iter().map(|step| (step.state, step.open)).collect();
        assert_eq!(states, [("outcome_unknown", true), ("reversing", true), ("reversed", false)]);
        let facts: Vec<_> = batch.steps.iter().map(|step| (step.id.0, step.fact_count)).collect();
        assert_eq!(facts, [(1, 2), (1, 1), (2, 1)]);
        batch.withdraw(TransferId(1));
        assert_eq!(batch.len(), (1, 1));
    }

    #[test]
    fn outputs_wait_for_their_own_batch_and_all_earlier_batches() {
        let mut batches = Batches::default();
        batches.open.records.push(record());
        batches.open.outputs.push(output(1));
        assert_eq!(batches.seal(|_| {}).unwrap().number, 1);
        batches.open.outputs.push(output(2));
        assert!(batches.seal(|_| {}).is_none(), "one batch at a time");
        assert!(batches.next_output().is_none(), "the second batch waits for the first");
        assert!(batches.commit(2).is_none(), "another batch");
        let batch = batches.commit(1).unwrap();
        batches.release(batch);
        assert!(batches.seal(|_| {}).is_none(), "nothing to make durable");
        assert_eq!(batches.next_output(), Some(output(1)));
        assert_eq!(batches.next_output(), Some(output(2)));
        assert!(batches.is_all_durable());
    }
}
