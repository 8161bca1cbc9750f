//! Messages to the links, and events from them.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;

use super::{CorrelationId, DisconnectReason, LinkId};
use crate::iso8583::{DecodeError, Mti, OwnedMessage, SendFault};
use crate::network::MatchingKey;
use crate::values::Moment;

/// A message to send.
#[derive(Clone)]
pub struct OutgoingMessage {
    /// The owner's id of the message.
    pub correlation_id: CorrelationId,
    /// The message without header and length.
    pub message: Bytes,
    /// The moment from which the message is not written any more.
    pub deadline: Moment,
    /// Whether it is a request or a response.
    pub kind: OutgoingKind,
}

/// Whether a message to send is a request or a response.
#[derive(Clone, Copy)]
pub enum OutgoingKind {
    /// A request, with the key that its response has.
    Request(MatchingKey),
    /// A response, with the link that the request came from. Another link is used while that one is down.
    Response(LinkId),
}

impl NotSent {
    /// Whether the links refused the message itself, so that its repeat fails too. Otherwise no link could carry it in time.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        match self {
            Self::QueueFull | Self::KeyInFlight | Self::InvalidMessage | Self::NotEncodable(_) => {
                true
            }
            Self::DeadlinePassed
            | Self::ConnectionLost
            | Self::NoLinkUp
            | Self::Draining
            | Self::Withdrawn => false,
        }
    }
}

impl fmt::Debug for OutgoingMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutgoingMessage({:?}, {} bytes)", self.correlation_id, self.message.len())
    }
}

/// The reasons why a message was not sent. Not a single byte of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The deadline passed while the message waited for a link or for the rate limit.
    #[error("the deadline passed before the message was written")]
    DeadlinePassed,
    /// The queue of messages is full.
    #[error("the queue is full")]
    QueueFull,
    /// A request of another subject with the same matching key is in flight.
    #[error("another request with the same matching key is in flight")]
    KeyInFlight,
    /// The spec does not define the message type, or a request was sent as a response or the reverse.
    #[error(
        "the spec does not define the message type, or it is not that of a request or response"
    )]
    InvalidMessage,
    /// The message does not fit the framing.
    #[error("the message does not fit the framing: {0}")]
    NotEncodable(SendFault),
    /// The connection broke before the first byte was written.
    #[error("the connection broke before the message was written")]
    ConnectionLost,
    /// The message is a response, and all links are down.
    #[error("all links are down")]
    NoLinkUp,
    /// All links are drained or signed off.
    #[error("all links are drained or signed off")]
    Draining,
    /// The owner withdrew the message.
    #[error("it was withdrawn before it was written")]
    Withdrawn,
}

/// An event at the links.
#[derive(Clone)]
pub enum Event {
    /// The message is in the kernel's buffer. With TLS this event can follow the response.
    Sent(CorrelationId),
    /// The message was certainly not sent.
    NotSent(CorrelationId, NotSent),
    /// The connection broke when some bytes of the message were written, or may have been. The response did not arrive.
    Lost(CorrelationId),
    /// The response did not come within the network's time, or a later message of the same subject replaced the request. A later
    /// response is unmatched.
    Expired(CorrelationId),
    /// A response to a request.
    Response {
        /// The id of the request.
        correlation_id: CorrelationId,
        /// The link that the response came from. It can differ from the link of the request.
        link: LinkId,
        /// The response.
        message: OwnedMessage,
    },
    /// A response without a request in flight: late, duplicate, or to a request that we did not send.
    Unmatched {
        /// The link that the response came from.
        link: LinkId,
        /// The response.
        message: OwnedMessage,
    },
    /// A request of the switch.
    Request {
        /// The link that the request came from.
        link: LinkId,
        /// The request.
        message: OwnedMessage,
    },
    /// The switch sends a new key. The owner answers, not the session.
    KeyChange {
        /// The link that the request came from.
        link: LinkId,
        /// The request.
        message: OwnedMessage,
    },
    /// The switch asks for a new business date. The owner answers, not the session.
    CutOver {
        /// The link that the request came from.
        link: LinkId,
        /// The request.
        message: OwnedMessage,
    },
    /// A message that the session does not expect: it came before the sign-on, or it is unknown network management.
    Unexpected {
        /// The link that the message came from.
        link: LinkId,
        /// Whether the session was signed on.
        phase: SessionPhase,
        /// The message.
        message: OwnedMessage,
    },
    /// A frame whose content cannot be decoded. The connection stays open.
    Malformed {
        /// The link that the frame came from.
        link: LinkId,
        /// The content of the frame.
        message: Bytes,
        /// The reason.
        error: Box<DecodeError>,
        /// What can be read of a request of the switch, to answer it. `None` for everything that is not answered: a response,
        /// network management, and what came before the sign-on.
        request: Option<Box<OwnedMessage>>,
    },
    /// A message has faults that the profile tolerates. The event of the message follows.
    Tolerated {
        /// The link that the message came from.
        link: LinkId,
        /// The message type.
        mti: Mti,
        /// The faults.
        faults: Box<[DecodeError]>,
    },
    /// The link is up: it carries requests.
    Up(LinkId),
    /// The link carries no new requests: it is drained, or one side signs off. Responses in flight can arrive, and responses to the
    /// switch leave.
    Draining(LinkId),
    /// The link is down.
    Down(LinkId, DisconnectReason),
    /// A connection closed that did not carry requests: the sign-on was not completed, or a newer connection replaced it.
    ConnectionClosed(LinkId, DisconnectReason),
    /// A connection was refused because the peer's address is not on the list.
    PeerRefused(LinkId, IpAddr),
}

/// Whether a session was signed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionPhase {
    /// The sign-on was not completed yet.
    BeforeSignOn,
    /// The session was signed on.
    SignedOn,
}

impl fmt::Debug for Event {
    /// Shows only the size of messages, because their content is confidential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with =
            |f: &mut fmt::Formatter<'_>, name: &str, link: &LinkId, message: &OwnedMessage| {
                write!(f, "{name}({link:?}, {message:?})")
            };
        match self {
            Self::Sent(id) => write!(f, "Sent({id:?})"),
            Self::NotSent(id, reason) => write!(f, "NotSent({id:?}, {reason:?})"),
            Self::Lost(id) => write!(f, "Lost({id:?})"),
            Self::Expired(id) => write!(f, "Expired({id:?})"),
            Self::Response { correlation_id, link, message } => {
                write!(f, "Response({correlation_id:?}, {link:?}, {message:?})")
            }
            Self::Unmatched { link, message } => with(f, "Unmatched", link, message),
            Self::Request { link, message } => with(f, "Request", link, message),
            Self::KeyChange { link, message } => with(f, "KeyChange", link, message),
            Self::CutOver { link, message } => with(f, "CutOver", link, message),
            Self::Unexpected { link, message, .. } => with(f, "Unexpected", link, message),
            Self::Malformed { link, message, error, .. } => {
                write!(f, "Malformed({link:?}, {} bytes: {error})", message.len())
            }
            Self::Tolerated { link, mti, faults } => {
                write!(f, "Tolerated({link:?}, {mti}, {} faults)", faults.len())
            }
            Self::Up(link) => write!(f, "Up({link:?})"),
            Self::Draining(link) => write!(f, "Draining({link:?})"),
            Self::Down(link, reason) => write!(f, "Down({link:?}, {reason:?})"),
            Self::ConnectionClosed(link, reason) => {
                write!(f, "ConnectionClosed({link:?}, {reason:?})")
            }
            Self::PeerRefused(link, peer) => write!(f, "PeerRefused({link:?}, {peer})"),
        }
    }
}
