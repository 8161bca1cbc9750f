//! Messages that wait: to be looked at, or to go out.

use std::collections::BTreeMap;

use super::{Member, Wire};
use crate::values::Moment;

/// Messages of banks or to them, by when their time has come and, of one moment, in the order in which they were put here.
#[derive(Default)]
pub(super) struct Held {
    waiting: BTreeMap<(Moment, u64), (Member, Wire)>,
    put: u64,
}

impl Held {
    /// Messages that wait at most.
    const MAX: usize = 100_000;

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= Self::MAX
    }

    pub(super) fn put(&mut self, until: Moment, bank: Member, wire: Wire) {
        self.put += 1;
        self.waiting.insert((until, self.put), (bank, wire));
    }

    /// Takes a message out whose time has come.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<(Member, Wire)> {
        let first = self.waiting.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    pub(super) fn next_due(&self) -> Option<Moment> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }
}
