//! The port behind the channel API: requests go into the queue of the main loop, responses come back.

use std::future::{Future, pending};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::ids::IdGenerator;
use crate::api::{AccountInquiryResponse, ChannelPort, NotProcessed, TransferResponse};
use crate::clock::Clock;
use crate::engine::NotAdmitted;
use crate::transfer::{Inquiry, Order, StatusReport};
use crate::values::{IdempotencyKey, Moment, RequestIdentity, TransferId};

/// Requests that can wait for the main loop. Further ones get [`NotAdmitted::Full`].
const QUEUE_MAX: usize = 8192;

/// A request of a channel, and where its response goes.
pub(super) enum ChannelRequest {
    Transfer(Arc<Order>, RequestIdentity, oneshot::Sender<TransferResponse>),
    Inquiry(Inquiry, oneshot::Sender<AccountInquiryResponse>),
    Status(IdempotencyKey, oneshot::Sender<StatusResult>),
}

/// The status of the transfer under a key, if there is one.
pub(super) type StatusResult = Result<Option<StatusReport>, NotProcessed>;

/// The channels' end of the queue.
pub(super) struct RequestQueue {
    clock: Clock,
    ids: Arc<IdGenerator>,
    requests: mpsc::Sender<ChannelRequest>,
}

impl RequestQueue {
    /// Returns both ends of the queue.
    pub(super) fn new(
        clock: Clock,
        ids: Arc<IdGenerator>,
    ) -> (Self, mpsc::Receiver<ChannelRequest>) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        (Self { clock, ids, requests: sender }, receiver)
    }

    /// Queues a request at once. The future waits for the response. If the main loop ends without a response, the future
    /// never completes: the request may have been processed.
    fn queue<T: Send>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> ChannelRequest,
        not_processed: impl FnOnce(NotProcessed) -> T + Send,
    ) -> impl Future<Output = T> + Send {
        let (sender, response) = oneshot::channel();
        let queued = self
            .requests
            .try_send(request(sender))
            .map_err(|_| NotProcessed::NotAdmitted(NotAdmitted::Full));
        async move {
            match queued {
                Err(reason) => not_processed(reason),
                Ok(()) => match response.await {
                    Ok(response) => response,
                    Err(_) => pending().await,
                },
            }
        }
    }
}

impl ChannelPort for RequestQueue {
    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn next_id(&self) -> TransferId {
        self.ids.next()
    }

    fn transfer(
        &self,
        order: Arc<Order>,
        identity: RequestIdentity,
    ) -> impl Future<Output = TransferResponse> + Send + '_ {
        self.queue(
            move |sender| ChannelRequest::Transfer(order, identity, sender),
            TransferResponse::NotProcessed,
        )
    }

    fn account_inquiry(
        &self,
        inquiry: Inquiry,
    ) -> impl Future<Output = AccountInquiryResponse> + Send + '_ {
        self.queue(
            move |sender| ChannelRequest::Inquiry(inquiry, sender),
            AccountInquiryResponse::NotProcessed,
        )
    }

    fn transfer_status(
        &self,
        key: IdempotencyKey,
    ) -> impl Future<Output = StatusResult> + Send + '_ {
        self.queue(move |sender| ChannelRequest::Status(key, sender), Err)
    }
}
