//! Recovery: restores the open transfers from the journal at a start, and single transfers on demand.

use super::BooksByDirection;
use super::Engine;
use super::event::{RecordedFact, Transfer};
use super::live::LiveTransfer;
use super::schedule::Slot;
use super::transfer::ClosedBooks;
use crate::transfer::{IllegalFact, Sums};
use crate::values::{Moment, RequestIdentity};

impl Engine {
    /// Restores an open transfer from all its facts in the journal, in their order. Call [`Engine::restore_books`] first.
    ///
    /// # Errors
    /// If the facts do not fold: the journal is damaged.
    pub fn restore(
        &mut self,
        facts: &[RecordedFact],
        identity: Option<RequestIdentity>,
    ) -> Result<(), IllegalFact> {
        if facts.is_empty() {
            return Ok(());
        }
        let slot = self.restore_live(facts, identity)?;
        if let Some(live) = self.live.get(slot) {
            self.books.change(Sums::default(), &live.transfer);
        }
        self.reschedule(slot, facts.last().map_or_else(Moment::default, |last| last.at));
        Ok(())
    }

    /// Restores the books of the closed transfers. The closed transfers themselves stay in the journal.
    pub fn restore_books(&mut self, closed: BooksByDirection) {
        self.closed_books = ClosedBooks::new(closed.clone());
        self.books = closed;
    }

    /// Resumes all restored transfers: each one gets the input that the program restarted. Commands to core were sent by the
    /// previous process. They are sent again at core's rate, without waiting for their deadline.
    pub fn resume(&mut self, now: Moment) {
        let slots: Vec<_> = self.live.slots().collect();
        for slot in slots {
            let input = self.live.get(slot).map(|live| live.transfer.restart_input());
            if let Some(input) = input {
                self.apply(slot, &input, now);
                self.retry_core_command(slot, now);
            }
        }
        self.restore_alerts(now);
    }

    /// Folds the facts of a transfer and adds it to the transfers in memory. It does not change the books: they have the
    /// transfer already, or the caller adds it.
    pub(super) fn restore_live(
        &mut self,
        facts: &[RecordedFact],
        identity: Option<RequestIdentity>,
    ) -> Result<Slot, IllegalFact> {
        let (mut transfer, mut exception_since) = (None, None);
        for RecordedFact { fact, at, .. } in facts {
            let next = Transfer::fold(transfer, fact, *at)?;
            let is_exception = next.properties().is_exception;
            exception_since = is_exception.then(|| exception_since.unwrap_or(*at));
            transfer = Some(next);
        }
        let (Some(first), Some(transfer)) = (facts.first(), transfer) else {
            return Err(IllegalFact { state: "none", fact: "none" });
        };
        let slot = self.live.insert(LiveTransfer::new(first.id, transfer, identity));
        if let Some(since) = exception_since {
            self.live.set_exception(slot, true, since);
        }
        for trace in facts.iter().filter_map(|recorded| recorded.fact.trace()) {
            self.live.index_trace(trace, slot);
        }
        Ok(slot)
    }
}
