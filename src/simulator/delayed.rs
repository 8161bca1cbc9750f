//! Messages that a fault delays, before they are handled or before they are sent.

use std::collections::BTreeMap;

use super::{Member, TextMessage};
use crate::values::Moment;

/// Delayed messages from banks or to them, by the time when they are due. Messages of the same time keep their order.
#[derive(Default)]
pub(super) struct DelayedMessages {
    waiting: BTreeMap<(Moment, u64), (Member, TextMessage)>,
    added: u64,
}

impl DelayedMessages {
    /// The most messages that wait.
    const MAX: usize = 100_000;

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= Self::MAX
    }

    pub(super) fn put(&mut self, until: Moment, bank: Member, message: TextMessage) {
        self.added += 1;
        self.waiting.insert((until, self.added), (bank, message));
    }

    /// Takes the first message that is due.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<(Member, TextMessage)> {
        let first = self.waiting.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    pub(super) fn next_due(&self) -> Option<Moment> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }
}
