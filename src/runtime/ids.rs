//! Ids that no other node creates, and correlation ids that say which message of a transfer the links report on.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Clock;
use crate::link::CorrelationId;
use crate::random::unpredictable;
use crate::transfer::MessageKind;
use crate::values::{Moment, TransferId};

/// Bits at the end of an id that are always zero: a correlation id holds a [`SentMessage`] there.
const MESSAGE_BITS: u32 = CorrelationId::MESSAGE_BITS;

/// Bits of the counter, before those.
const COUNTER_BITS: u32 = 43;

/// Creates ids in the order of time: UUIDs of version 7 (RFC 9562). The milliseconds are followed by the node, a random
/// number drawn at the start, and a counter.
#[derive(Debug)]
pub(super) struct IdGenerator {
    clock: Clock,
    /// Version, node, variant and random number, in their places.
    fixed: u128,
    counter: AtomicU64,
}

impl IdGenerator {
    /// Creates the generator of a node (0 to 35).
    pub(super) fn new(clock: Clock, node: u8) -> Self {
        let drawn = u128::from(unpredictable());
        let (node, high, low) = (u128::from(node) & 0x3F, drawn >> 16 & 0x3F, drawn & 0xFFFF);
        let fixed =
            7 << 76 | node << 70 | high << 64 | 0b10 << 62 | low << (COUNTER_BITS + MESSAGE_BITS);
        Self { clock, fixed, counter: AtomicU64::new(0) }
    }

    /// Returns the next id.
    pub(super) fn next(&self) -> TransferId {
        let counter = self.counter.fetch_add(1, Ordering::Relaxed) & ((1 << COUNTER_BITS) - 1);
        let millis = u128::from(self.clock.now().millis());
        TransferId(millis << 80 | self.fixed | u128::from(counter) << MESSAGE_BITS)
    }
}

/// Returns when an id was created.
pub(super) fn created_at(id: TransferId) -> Moment {
    Moment::from_millis(u64::try_from(id.0 >> 80).unwrap_or_default())
}

/// Which message of a transfer or an inquiry we sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SentMessage {
    /// A message about an outbound transfer.
    Transfer(MessageKind),
    /// An account or balance inquiry.
    Inquiry,
    /// A response to the switch.
    Response,
}

impl SentMessage {
    /// All messages; the position of one is its number in a correlation id.
    const ALL: [Self; 5] = [
        Self::Transfer(MessageKind::Request),
        Self::Transfer(MessageKind::Reversal),
        Self::Transfer(MessageKind::StatusInquiry),
        Self::Inquiry,
        Self::Response,
    ];

    /// Returns the correlation id for the links. A message and its repeats share one.
    pub(super) const fn correlation_id(self, id: TransferId) -> CorrelationId {
        let number = match self {
            Self::Transfer(MessageKind::Request) => 0,
            Self::Transfer(MessageKind::Reversal) => 1,
            Self::Transfer(MessageKind::StatusInquiry) => 2,
            Self::Inquiry => 3,
            Self::Response => 4,
        };
        CorrelationId(id.0 | number)
    }

    /// Returns the transfer or inquiry and the message of a correlation id.
    pub(super) fn of(correlation_id: CorrelationId) -> Option<(TransferId, Self)> {
        let mask = (1 << MESSAGE_BITS) - 1;
        let message = Self::ALL.get(usize::try_from(correlation_id.0 & mask).ok()?)?;
        Some((TransferId(correlation_id.0 & !mask), *message))
    }
}

impl fmt::Debug for SentMessage {
    /// Writes the name that logs have.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transfer(kind) => kind.fmt(f),
            Self::Inquiry => f.write_str("Inquiry"),
            Self::Response => f.write_str("Response"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_in_order() {
        let clock = Clock::new();
        let generators =
            [IdGenerator::new(clock, 3), IdGenerator::new(clock, 3), IdGenerator::new(clock, 35)];
        let ids: Vec<_> =
            generators.iter().flat_map(|ids| (0..1000).map(|_| ids.next().0)).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3000);
        assert!(ids.chunks(1000).all(<[u128]>::is_sorted));
    }

    #[test]
    fn an_id_is_a_uuid_with_its_time() {
        let clock = Clock::new();
        let before = clock.now();
        let id = IdGenerator::new(clock, 35).next();
        let text = id.to_string();
        assert_eq!((&text[14..15], id.0 >> 70 & 0x3F), ("7", 35), "{text}: version and node");
        assert!("89ab".contains(&text[19..20]), "{text}: variant");
        let since = created_at(id).since(before).as_millis();
        assert!(since < 1000, "{text}: created {since} ms later");
    }

    #[test]
    fn a_correlation_id_holds_the_id_and_the_message() {
        let id = IdGenerator::new(Clock::new(), 1).next();
        for message in SentMessage::ALL {
            assert_eq!(SentMessage::of(message.correlation_id(id)), Some((id, message)));
        }
        assert_eq!(SentMessage::of(CorrelationId(id.0 | 7)), None);
    }
}
