//! Matching of responses to requests in flight.

use std::collections::{HashMap, VecDeque};

use super::{ConnectionId, CorrelationId};
use crate::network::MatchingKey;
use crate::values::Moment;

/// A request in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingRequest {
    /// The owner's id of the request.
    pub(super) correlation_id: CorrelationId,
    /// The connection that carried the request.
    pub(super) connection: ConnectionId,
    /// The serial number of the request. It tells the request from a later one with the same key.
    pub(super) serial: u64,
    /// The moment after which a response is late.
    pub(super) until: Moment,
}

/// The requests of a network in flight, over all links.
///
/// The limits of the links bound the table: the caller checks them before it inserts.
pub(super) struct InFlight {
    pending: HashMap<MatchingKey, PendingRequest>,
    /// Keys in the order in which they expire. Answered requests can be among them; the length is at most twice that of
    /// `pending`, plus 64.
    expiry_order: VecDeque<(Moment, u64, MatchingKey)>,
}

impl InFlight {
    pub(super) fn new(capacity: usize) -> Self {
        Self { pending: HashMap::with_capacity(capacity), expiry_order: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Returns the id of the request with this key.
    pub(super) fn id_of(&self, key: &MatchingKey) -> Option<CorrelationId> {
        self.pending.get(key).map(|pending| pending.correlation_id)
    }

    /// Inserts a request. The caller has checked that its key is free; it must not expire before an earlier one.
    pub(super) fn insert(&mut self, key: MatchingKey, pending: PendingRequest) {
        debug_assert!(!self.pending.contains_key(&key), "the caller checked the key");
        self.compact();
        self.expiry_order.push_back((pending.until, pending.serial, key));
        self.pending.insert(key, pending);
    }

    /// Removes and returns the request with this key.
    pub(super) fn take(&mut self, key: &MatchingKey) -> Option<PendingRequest> {
        self.pending.remove(key)
    }

    /// Removes and returns the next request that has expired.
    pub(super) fn take_expired(&mut self, now: Moment) -> Option<PendingRequest> {
        while let Some((until, serial, key)) = self.expiry_order.front().copied() {
            let is_pending = self.is_pending(&key, serial);
            if is_pending && until > now {
                return None;
            }
            self.expiry_order.pop_front();
            if is_pending {
                return self.pending.remove(&key);
            }
        }
        None
    }

    /// Returns the moment when the next request expires; it can be earlier if that request is answered already.
    pub(super) fn next_expiry(&self) -> Option<Moment> {
        self.expiry_order.front().map(|(until, ..)| *until)
    }

    /// Removes and returns all requests of a connection, the oldest first.
    pub(super) fn take_of(&mut self, connection: ConnectionId) -> Vec<PendingRequest> {
        self.take_where(|pending| pending.connection == connection)
    }

    /// Removes and returns requests that were not written, by their serial numbers in ascending order.
    pub(super) fn withdraw(&mut self, serials: &[u64]) -> Vec<PendingRequest> {
        if serials.is_empty() {
            return Vec::new();
        }
        self.take_where(|pending| serials.binary_search(&pending.serial).is_ok())
    }

    fn take_where(&mut self, is_taken: impl Fn(&PendingRequest) -> bool) -> Vec<PendingRequest> {
        let taken = self.pending.extract_if(|_, pending| is_taken(pending));
        let mut taken: Vec<_> = taken.map(|(_, pending)| pending).collect();
        taken.sort_unstable_by_key(|pending| pending.serial);
        taken
    }

    fn is_pending(&self, key: &MatchingKey, serial: u64) -> bool {
        self.pending.get(key).is_some_and(|pending| pending.serial == serial)
    }

    /// Removes answered requests from the expiry order: at the front always, elsewhere when they are half of it.
    fn compact(&mut self) {
        const FEW: usize = 64;
        while let Some((_, serial, key)) = self.expiry_order.front()
            && !self.is_pending(key, *serial)
        {
            self.expiry_order.pop_front();
        }
        if self.expiry_order.len() > 2 * self.pending.len() + FEW {
            let pending = &self.pending;
            self.expiry_order.retain(|(_, serial, key)| {
                pending.get(key).is_some_and(|pending| pending.serial == *serial)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iso8583::Mti;

    fn key(number: u8) -> MatchingKey {
        let mut key = MatchingKey::new(Mti::FINANCIAL_REQUEST);
        key.push(&[number]).unwrap();
        key
    }

    fn pending(serial: u64, until: u64) -> PendingRequest {
        let correlation_id = CorrelationId(serial.into());
        let connection = ConnectionId(serial % 2);
        PendingRequest { correlation_id, connection, serial, until: Moment::from_millis(until) }
    }

    #[test]
    fn an_answered_request_does_not_expire_and_its_key_is_free_again() {
        let mut in_flight = InFlight::new(4);
        in_flight.insert(key(1), pending(1, 100));
        in_flight.insert(key(2), pending(2, 200));
        assert_eq!(in_flight.take(&key(1)).unwrap().serial, 1);
        assert!(in_flight.take(&key(1)).is_none(), "a duplicate response");
        in_flight.insert(key(1), pending(3, 300));
        assert!(in_flight.take_expired(Moment::from_millis(199)).is_none());
        assert_eq!(in_flight.take_expired(Moment::from_millis(250)).unwrap().serial, 2);
        assert!(
            in_flight.take_expired(Moment::from_millis(299)).is_none(),
            "the expiry of the first request does not count"
        );
        assert_eq!(in_flight.take_expired(Moment::from_millis(300)).unwrap().serial, 3);
        assert_eq!((in_flight.len(), in_flight.next_expiry()), (0, None));
    }

    #[test]
    fn the_requests_of_a_connection_are_removed_in_order() {
        let mut in_flight = InFlight::new(4);
        (1..=6).for_each(|serial| in_flight.insert(key(serial), pending(serial.into(), 100)));
        let lost: Vec<_> =
            in_flight.take_of(ConnectionId(1)).iter().map(|request| request.serial).collect();
        assert_eq!(lost, [1, 3, 5]);
        let withdrawn: Vec<_> =
            in_flight.withdraw(&[4]).iter().map(|request| request.serial).collect();
        assert_eq!(withdrawn, [4]);
        assert_eq!(in_flight.len(), 2);
    }

    /// One request that is never answered stays at the front; the order must not grow behind it.
    #[test]
    fn the_expiry_order_stays_in_proportion_to_the_requests_in_flight() {
        let mut in_flight = InFlight::new(4);
        in_flight.insert(key(0), pending(0, 1_000_000));
        for serial in 1..10_000 {
            in_flight.insert(key(1), pending(serial, 1_000_000));
            assert!(in_flight.take(&key(1)).is_some());
            assert!(in_flight.expiry_order.len() <= 67, "{}", in_flight.expiry_order.len());
        }
    }
}
