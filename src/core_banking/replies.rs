//! The channel of core's replies. Replies that are available together are handed over together, so that the receiver can
//! process them in one batch.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, TryAcquireError};

use super::command::CoreReply;
use super::error::CoreBankingError;

/// Unread replies in the channel. At this bound no further command goes to core until some replies are read. Commands then
/// wait in their own bounded queue.
const UNREAD_MAX: usize = 16_384;

/// The maximum size of a sent batch. It is smaller than [`UNREAD_MAX`], because a batch waits for all its places at once.
const SEND_MAX: usize = 4_096;

/// The number of replies at which a receive takes no further batch.
const RECEIVE_MAX: usize = 1_024;

/// A batch of replies, or the error after which no more come.
type ReplyBatch = Result<Vec<CoreReply>, CoreBankingError>;

/// Creates the channel on the current runtime. The replies end when all copies of the sender are dropped.
pub(super) fn reply_channel() -> (ReplySender, ReplyReceiver) {
    let (batches, received) = unbounded_channel();
    let capacity = Arc::new(Semaphore::new(UNREAD_MAX));
    let runtime = Handle::current();
    let sender = ReplySender { batches, capacity: Arc::clone(&capacity), runtime };
    (sender, ReplyReceiver { batches: received, capacity, fault: None })
}

/// The sending end, used by core's client or the ledger.
#[derive(Clone)]
pub(super) struct ReplySender {
    batches: UnboundedSender<ReplyBatch>,
    /// The free places.
    capacity: Arc<Semaphore>,
    runtime: Handle,
}

/// The receiver was dropped.
pub(super) struct ReceiverClosed;

impl ReplySender {
    /// Sends a reply; waits for a free place.
    pub(super) async fn send(&self, reply: CoreReply) -> Result<(), ReceiverClosed> {
        self.capacity.acquire().await.map_err(|_| ReceiverClosed)?.forget();
        self.batches.send(Ok(vec![reply])).map_err(|_| ReceiverClosed)
    }

    /// Sends a reply, if there is a free place.
    pub(super) fn try_send(&self, reply: CoreReply) {
        if let Ok(place) = self.capacity.try_acquire() {
            place.forget();
            // If the receiver is closed, no reply is needed.
            let _closed = self.batches.send(Ok(vec![reply]));
        }
    }

    /// Sends all replies; blocks this thread, which must not be one of the runtime's, until there are free places.
    pub(super) fn send_all(&self, mut replies: Vec<CoreReply>) -> Result<(), ReceiverClosed> {
        while replies.len() > SEND_MAX {
            let rest = replies.split_off(SEND_MAX);
            self.send_batch(replies)?;
            replies = rest;
        }
        if replies.is_empty() { Ok(()) } else { self.send_batch(replies) }
    }

    fn send_batch(&self, replies: Vec<CoreReply>) -> Result<(), ReceiverClosed> {
        let count = u32::try_from(replies.len()).map_err(|_| ReceiverClosed)?;
        let places = match self.capacity.try_acquire_many(count) {
            Err(TryAcquireError::NoPermits) => {
                let acquired = self.runtime.block_on(self.capacity.acquire_many(count));
                acquired.map_err(|_| ReceiverClosed)?
            }
            places => places.map_err(|_| ReceiverClosed)?,
        };
        places.forget();
        self.batches.send(Ok(replies)).map_err(|_| ReceiverClosed)
    }

    /// Sends the error after which no more replies come.
    pub(super) fn fail(&self, fault: CoreBankingError) {
        // If the receiver is closed, the error is in the log.
        let _closed = self.batches.send(Err(fault));
    }
}

/// The receiving end, used by the owner of the port.
pub(super) struct ReplyReceiver {
    batches: UnboundedReceiver<ReplyBatch>,
    capacity: Arc<Semaphore>,
    fault: Option<CoreBankingError>,
}

impl ReplyReceiver {
    /// Returns the next replies; `None` when no more come.
    pub(super) async fn next(&mut self) -> Option<Vec<CoreReply>> {
        if self.fault.is_some() {
            return None;
        }
        let batch = self.batches.recv().await?;
        let mut received = self.open_batch(batch)?;
        while received.len() < RECEIVE_MAX
            && let Ok(batch) = self.batches.try_recv()
            && let Some(more) = self.open_batch(batch)
        {
            received.extend(more);
        }
        self.capacity.add_permits(received.len());
        Some(received)
    }

    fn open_batch(&mut self, batch: ReplyBatch) -> Option<Vec<CoreReply>> {
        batch.map_err(|fault| self.fault = Some(fault)).ok()
    }

    /// Returns the error that ended the replies, if core failed.
    pub(super) const fn fault(&self) -> Option<&CoreBankingError> {
        self.fault.as_ref()
    }
}

impl Drop for ReplyReceiver {
    fn drop(&mut self) {
        // Wakes the senders that wait for a free place.
        self.capacity.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::CancelReply;
    use crate::values::TransferId;

    fn replies(count: usize) -> Vec<CoreReply> {
        (0..count as u128)
            .map(|id| CoreReply::Cancel(TransferId(id), CancelReply::Unknown))
            .collect()
    }

    #[tokio::test]
    async fn more_replies_than_places_arrive_in_order_as_they_are_received() {
        let (sender, mut receiver) = reply_channel();
        let all = replies(3 * UNREAD_MAX);
        let sent = all.clone();
        let sender = std::thread::spawn(move || sender.send_all(sent).is_ok());
        let mut replies = Vec::new();
        while let Some(more) = receiver.next().await {
            assert!(more.len() < RECEIVE_MAX + SEND_MAX, "{}", more.len());
            replies.extend(more);
        }
        assert!(sender.join().unwrap() && replies == all);
        assert!(receiver.fault().is_none());
    }

    #[tokio::test]
    async fn a_sender_that_waits_for_a_place_fails_when_the_receiver_is_dropped() {
        let (sender, receiver) = reply_channel();
        let full = replies(UNREAD_MAX);
        let blocked = sender.clone();
        let blocked = std::thread::spawn(move || {
            (blocked.send_all(full).is_ok(), blocked.send_all(replies(1)).is_err())
        });
        while sender.capacity.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        sender.try_send(replies(1).remove(0));
        drop(receiver);
        assert_eq!(blocked.join().unwrap(), (true, true));
        assert!(sender.send(replies(1).remove(0)).await.is_err());
    }
}
