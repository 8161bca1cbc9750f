//! Ids that no other node gives, and tokens that tell which message of a transfer the links speak of.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::link::{Clock, Token};
use crate::values::{Moment, TransferId};

/// Bits at the end of an id that are not part of it: a [`Kind`] stands there in a token.
const KIND_BITS: u32 = 3;

/// Bits of the count of a start, before those.
const COUNT_BITS: u32 = 43;

/// Gives ids in the order of time: UUIDs of version 7 (RFC 9562). After the milliseconds come the node, a number drawn at
/// the start, and a count.
#[derive(Debug)]
pub(super) struct Ids {
    clock: Clock,
    /// Version, node, variant and the start's number, in their places.
    own: u128,
    count: AtomicU64,
}

impl Ids {
    /// The ids of a node (0 to 35) from now on.
    pub(super) fn new(clock: Clock, node: u8) -> Self {
        let drawn = u128::from(random());
        let (node, high, low) = (u128::from(node) & 0x3F, drawn >> 16 & 0x3F, drawn & 0xFFFF);
        let own = 7 << 76 | node << 70 | high << 64 | 0b10 << 62 | low << (COUNT_BITS + KIND_BITS);
        Self { clock, own, count: AtomicU64::new(0) }
    }

    /// The next one.
    pub(super) fn next(&self) -> TransferId {
        let count = self.count.fetch_add(1, Ordering::Relaxed) & ((1 << COUNT_BITS) - 1);
        let millis = u128::from(self.clock.now().millis());
        TransferId(millis << 80 | self.own | u128::from(count) << KIND_BITS)
    }
}

/// When an id was given.
pub(super) fn given_at(id: TransferId) -> Moment {
    Moment::from_millis(u64::try_from(id.0 >> 80).unwrap_or_default())
}

/// A number that nobody can foretell, from what the standard library seeds its hash maps with.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// What a message of ours is to the transfer or question whose id it bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Reversal,
    Status,
    Inquiry,
    Answer,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::Request, Self::Reversal, Self::Status, Self::Inquiry, Self::Answer];

    /// What the links call the message by. A reversal and its repeats share one, as the links want it.
    pub(super) const fn token(self, id: TransferId) -> Token {
        Token(id.0 | self as u128)
    }

    /// Whose message a token is.
    pub(super) fn of(token: Token) -> Option<(TransferId, Self)> {
        let mask = (1 << KIND_BITS) - 1;
        let kind = Self::ALL.get(usize::try_from(token.0 & mask).ok()?)?;
        Some((TransferId(token.0 & !mask), *kind))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_come_in_order_and_never_twice() {
        let clock = Clock::new();
        let starts = [Ids::new(clock, 3), Ids::new(clock, 3), Ids::new(clock, 35)];
        let given: Vec<_> = starts.iter().flat_map(|ids| (0..1000).map(|_| ids.next().0)).collect();
        assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), 3000);
        assert!(given.chunks(1000).all(<[u128]>::is_sorted));
    }

    #[test]
    fn an_id_is_a_uuid_that_tells_when_it_was_given() {
        let clock = Clock::new();
        let before = clock.now();
        let id = Ids::new(clock, 35).next();
        let text = id.to_string();
        assert_eq!((&text[14..15], id.0 >> 70 & 0x3F), ("7", 35), "{text}: version and node");
        assert!("89ab".contains(&text[19..20]), "{text}: variant");
        let since = given_at(id).since(before).as_millis();
        assert!(since < 1000, "{text}: given {since} ms after it was asked for");
    }

    #[test]
    fn a_token_tells_id_and_kind() {
        let id = Ids::new(Clock::new(), 1).next();
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.token(id)), Some((id, kind)));
        }
        assert_eq!(Kind::of(Token(id.0 | 7)), None);
    }
}
