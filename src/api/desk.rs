//! The port to the rest of the program.

use std::future::Future;

use crate::engine::{Begun, Busy, Key};
use crate::transfer::{Inquiry, Order, Refusal, Standing, Trace};
use crate::values::{Moment, Name, TransferId};

/// What takes the channels' requests.
///
/// **Handing over is the call, waiting is the future.** An implementation gives the order away before it returns, into
/// a queue with a bound (full: [`Busy::Full`]), and its future only waits for the answer. So a client that hangs
/// up drops a wait and never a transfer, and a request costs neither a task nor a second channel: one slot for the
/// answer is all that an implementation needs.
pub trait Desk: Send + Sync + 'static {
    /// The program's clock.
    fn now(&self) -> Moment;

    /// A new id, that no other node gives.
    fn id(&self) -> TransferId;

    /// Asks for a transfer. A new one is answered when it is known whether the money has moved (settled, given back or being
    /// so, refused) and that is durable; one that was there before as it stands now. How long that is waited for is the caller's
    /// to say: it drops the future.
    fn transfer(
        &self,
        order: Order,
        begun: Begun,
    ) -> impl Future<Output = TransferAnswer> + Send + '_;

    /// Asks for the name of an account at another bank.
    fn inquire(&self, inquiry: Inquiry) -> impl Future<Output = InquiryAnswer> + Send + '_;

    /// How the transfer stands that began under a key, as far as it is durable; none, if there is none.
    ///
    /// # Errors
    /// If that can't be found out now.
    fn standing(
        &self,
        key: Key,
    ) -> impl Future<Output = Result<Option<(Order, Progress)>, Denial>> + Send + '_;
}

/// How a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The transfer: of a request that was there before, the first one.
    pub id: TransferId,
    /// How it stands.
    pub standing: Standing,
    /// The numbers of its request, once it has some.
    pub trace: Option<Trace>,
    /// Why the money did not move, where it did not.
    pub reason: Option<Reason>,
}

/// Why the money of a transfer did not move, or an account can't be paid to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Core or the other bank refused, and this is what it said.
    Refused(Refusal),
    /// No link was there to send it on.
    NotSent,
    /// The outcome was unknown, and it was undone.
    Undone,
}

/// What becomes of the request for a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferAnswer {
    /// It stands so.
    Stands(Progress),
    /// Another request was there before under this key.
    Conflict(Key),
    /// It was not taken on; nothing was done.
    Denied(Denial),
}

/// What becomes of the question for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InquiryAnswer {
    /// The account is there. Some banks don't say whose it is.
    Found(Option<Name>),
    /// It can't be paid to.
    Declined(Reason),
    /// No answer came in time.
    Unanswered,
    /// It was not asked.
    Denied(Denial),
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// The engine has no room, or takes on nothing new.
    Busy(Busy),
    /// The service, the direction or the bank is closed, or no link is there.
    Closed,
    /// A guard stopped it.
    Suspected,
    /// Something here is broken.
    Fault,
}
