//! The entries of a row.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::journal::row::{InboundReference, MessageTrace, Row};
use crate::random::mixed;
use crate::values::{IdempotencyKey, Stan, TransferId};

/// The key of an entry. Different things have different keys but for a rare collision, so a reader compares the row that it
/// finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::journal::sqlite) struct LookupKey(u128);

impl LookupKey {
    /// The last row of a closed transfer.
    pub(in crate::journal::sqlite) fn transfer(id: TransferId) -> Self {
        Self::of(1, id.0)
    }

    /// The row that reserved an idempotency key.
    pub(in crate::journal::sqlite) fn reservation(key: IdempotencyKey) -> Self {
        Self::of(2, key.0)
    }

    /// The row of a message of ours.
    pub(in crate::journal::sqlite) fn trace(transmission_second: u64, stan: Stan) -> Self {
        Self::of(3, u128::from(transmission_second) << 32 | u128::from(stan.number()))
    }

    /// The first row of a transfer that another bank requested.
    pub(in crate::journal::sqlite) fn reference(reference: &InboundReference) -> Self {
        let text = reference.bank().bytes().chain(*b"/").chain(reference.rrn.as_str().bytes());
        let fold = |hash: u128, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
        };
        Self::of(4, text.fold(0x6C62_272E_07BB_0142_62B8_2175_6295_C58D, fold))
    }

    fn of(kind: u64, what: u128) -> Self {
        let half = |half: u128| u64::try_from(half & u128::from(u64::MAX)).unwrap_or_default();
        let (high, low) = (half(what >> 64), half(what));
        let first = mixed(low ^ mixed(high ^ kind));
        let second = mixed(high ^ mixed(low ^ kind.rotate_left(32)));
        Self(u128::from(first) << 64 | u128::from(second))
    }

    pub(super) const fn range(self) -> RangeInclusive<(u128, u64)> {
        (self.0, 0)..=(self.0, u64::MAX)
    }

    pub(super) const fn number(self) -> u128 {
        self.0
    }
}

/// What the look-ups need of a row.
#[derive(Debug)]
pub(in crate::journal::sqlite) struct RowOutline {
    pub(in crate::journal::sqlite) id: TransferId,
    pub(in crate::journal::sqlite) number: u64,
    pub(in crate::journal::sqlite) is_open: bool,
    reservations: [Option<IdempotencyKey>; 2],
    trace: Option<MessageTrace>,
    reference: Option<InboundReference>,
}

impl RowOutline {
    pub(in crate::journal::sqlite) fn new(row: &Row, number: u64) -> Self {
        let identity = row.start.as_ref().map(|start| start.identity);
        let keys = |identity: crate::values::RequestIdentity| {
            [Some(identity.request_key), identity.reference_key]
        };
        Self {
            id: row.id,
            number,
            is_open: row.is_open,
            reservations: identity.map(keys).unwrap_or_default(),
            trace: row.trace,
            reference: InboundReference::of(row),
        }
    }

    /// Opens or closes the transfer of the row.
    pub(super) fn apply(&self, open: &mut HashMap<u128, u64>) {
        if self.is_open {
            open.insert(self.id.0, self.number);
        } else {
            open.remove(&self.id.0);
        }
    }

    /// Returns the entries of the row.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u128, u64)> + use<> {
        let second = self.trace.and_then(|trace| Some((trace.transmission_second?, trace.stan)));
        let is_last = !self.is_open && self.id != Row::JOURNAL;
        let [request, reference] = self.reservations;
        let keys = [
            is_last.then(|| LookupKey::transfer(self.id)),
            request.map(LookupKey::reservation),
            reference.map(LookupKey::reservation),
            second.map(|(second, stan)| LookupKey::trace(second, stan)),
            self.reference.as_ref().map(LookupKey::reference),
        ];
        let number = self.number;
        keys.into_iter().flatten().map(move |key| (key.number(), number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Value;

    #[test]
    fn different_things_have_different_keys() {
        let stan = |text: &[u8]| Stan::from_ascii(text).unwrap();
        let keys = [
            LookupKey::transfer(TransferId(7)),
            LookupKey::transfer(TransferId(7 << 64)),
            LookupKey::reservation(IdempotencyKey(7)),
            LookupKey::trace(7, stan(b"000001")),
            LookupKey::trace(1, stan(b"000007")),
        ];
        for (nth, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(nth + 1).all(|other| other != key), "{nth}");
        }
    }
}
