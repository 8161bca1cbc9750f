//! The messages of a link, counted by type.

use crate::iso8583::Mti;
use crate::values::Moment;

/// The messages of one type on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCount {
    /// The message type.
    pub mti: Mti,
    /// Messages of ours that are in the kernel's buffer.
    pub sent: u64,
    /// When the last of them was sent.
    pub last_sent: Option<Moment>,
    /// Messages of the switch that could be decoded.
    pub received: u64,
    /// When the last of them was received.
    pub last_received: Option<Moment>,
}

/// The messages of a link by type. The spec defines the types, so it bounds the table.
#[derive(Default)]
pub(super) struct MessageCounts(Vec<MessageCount>);

impl MessageCounts {
    pub(super) fn count_sent(&mut self, mti: Mti, now: Moment) {
        if let Some(count) = self.of(mti) {
            count.sent += 1;
            count.last_sent = Some(now);
        }
    }

    pub(super) fn count_received(&mut self, mti: Mti, now: Moment) {
        if let Some(count) = self.of(mti) {
            count.received += 1;
            count.last_received = Some(now);
        }
    }

    /// Returns the counts in order of the message type.
    pub(super) fn by_type(&self) -> Vec<MessageCount> {
        let mut counts = self.0.clone();
        counts.sort_unstable_by_key(|count| count.mti);
        counts
    }

    /// Returns the counts of a type. A link has few types, so a search costs less than a map.
    fn of(&mut self, mti: Mti) -> Option<&mut MessageCount> {
        let place = self.0.iter().position(|count| count.mti == mti).unwrap_or_else(|| {
            let (last_sent, last_received) = (None, None);
            self.0.push(MessageCount { mti, sent: 0, last_sent, received: 0, last_received });
            self.0.len() - 1
        });
        self.0.get_mut(place)
    }
}
