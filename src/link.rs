//! The links to a network's switch: sessions, matching of responses, reconnection, TCP and TLS.
//!
//! [`LinkGroup`] is all links of a network as a pure machine, without sockets, clock or randomness of its own.
//! [`start`] drives one on tokio. Links carry ISO 8583 messages; what the messages mean is known to the owner only.
//!
//! The owner learns exactly what happened to a request. [`Event::NotSent`]: certainly not a single byte was written.
//! [`Event::Sent`]: the request is in the kernel's buffer. Then one of: [`Event::Response`]; [`Event::Expired`], the
//! response did not come in time; [`Event::Lost`], the connection broke when some bytes were written, or may have been.
//! A request is never written after its deadline.
//!
//! Operators see [`Handle::states`] and give orders with [`Handle::order`]: sign on, sign off, drain, echo.

mod connection;
mod disconnect;
mod driver;
mod event;
mod group;
mod handle;
mod management;
mod matching;
mod message_counts;
mod order;
mod outbox;
mod publisher;
mod response_times;
mod session;
mod state;
mod tcp;

pub use disconnect::DisconnectReason;
pub use driver::start;
pub use event::{Event, NotSent, OutgoingKind, OutgoingMessage, SessionPhase};
pub use group::{Action, LinkGroup};
pub use handle::{Events, Handle};
pub use message_counts::MessageCount;
pub use order::{OrderDone, OrderError, OrderResult};
pub use response_times::ResponseTimes;
pub use state::{EchoTime, LinkError, LinkPhase, LinkState, LinkStates, LinkWish, Role};
pub use tcp::{Endpoint, LinkTls};

pub use crate::tls::{Identity, TlsClient, TlsError, TlsServer};
pub use crate::values::LinkOrder;

/// The id that the owner gives a message; events about the message carry it. All but its last [`CorrelationId::MESSAGE_BITS`]
/// bits name the subject of the message. Later messages of a subject replace earlier ones with the same matching key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CorrelationId(pub u128);

impl CorrelationId {
    /// The bits at the end of an id that tell the messages of one subject apart.
    pub const MESSAGE_BITS: u32 = 3;

    const fn has_subject_of(self, other: Self) -> bool {
        self.0 >> Self::MESSAGE_BITS == other.0 >> Self::MESSAGE_BITS
    }
}

/// The id of a link: its position among the links of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub usize);

/// The id of one connection of a link. Ids are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(u64);
