//! What the switch asked and is still to be answered: its messages, by the ids that they were given.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::ids::given_at;
use crate::link::LinkId;
use crate::values::{Moment, TransferId};

/// How long an answer may be owed. By then the switch has asked again, under another id.
const OWED: Duration = Duration::from_mins(5);

/// A message of the switch, and where it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) link: LinkId,
    pub(super) message: Bytes,
}

/// The messages, in the order of their ids, which is that of time. Over the bound the oldest is forgotten, and is not
/// answered: the switch repeats it.
#[derive(Debug)]
pub(super) struct AskedOfUs {
    by_id: BTreeMap<TransferId, Request>,
    most: usize,
}

impl AskedOfUs {
    /// Room for so many.
    pub(super) const fn new(most: usize) -> Self {
        Self { by_id: BTreeMap::new(), most }
    }

    /// Keeps a message until it is answered.
    pub(super) fn put(&mut self, id: TransferId, request: Request, now: Moment) {
        while let Some(oldest) = self.by_id.first_entry()
            && (now.since(given_at(*oldest.key())) >= OWED || self.by_id.len() >= self.most)
        {
            self.by_id.pop_first();
        }
        self.by_id.insert(id, request);
    }

    /// The message that is answered now.
    pub(super) fn take(&mut self, id: TransferId) -> Option<Request> {
        self.by_id.remove(&id)
    }

    /// How many are owed an answer.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_or_too_much_is_forgotten() {
        let mut asked = AskedOfUs::new(2);
        let request = || Request { link: LinkId(0), message: Bytes::from_static(b"0200") };
        let at = |seconds: u64| Moment::from_millis(1000 * seconds);
        let id = |seconds: u128| TransferId((1000 * seconds) << 80);
        for seconds in [0, 200, 250] {
            asked.put(id(u128::from(seconds)), request(), at(seconds));
        }
        assert!(asked.take(id(0)).is_none(), "over the bound");
        assert!(asked.take(id(250)).is_some());
        asked.put(id(500), request(), at(500));
        assert!(asked.take(id(200)).is_none(), "asked too long ago");
        assert_eq!(asked.len(), 1);
    }
}
