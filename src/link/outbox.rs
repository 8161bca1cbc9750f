//! The outbox of a connection: frames to write, and how far they are written.

use std::collections::VecDeque;

use bytes::{Buf, BytesMut};

use super::CorrelationId;
use crate::iso8583::Mti;
use crate::values::Moment;

/// A message in the outbox that events report on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tracked {
    /// The owner's id of the message.
    pub(super) correlation_id: CorrelationId,
    /// The serial number of a request; `None` for a response.
    pub(super) serial: Option<u64>,
    /// The moment from which its first byte must not be written.
    pub(super) deadline: Moment,
}

struct OutboxFrame {
    length: usize,
    /// The message type; `None` for a keep-alive.
    mti: Option<Mti>,
    tracked: Option<Tracked>,
}

/// Consecutive frames with their lengths, so that one write carries many.
///
/// The transport has accepted the first `taken` bytes of the buffer, but has not confirmed yet that they are in the
/// kernel. A plain socket confirms at once, TLS may not.
#[derive(Default)]
pub(super) struct Outbox {
    bytes: BytesMut,
    frames: VecDeque<OutboxFrame>,
    /// The bytes of the first frame that are in the kernel already.
    begun: usize,
    taken: usize,
    /// A lower bound of all deadlines.
    earliest_deadline: Option<Moment>,
    /// The moment since which bytes wait and not a single one was written.
    waiting_since: Option<Moment>,
}

impl Outbox {
    /// Returns the number of bytes that are not in the kernel yet.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends the frame that `write` writes to the buffer. A keep-alive has no type.
    pub(super) fn push<E>(
        &mut self,
        (mti, tracked): (Option<Mti>, Option<Tracked>),
        now: Moment,
        write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.bytes.len();
        write(&mut self.bytes)?;
        self.frames.push_back(OutboxFrame { length: self.bytes.len() - before, mti, tracked });
        if let Some(deadline) = tracked.map(|tracked| tracked.deadline) {
            self.earliest_deadline =
                Some(self.earliest_deadline.map_or(deadline, |other| other.min(deadline)));
        }
        self.waiting_since.get_or_insert(now);
        Ok(())
    }

    /// Returns the bytes to write next.
    pub(super) fn unwritten(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// Records that the transport accepted bytes. Some of them may be in the kernel.
    pub(super) fn mark_taken(&mut self, count: usize) {
        self.taken = (self.taken + count).min(self.bytes.len());
    }

    /// Whether the transport has accepted bytes that may not be in the kernel.
    pub(super) const fn has_taken(&self) -> bool {
        self.taken > 0
    }

    /// Records that all accepted bytes are in the kernel. Calls `sent` for each message that is complete there, with its type and
    /// the id of a message that events report on.
    pub(super) fn mark_flushed(
        &mut self,
        now: Moment,
        mut sent: impl FnMut(Mti, Option<CorrelationId>),
    ) {
        if self.taken == 0 {
            return;
        }
        self.bytes.advance(self.taken);
        self.begun += self.taken;
        self.taken = 0;
        self.waiting_since = (!self.bytes.is_empty()).then_some(now);
        while let Some(frame) = self.frames.pop_front_if(|frame| frame.length <= self.begun) {
            self.begun -= frame.length;
            if let Some(mti) = frame.mti {
                sent(mti, frame.tracked.map(|tracked| tracked.correlation_id));
            }
        }
        if self.frames.is_empty() {
            self.earliest_deadline = None;
        }
    }

    /// Returns the moment since which bytes wait and not a single one was written.
    pub(super) const fn waiting_since(&self) -> Option<Moment> {
        self.waiting_since
    }

    /// Returns the earliest deadline of the messages that are not written, or an earlier moment.
    pub(super) const fn next_deadline(&self) -> Option<Moment> {
        self.earliest_deadline
    }

    /// Removes the messages whose deadline has passed and of which not a single byte has left.
    ///
    /// # Errors
    /// If such a message is partly written. The connection must be closed; otherwise the rest would be written too late.
    pub(super) fn expire(
        &mut self,
        now: Moment,
        mut removed: impl FnMut(Tracked),
    ) -> Result<(), PartlyWritten> {
        if self.earliest_deadline.is_none_or(|earliest| earliest > now) {
            return Ok(());
        }
        self.remove(|tracked| tracked.deadline <= now, &mut removed)
    }

    /// Removes the messages that are chosen and of which not a single byte has left.
    ///
    /// # Errors
    /// If such a message is partly written.
    pub(super) fn remove(
        &mut self,
        is_chosen: impl Fn(&Tracked) -> bool,
        mut removed: impl FnMut(Tracked),
    ) -> Result<(), PartlyWritten> {
        let out = self.begun + self.taken;
        let mut start = 0;
        let mut kept = VecDeque::with_capacity(self.frames.len());
        let mut bytes = BytesMut::with_capacity(self.bytes.len());
        let mut has_partly_written = false;
        for frame in self.frames.drain(..) {
            let end = start + frame.length;
            let is_chosen = frame.tracked.as_ref().is_some_and(&is_chosen);
            if let (true, true, Some(tracked)) = (is_chosen, start >= out, frame.tracked) {
                removed(tracked);
            } else {
                has_partly_written |= is_chosen;
                let from = start.max(self.begun) - self.begun;
                bytes.extend_from_slice(self.bytes.get(from..end - self.begun).unwrap_or_default());
                kept.push_back(frame);
            }
            start = end;
        }
        self.bytes = bytes;
        self.frames = kept;
        self.earliest_deadline =
            self.frames.iter().filter_map(|frame| Some(frame.tracked?.deadline)).min();
        self.waiting_since = self.waiting_since.filter(|_| !self.bytes.is_empty());
        if has_partly_written { Err(PartlyWritten) } else { Ok(()) }
    }

    /// Returns the messages that are left after the connection ended, each with whether a byte of it may have left.
    pub(super) fn into_unsent(self) -> impl Iterator<Item = (Tracked, bool)> {
        let out = self.begun + self.taken;
        let with_start = self.frames.into_iter().scan(0, |at, frame| {
            let start = *at;
            *at += frame.length;
            Some((start, frame))
        });
        with_start.filter_map(move |(start, frame)| Some((frame.tracked?, start < out)))
    }
}

/// A message that should be removed is partly written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartlyWritten;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(1_000);

    /// Returns an outbox with messages of 10 bytes, which hold their number, with these deadlines in milliseconds.
    fn outbox(deadlines: &[u64]) -> Outbox {
        let mut outbox = Outbox::default();
        for (deadline, number) in deadlines.iter().zip(0_u8..) {
            let deadline = Moment::from_millis(*deadline);
            let tracked =
                Tracked { correlation_id: CorrelationId(number.into()), serial: None, deadline };
            let of = (Some(Mti::FINANCIAL_REQUEST), Some(tracked));
            let written: Result<(), ()> = outbox.push(of, NOW, |buffer| {
                buffer.extend_from_slice(&[number; 10]);
                Ok(())
            });
            written.unwrap();
        }
        outbox
    }

    fn write(outbox: &mut Outbox, count: usize) -> Vec<u128> {
        let mut sent = Vec::new();
        outbox.mark_taken(count);
        outbox.mark_flushed(NOW, |_, correlation_id| sent.extend(correlation_id.map(|id| id.0)));
        sent
    }

    fn expire(outbox: &mut Outbox, at: u64) -> (Result<(), PartlyWritten>, Vec<u128>) {
        let mut removed = Vec::new();
        let result = outbox
            .expire(Moment::from_millis(at), |tracked| removed.push(tracked.correlation_id.0));
        (result, removed)
    }

    fn unsent(outbox: Outbox) -> Vec<(u128, bool)> {
        outbox.into_unsent().map(|(tracked, begun)| (tracked.correlation_id.0, begun)).collect()
    }

    #[test]
    fn a_message_is_sent_with_its_last_byte_and_begun_with_its_first() {
        let mut outbox = outbox(&[5_000; 4]);
        assert_eq!(write(&mut outbox, 9), []);
        assert_eq!(write(&mut outbox, 1), [0]);
        assert_eq!(write(&mut outbox, 11), [1]);
        assert_eq!(unsent(outbox), [(2, true), (3, false)]);
    }

    #[test]
    fn accepted_bytes_may_have_left_but_are_not_sent_before_the_transport_confirms() {
        let mut outbox = outbox(&[5_000; 3]);
        outbox.mark_taken(15);
        assert!(outbox.has_taken());
        assert_eq!(outbox.unwritten().len(), 15);
        assert_eq!(unsent(outbox), [(0, true), (1, true), (2, false)]);
    }

    #[test]
    fn late_messages_are_removed_and_the_other_frames_stay_intact() {
        let mut outbox = outbox(&[5_000, 2_000, 5_000, 2_000, 3_000]);
        assert_eq!(write(&mut outbox, 4), []);
        assert_eq!(expire(&mut outbox, 1_999), (Ok(()), vec![]));
        assert_eq!(expire(&mut outbox, 2_000), (Ok(()), vec![1, 3]));
        let expected = [[0; 6].as_slice(), &[2; 10], &[4; 10]].concat();
        assert_eq!(outbox.unwritten(), expected);
        assert_eq!(outbox.next_deadline(), Some(Moment::from_millis(3_000)));
        assert_eq!(write(&mut outbox, 16), [0, 2]);
        assert_eq!(unsent(outbox), [(4, false)]);
    }

    #[test]
    fn a_late_message_that_is_partly_written_is_an_error() {
        let mut outbox = outbox(&[2_000, 2_000]);
        write(&mut outbox, 1);
        assert_eq!(expire(&mut outbox, 2_000), (Err(PartlyWritten), vec![1]));
        assert_eq!(unsent(outbox), [(0, true)]);
    }

    #[test]
    fn a_message_that_cannot_be_encoded_leaves_the_outbox_unchanged() {
        let mut outbox = outbox(&[5_000]);
        assert_eq!(outbox.push((None, None), NOW, |_| Err("too long")), Err("too long"));
        assert_eq!((outbox.len(), outbox.waiting_since()), (10, Some(NOW)));
        assert_eq!(write(&mut outbox, 10), [0]);
        assert_eq!((outbox.is_empty(), outbox.waiting_since()), (true, None));
    }
}
