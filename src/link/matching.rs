//! Which answer belongs to which request.

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use super::{LineId, Token};
use crate::iso8583::{De, Message};
use crate::values::Moment;

/// What a request and its answer have in common: the class of the MTI, and the values of some data elements as
/// they lie on the wire. Held in place: none is allocated.
#[derive(Clone, Copy)]
pub(super) struct Key {
    class: u8,
    length: u8,
    bytes: [u8; KEY_MAX],
}

/// Bytes that the values of a key may have together. That suffices for DE11, 12, 13, 32 and 41 twice.
const KEY_MAX: usize = 62;

impl Key {
    /// The key of a message; `None` if it lacks one of the data elements, or they have over 62 bytes together.
    pub(super) fn of(message: &Message<'_>, elements: &[De]) -> Option<Self> {
        let mut key = Self { class: message.mti().class(), length: 0, bytes: [0; KEY_MAX] };
        let mut at = 0;
        for de in elements {
            let wire = message.wire(*de)?;
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
        self.take_where(|pending| pending.line == line)
    }

    /// Takes out requests that were not written after all, by their serial numbers in ascending order.
    pub(super) fn withdraw(&mut self, serials: &[u64]) -> Vec<Pending> {
        if serials.is_empty() {
            return Vec::new();
        }
        self.take_where(|pending| serials.binary_search(&pending.serial).is_ok())
    }

    fn take_where(&mut self, goes: impl Fn(&Pending) -> bool) -> Vec<Pending> {
        let taken = self.pending.extract_if(|_, pending| goes(pending));
        let mut taken: Vec<_> = taken.map(|(_, pending)| pending).collect();
        taken.sort_unstable_by_key(|pending| pending.serial);
        taken
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        let mut bytes = [0; KEY_MAX];
        bytes[0] = number;
        Key { class: 2, length: 1, bytes }
    }

    fn pending(serial: u64, until: u64) -> Pending {
        let (token, line) = (Token(serial.into()), LineId(serial % 2));
        Pending { token, line, serial, until: Moment::from_millis(until) }
    }

    #[test]
    fn what_is_answered_does_not_run_out_and_a_key_may_be_used_again() {
        let mut in_flight = InFlight::new(4);
        in_flight.insert(key(1), pending(1, 100));
        in_flight.insert(key(2), pending(2, 200));
        assert_eq!(in_flight.take(&key(1)).unwrap().serial, 1);
        assert!(in_flight.take(&key(1)).is_none(), "its answer again");
        in_flight.insert(key(1), pending(3, 300));
        assert!(in_flight.take_due(Moment::from_millis(199)).is_none());
        assert_eq!(in_flight.take_due(Moment::from_millis(250)).unwrap().serial, 2);
        assert!(in_flight.take_due(Moment::from_millis(299)).is_none(), "not for the first's sake");
        assert_eq!(in_flight.take_due(Moment::from_millis(300)).unwrap().serial, 3);
        assert_eq!((in_flight.len(), in_flight.next_due()), (0, None));
    }

    #[test]
    fn a_line_that_breaks_takes_its_own_in_their_order() {
        let mut in_flight = InFlight::new(4);
        (1..=6).for_each(|serial| in_flight.insert(key(serial), pending(serial.into(), 100)));
        let lost: Vec<_> = in_flight.take_line(LineId(1)).iter().map(|one| one.serial).collect();
        assert_eq!(lost, [1, 3, 5]);
        let withdrawn: Vec<_> = in_flight.withdraw(&[4]).iter().map(|one| one.serial).collect();
        assert_eq!(withdrawn, [4]);
        assert_eq!(in_flight.len(), 2);
    }

    /// One request that is never answered holds up the order's front; the order must not grow behind it.
    #[test]
    fn the_order_stays_in_proportion_to_what_waits() {
        let mut in_flight = InFlight::new(4);
        in_flight.insert(key(0), pending(0, 1_000_000));
        for serial in 1..10_000 {
            in_flight.insert(key(1), pending(serial, 1_000_000));
            assert!(in_flight.take(&key(1)).is_some());
            assert!(in_flight.order.len() <= 67, "{}", in_flight.order.len());
        }
    }
}
