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
