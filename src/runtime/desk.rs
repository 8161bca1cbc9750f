//! The desk that the channel API asks: what it is asked goes into the loop's queue, and what becomes of it comes back.

use std::future::{Future, pending};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::ids::Ids;
use crate::api::{self, Denial, InquiryAnswer, Progress, TransferAnswer};
use crate::engine::{Begun, Busy, Key};
use crate::link::Clock;
use crate::transfer::{Inquiry, Order};
use crate::values::{Moment, TransferId};

/// Questions that may wait for the loop. More are told [`Busy::Full`].
const WAITING: usize = 8192;

/// What a channel asks, and who waits for the answer.
pub(super) enum Ask {
    Transfer(Order, Begun, oneshot::Sender<TransferAnswer>),
    Inquiry(Inquiry, oneshot::Sender<InquiryAnswer>),
    Standing(Key, oneshot::Sender<Standing>),
}

/// The transfer under a key, if there is one, and how it stands.
pub(super) type Standing = Result<Option<(Order, Progress)>, Denial>;

/// The end of the desk that the channels see.
pub(super) struct Desk {
    clock: Clock,
    ids: Arc<Ids>,
    asks: mpsc::Sender<Ask>,
}

impl Desk {
    /// The desk, and the loop's end of its queue.
    pub(super) fn new(clock: Clock, ids: Arc<Ids>) -> (Self, mpsc::Receiver<Ask>) {
        let (asks, asked) = mpsc::channel(WAITING);
        (Self { clock, ids, asks }, asked)
    }

    /// Queues what is asked, at once, and waits for what becomes of it. Where the loop has ended without a word nothing
    /// is said: it may have been done.
    fn ask<T: Send>(
        &self,
        ask: impl FnOnce(oneshot::Sender<T>) -> Ask,
        denied: impl FnOnce(Denial) -> T + Send,
    ) -> impl Future<Output = T> + Send {
        let (tell, told) = oneshot::channel();
        let queued = self.asks.try_send(ask(tell)).map_err(|_| Denial::Busy(Busy::Full));
        async move {
            match queued {
                Err(denial) => denied(denial),
                Ok(()) => match told.await {
                    Ok(answer) => answer,
                    Err(_) => pending().await,
                },
            }
        }
    }
}

impl api::Desk for Desk {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn id(&self) -> TransferId {
        self.ids.next()
    }

    fn transfer(
        &self,
        order: Order,
        begun: Begun,
    ) -> impl Future<Output = TransferAnswer> + Send + '_ {
        self.ask(move |tell| Ask::Transfer(order, begun, tell), TransferAnswer::Denied)
    }

    fn inquire(&self, inquiry: Inquiry) -> impl Future<Output = InquiryAnswer> + Send + '_ {
        self.ask(move |tell| Ask::Inquiry(inquiry, tell), InquiryAnswer::Denied)
    }

    fn standing(&self, key: Key) -> impl Future<Output = Standing> + Send + '_ {
        self.ask(move |tell| Ask::Standing(key, tell), Err)
    }
}
