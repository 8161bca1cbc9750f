//! When the journal records the head of the embedded ledger.

use std::time::Duration;

use crate::signing::LedgerHead;
use crate::values::Moment;

/// The shortest time between two records. Without other batches a record gets a batch of its own. At an orderly stop the last head
/// is recorded whatever the time.
const RECORD_EVERY: Duration = Duration::from_secs(1);

/// What the journal records of the ledger.
pub(super) struct LedgerRecord {
    recorded: Option<LedgerHead>,
    /// When a new head is recorded again.
    next: Moment,
}

impl LedgerRecord {
    pub(super) fn new(recorded: Option<LedgerHead>) -> Self {
        Self { recorded, next: Moment::default() }
    }

    /// Returns the durable head that a batch of this moment must record, if it must.
    pub(super) fn take_due(
        &mut self,
        now: Moment,
        head: impl FnOnce() -> Option<LedgerHead>,
    ) -> Option<LedgerHead> {
        if now < self.next {
            return None;
        }
        let head = self.take_new(head())?;
        self.next = now.after(RECORD_EVERY);
        Some(head)
    }

    /// Returns when a durable head must be recorded, if it is new.
    pub(super) fn deadline(&self, head: Option<LedgerHead>) -> Option<Moment> {
        (head.is_some() && head != self.recorded).then_some(self.next)
    }

    /// Returns a head that is not recorded yet. From now on it counts as recorded.
    pub(super) fn take_new(&mut self, head: Option<LedgerHead>) -> Option<LedgerHead> {
        let new = head.filter(|_| head != self.recorded)?;
        self.recorded = head;
        Some(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::{ChainId, Head};

    const fn head(count: u64) -> LedgerHead {
        LedgerHead { chain_id: ChainId([3; 16]), head: Head { count, hash: [9; 32] } }
    }

    #[test]
    fn a_new_head_is_recorded_once_a_second_and_a_known_one_never() {
        let mut record = LedgerRecord::new(Some(head(5)));
        let mut due = |millis, durable: Option<u64>| {
            let due = record.take_due(Moment::from_millis(millis), || durable.map(head));
            due.map(|due| due.head.count)
        };
        assert_eq!(due(7, Some(5)), None, "the journal has it");
        assert_eq!(due(8, Some(6)), Some(6));
        assert_eq!(due(900, Some(7)), None, "too early");
        assert_eq!(due(1_008, Some(6)), None, "no new one");
        assert_eq!(due(1_009, Some(8)), Some(8));
        assert_eq!(due(9_000, None), None, "core over HTTP");
        assert_eq!([None, Some(head(8))].map(|head| record.deadline(head)), [None; 2]);
        assert_eq!(record.deadline(Some(head(9))), Some(Moment::from_millis(2_009)));
        assert_eq!(record.take_new(Some(head(8))), None);
        assert_eq!(record.take_new(Some(head(9))), Some(head(9)), "at the stop");
    }
}
