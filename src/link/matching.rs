//! Which answer belongs to which request.

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use super::{LineId, Token};
use crate::iso8583::{De, Message};
use crate::values::Moment;

/// What a request and its answer have in common: the class of the MTI, and the values of some data elements as
/// they lie on the wire. Held in place: none is allocated.
#[derive(Clone, Copy)]
pub struct Key {
    class: u8,
    length: u8,
    bytes: [u8; KEY_MAX],
}

/// Bytes that the values of a key may have together. That suffices for DE11, 12, 13, 32 and 41 twice.
const KEY_MAX: usize = 62;

impl Key {
    /// The key of a message; `None` if it lacks one of the data elements, or they have over 62 bytes together.
    #[must_use]
    pub fn of(message: &Message<'_>, elements: &[De]) -> Option<Self> {
        let mut key = Self { class: message.mti().class(), length: 0, bytes: [0; KEY_MAX] };
        let mut at = 0;
        for de in elements {
            let wire = message.field(*de)?.wire();
            let end = at + wire.len();
            key.bytes.get_mut(at..end)?.copy_from_slice(wire);
            at = end;
        }
        key.length = u8::try_from(at).ok()?;
        Some(key)
    }

    fn value(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.class == other.class && self.value() == other.value()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.class);
        state.write(self.value());
    }
}

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// Whose it is.
    pub(super) token: Token,
    /// The line that it went on.
    pub(super) line: LineId,
    /// Counts requests, so that one is never taken for a later one with the same key.
    pub(super) serial: u64,
    /// When nobody waits for its answer any more.
    pub(super) until: Moment,
}

/// The requests of a network that wait for their answers, on whichever link they went.
///
/// Bounded by the caps of the links: whoever puts something in has looked whether it may.
pub(super) struct InFlight {
    pending: HashMap<Key, Pending>,
    /// In the order in which they run out, with some that are gone; never more than twice as many as there are.
    order: VecDeque<(Moment, u64, Key)>,
}

impl InFlight {
    pub(super) fn new(capacity: usize) -> Self {
        Self { pending: HashMap::with_capacity(capacity), order: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Who has the key.
    pub(super) fn holder(&self, key: &Key) -> Option<Token> {
        self.pending.get(key).map(|pending| pending.token)
    }

    /// Puts a request in, whose key nobody has, and which runs out no sooner than any before.
    pub(super) fn insert(&mut self, key: Key, pending: Pending) {
        debug_assert!(!self.pending.contains_key(&key), "the caller looked");
        self.compact();
        self.order.push_back((pending.until, pending.serial, key));
        self.pending.insert(key, pending);
    }

    /// Takes out the request that an answer with this key belongs to.
    pub(super) fn take(&mut self, key: &Key) -> Option<Pending> {
        self.pending.remove(key)
    }

    /// Takes out the next request whose time is up.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<Pending> {
        while let Some((until, serial, key)) = self.order.front().copied() {
            let waits = self.waits(&key, serial);
            if waits && until > now {
                return None;
            }
            self.order.pop_front();
            if waits {
                return self.pending.remove(&key);
            }
        }
        None
    }

    /// When the next runs out; or sooner, if it is answered already.
    pub(super) fn next_due(&self) -> Option<Moment> {
        self.order.front().map(|(until, ..)| *until)
    }

    /// Takes out all requests that went on a line, the oldest first.
    pub(super) fn take_line(&mut self, line: LineId) -> Vec<Pending> {
        let taken = self.pending.extract_if(|_, pending| pending.line == line);
        let mut taken: Vec<_> = taken.map(|(_, pending)| pending).collect();
        taken.sort_unstable_by_key(|pending| pending.serial);
        taken
    }

    /// Takes out a request that was not written after all.
    pub(super) fn withdraw(&mut self, serial: u64) -> Option<Pending> {
        self.pending.extract_if(|_, pending| pending.serial == serial).next().map(|(_, gone)| gone)
    }

    fn waits(&self, key: &Key, serial: u64) -> bool {
        self.pending.get(key).is_some_and(|pending| pending.serial == serial)
    }

    /// Forgets in the order what is answered: at the front always, everywhere when that is half of it.
    fn compact(&mut self) {
        const FEW: usize = 64;
        while let Some((_, serial, key)) = self.order.front()
            && !self.waits(key, *serial)
        {
            self.order.pop_front();
        }
        if self.order.len() > 2 * self.pending.len() + FEW {
            let pending = &self.pending;
            self.order.retain(|(_, serial, key)| {
                pending.get(key).is_some_and(|pending| pending.serial == *serial)
            });
        }
    }
}
