//! The port to the rest of the program.

use std::future::Future;
use std::sync::Arc;

use crate::engine::NotAdmitted;
use crate::transfer::{FailureReason, Inquiry, Order, StatusReport};
use crate::values::{IdempotencyKey, RequestIdentity};
use crate::values::{Moment, Name, TransferId};

/// Accepts the requests of channels.
///
/// **The call hands over, the future waits.** An implementation queues the request before it returns, in a bounded queue (when
/// it is full: [`NotAdmitted::Full`]). The future only waits for the response. So a client that hangs up drops a wait, never a
/// transfer. A request needs neither a task nor a second channel, only a slot for its response.
pub trait ChannelPort: Send + Sync + 'static {
    /// Returns the time.
    fn now(&self) -> Moment;

    /// Returns a new id, which no other node creates.
    fn next_id(&self) -> TransferId;

    /// Requests a transfer. A new transfer gets its response when it is durable whether the money moved: settled,
    /// refunded or rejected. A transfer that exists gets its present status. The caller bounds the wait: it drops the future.
    fn transfer(
        &self,
        order: Arc<Order>,
        identity: RequestIdentity,
    ) -> impl Future<Output = TransferResponse> + Send + '_;

    /// Requests the name of an account at another bank.
    fn account_inquiry(
        &self,
        inquiry: Inquiry,
    ) -> impl Future<Output = AccountInquiryResponse> + Send + '_;

    /// Returns the durable status of the transfer under a key; `None` if it does not exist.
    ///
    /// # Errors
    /// If the status can't be looked up now.
    fn transfer_status(
        &self,
        key: IdempotencyKey,
    ) -> impl Future<Output = Result<Option<StatusReport>, NotProcessed>> + Send + '_;
}

/// The response to a transfer request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferResponse {
    /// The status of the transfer. For a repeated request, the status of the original transfer.
    Report(StatusReport),
    /// A different request used this key before.
    KeyConflict(IdempotencyKey),
    /// The request was not processed; nothing was done.
    NotProcessed(NotProcessed),
}

/// The response to an account inquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountInquiryResponse {
    /// The account exists. Some banks do not return the name of its holder.
    Found(Option<Name>),
    /// The account can't be paid to.
    Declined(FailureReason),
    /// No response came in time.
    NoResponse,
    /// The inquiry was not sent.
    NotProcessed(NotProcessed),
}

/// Why a request was not processed. Nothing was done for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NotProcessed {
    /// The engine did not admit it.
    NotAdmitted(NotAdmitted),
    /// An operator closed or limited the service, the direction or the bank. Holds the text for channels.
    ServiceClosed(Option<Box<str>>),
    /// A guard stopped it.
    SuspectedFraud,
    /// An internal error.
    InternalError,
}
