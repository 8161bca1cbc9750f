//! What is to be written on a line, and what became of it.

use std::collections::VecDeque;

use bytes::{Buf, BytesMut};

use super::Token;
use crate::values::Moment;

/// A message in the outbox whose owner wants to know what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tracked {
    /// Whose it is.
    pub(super) token: Token,
    /// The serial number of a request; none of an answer.
    pub(super) serial: Option<u64>,
    /// After this moment no first byte of it may be written.
    pub(super) deadline: Moment,
}

struct Entry {
    bytes: usize,
    tracked: Option<Tracked>,
}

/// Frames one behind the other, so that many go in one write, and where each ends.
///
/// Positions count from the front of the buffer. `taken` bytes at the front are with the transport, which has not
/// said yet that they are in the kernel; a plain socket has none of these, TLS may.
#[derive(Default)]
pub(super) struct Outbox {
    bytes: BytesMut,
    entries: VecDeque<Entry>,
    /// Bytes of the first entry that are in the kernel already.
    begun: usize,
    taken: usize,
    /// No deadline is before this.
    earliest: Option<Moment>,
    /// Since when bytes wait without any being written.
    waits_since: Option<Moment>,
}

impl Outbox {
    /// Bytes that are not in the kernel yet.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Puts a frame behind the others: what `write` appends to the buffer.
    pub(super) fn push<E>(
        &mut self,
        tracked: Option<Tracked>,
        now: Moment,
        write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.bytes.len();
        write(&mut self.bytes)?;
        self.entries.push_back(Entry { bytes: self.bytes.len() - before, tracked });
        if let Some(deadline) = tracked.map(|tracked| tracked.deadline) {
            self.earliest = Some(self.earliest.map_or(deadline, |other| other.min(deadline)));
        }
        self.waits_since.get_or_insert(now);
        Ok(())
    }

    /// What is to be written next.
    pub(super) fn unwritten(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// The transport took bytes, and may have put some of them into the kernel.
    pub(super) fn take(&mut self, count: usize) {
        self.taken = (self.taken + count).min(self.bytes.len());
    }

    /// Whether the transport has taken bytes that it has not put into the kernel for certain.
    pub(super) const fn has_taken(&self) -> bool {
        self.taken > 0
    }

    /// All that was taken is in the kernel: tells whose messages are so wholly.
    pub(super) fn flushed(&mut self, now: Moment, mut sent: impl FnMut(Token)) {
        if self.taken == 0 {
            return;
        }
        self.bytes.advance(self.taken);
        self.begun += self.taken;
        self.taken = 0;
        self.waits_since = (!self.bytes.is_empty()).then_some(now);
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.bytes <= self.begun) {
            self.begun -= entry.bytes;
            if let Some(tracked) = entry.tracked {
                sent(tracked.token);
            }
        }
        if self.entries.is_empty() {
            self.earliest = None;
        }
    }

    /// Since when bytes wait without any being written.
    pub(super) const fn waits_since(&self) -> Option<Moment> {
        self.waits_since
    }

    /// The earliest deadline of what is not written, or a moment before it.
    pub(super) const fn next_deadline(&self) -> Option<Moment> {
        self.earliest
    }

    /// Takes out the messages whose deadline has come and of which no byte has left.
    ///
    /// # Errors
    /// If such a message has left in part: the line has to be cut, or the rest would be written too late.
    pub(super) fn expire(
        &mut self,
        now: Moment,
        mut gone: impl FnMut(Tracked),
    ) -> Result<(), PartlyWritten> {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return Ok(());
        }
        let out = self.begun + self.taken;
        let mut start = 0;
        let mut kept = VecDeque::with_capacity(self.entries.len());
        let mut bytes = BytesMut::with_capacity(self.bytes.len());
        let mut late = false;
        for entry in self.entries.drain(..) {
            let end = start + entry.bytes;
            let is_due = entry.tracked.is_some_and(|tracked| tracked.deadline <= now);
            if let (true, true, Some(tracked)) = (is_due, start >= out, entry.tracked) {
                gone(tracked);
            } else {
                late |= is_due;
                let from = start.max(self.begun) - self.begun;
                bytes.extend_from_slice(self.bytes.get(from..end - self.begun).unwrap_or_default());
                kept.push_back(entry);
            }
            start = end;
        }
        self.bytes = bytes;
        self.entries = kept;
        self.earliest = self.entries.iter().filter_map(|entry| Some(entry.tracked?.deadline)).min();
        self.waits_since = self.waits_since.filter(|_| !self.bytes.is_empty());
        if late { Err(PartlyWritten) } else { Ok(()) }
    }

    /// The line is gone: what is left, and of each whether a byte of it may have left.
    pub(super) fn abandon(self) -> impl Iterator<Item = (Tracked, bool)> {
        let out = self.begun + self.taken;
        let with_start = self.entries.into_iter().scan(0, |at, entry| {
            let start = *at;
            *at += entry.bytes;
            Some((start, entry))
        });
        with_start.filter_map(move |(start, entry)| Some((entry.tracked?, start < out)))
    }
}

/// A message whose deadline has come has left in part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartlyWritten;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(1_000);

    /// Messages of 10 bytes, each of its number, whose deadlines are at that many milliseconds.
    fn outbox(deadlines: &[u64]) -> Outbox {
        let mut outbox = Outbox::default();
        for (deadline, number) in deadlines.iter().zip(0_u8..) {
            let deadline = Moment::from_millis(*deadline);
            let tracked = Tracked { token: Token(number.into()), serial: None, deadline };
            let written: Result<(), ()> = outbox.push(Some(tracked), NOW, |buffer| {
                buffer.extend_from_slice(&[number; 10]);
                Ok(())
            });
            written.unwrap();
        }
        outbox
    }

    fn write(outbox: &mut Outbox, count: usize) -> Vec<u128> {
        let mut sent = Vec::new();
        outbox.take(count);
        outbox.flushed(NOW, |token| sent.push(token.0));
        sent
    }

    fn expire(outbox: &mut Outbox, at: u64) -> (Result<(), PartlyWritten>, Vec<u128>) {
        let mut gone = Vec::new();
        let result = outbox.expire(Moment::from_millis(at), |tracked| gone.push(tracked.token.0));
        (result, gone)
    }

    fn left(outbox: Outbox) -> Vec<(u128, bool)> {
        outbox.abandon().map(|(tracked, begun)| (tracked.token.0, begun)).collect()
    }

    #[test]
    fn a_message_is_sent_when_its_last_byte_is_and_begun_when_its_first() {
        let mut outbox = outbox(&[5_000; 4]);
        assert_eq!(write(&mut outbox, 9), []);
        assert_eq!(write(&mut outbox, 1), [0]);
        assert_eq!(write(&mut outbox, 11), [1]);
        assert_eq!(left(outbox), [(2, true), (3, false)]);
    }

    #[test]
    fn what_the_transport_took_may_have_left_and_is_not_sent_before_it_says_so() {
        let mut outbox = outbox(&[5_000; 3]);
        outbox.take(15);
        assert!(outbox.has_taken());
        assert_eq!(outbox.unwritten().len(), 15);
        assert_eq!(left(outbox), [(0, true), (1, true), (2, false)]);
    }

    #[test]
    fn what_is_late_is_taken_out_from_between_the_others_and_their_bytes_stay_whole() {
        let mut outbox = outbox(&[5_000, 2_000, 5_000, 2_000, 3_000]);
        assert_eq!(write(&mut outbox, 4), []);
        assert_eq!(expire(&mut outbox, 1_999), (Ok(()), vec![]));
        assert_eq!(expire(&mut outbox, 2_000), (Ok(()), vec![1, 3]));
        let expected = [[0; 6].as_slice(), &[2; 10], &[4; 10]].concat();
        assert_eq!(outbox.unwritten(), expected);
        assert_eq!(outbox.next_deadline(), Some(Moment::from_millis(3_000)));
        assert_eq!(write(&mut outbox, 16), [0, 2]);
        assert_eq!(left(outbox), [(4, false)]);
    }

    #[test]
    fn what_is_late_and_half_written_can_not_be_taken_back() {
        let mut outbox = outbox(&[2_000, 2_000]);
        write(&mut outbox, 1);
        assert_eq!(expire(&mut outbox, 2_000), (Err(PartlyWritten), vec![1]));
        assert_eq!(left(outbox), [(0, true)]);
    }

    #[test]
    fn a_message_that_can_not_be_written_leaves_no_trace() {
        let mut outbox = outbox(&[5_000]);
        assert_eq!(outbox.push(None, NOW, |_| Err("too long")), Err("too long"));
        assert_eq!((outbox.len(), outbox.waits_since()), (10, Some(NOW)));
        assert_eq!(write(&mut outbox, 10), [0]);
        assert_eq!((outbox.is_empty(), outbox.waits_since()), (true, None));
    }
}
