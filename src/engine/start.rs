//! Starting again: the open transfers come back from the journal, and what is not live comes back when it is asked for.

use super::BothBooks;
use super::Engine;
use super::event::{Begun, Life, Record};
use super::life::ClosedBooks;
use super::live::Entry;
use super::schedule::Slot;
use crate::transfer::{Illegal, Sums};
use crate::values::Moment;

impl Engine {
    /// Takes in an open transfer from the journal: all its facts, in their order. The books of the closed ones
    /// come before, by [`Engine::restore_books`].
    ///
    /// # Errors
    /// If the facts don't fold: the journal is damaged.
    pub fn restore(&mut self, records: &[Record], begun: Option<Begun>) -> Result<(), Illegal> {
        if records.is_empty() {
            return Ok(());
        }
        let slot = self.recall(records, begun)?;
        if let Some(entry) = self.live.get(slot) {
            self.books.change(Sums::default(), &entry.life);
        }
        self.reschedule(slot);
        Ok(())
    }

    /// Takes in the books of the transfers that the journal has as closed; those are not restored.
    pub fn restore_books(&mut self, closed: BothBooks) {
        self.closed = ClosedBooks::new(closed.clone());
        self.books = closed;
    }

    /// After all open transfers were restored: each is told that the program started again. What core was asked was asked by a
    /// process that is gone, so it is asked again without waiting for an answer, at the pace of what is overdue.
    pub fn resume(&mut self, now: Moment) {
        let slots: Vec<_> = self.live.slots().collect();
        for slot in slots {
            let restarted = self.live.get(slot).map(|entry| entry.life.restarted());
            if let Some(restarted) = restarted {
                self.step(slot, &restarted, now);
                self.bring_forward(slot, now);
            }
        }
    }

    /// Puts a transfer of the journal into the table. The books have it already, or have it put in.
    pub(super) fn recall(
        &mut self,
        records: &[Record],
        begun: Option<Begun>,
    ) -> Result<Slot, Illegal> {
        let mut life = None;
        for Record { fact, at, .. } in records {
            life = Some(Life::fold(life, fact, *at)?);
        }
        let (Some(first), Some(life)) = (records.first(), life) else {
            return Err(Illegal { state: "none", fact: "none" });
        };
        let slot = self.live.insert(Entry::new(first.id, life, begun));
        for trace in records.iter().filter_map(|record| record.fact.trace()) {
            self.live.index_trace(trace, slot);
        }
        Ok(slot)
    }
}
