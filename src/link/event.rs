//! What goes to the links, and what they tell.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;

use super::{End, LinkId, Token};
use crate::iso8583::{DecodeError, SendFault};
use crate::values::{Moment, MonthDay};

/// A message to be sent.
#[derive(Clone)]
pub struct Outgoing {
    /// Whose it is.
    pub token: Token,
    /// The message, without header and length.
    pub message: Bytes,
    /// From this moment on no byte of it is written.
    pub deadline: Moment,
    /// Of an answer, the link that the request came on. Where that is down another is taken.
    pub via: Option<LinkId>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({:?}, {} bytes)", self.token, self.message.len())
    }
}

/// Why a message was not sent. No byte of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// Its deadline came while it waited for a link or its turn.
    #[error("its deadline came before its turn")]
    Deadline,
    /// As many wait as may.
    #[error("too many messages wait already")]
    Full,
    /// A request with the same matching key is under way.
    #[error("a request with the same matching key is under way")]
    KeyInFlight,
    /// It lacks a data element that the network matches answers by, or these are longer than a key.
    #[error("it has no matching key: a data element of the key is missing or too long")]
    NoKey,
    /// The spec does not know it as a message.
    #[error("it is no message of the spec")]
    NotAMessage,
    /// It can't be framed.
    #[error("it can't be framed: {0}")]
    Unsendable(SendFault),
    /// The line broke before a byte of it was written.
    #[error("the line broke before it was written")]
    LineBroke,
    /// It is an answer, and no link is up.
    #[error("no link is up")]
    NoLink,
    /// The links are being signed off.
    #[error("the links are being signed off")]
    Draining,
}

/// Something that happened at the links.
#[derive(Clone)]
pub enum Event {
    /// The message is in the kernel's buffer. With TLS this may come after its answer.
    Sent(Token),
    /// The message was not sent, for certain.
    NotSent(Token, NotSent),
    /// The line broke when some of the message was, or may have been, written; no answer came.
    Lost(Token),
    /// No answer came in the network's time, or the repeat took its place. One that still comes is unmatched.
    Expired(Token),
    /// The answer to a request.
    Answered {
        /// Whose the request was.
        token: Token,
        /// Where it came; perhaps not where the request went.
        link: LinkId,
        /// The answer.
        message: Bytes,
    },
    /// An answer that no request waits for: late, doubled, or to what we never sent. Evidence.
    Unmatched {
        /// Where it came.
        link: LinkId,
        /// The answer.
        message: Bytes,
    },
    /// The switch asks us.
    Request {
        /// Where it came.
        link: LinkId,
        /// The request.
        message: Bytes,
    },
    /// The switch has a new key for us; who keeps the keys answers it.
    KeyChange {
        /// Where it came.
        link: LinkId,
        /// The request.
        message: Bytes,
    },
    /// The business date moves. It is answered already.
    CutOver {
        /// Where it came.
        link: LinkId,
        /// The new date (DE15).
        date: MonthDay,
    },
    /// A message that was not to come now: before the sign-on, or network management that nobody knows.
    Unexpected {
        /// Where it came.
        link: LinkId,
        /// Whether it came before the sign-on.
        premature: Premature,
        /// The message.
        message: Bytes,
    },
    /// A frame that holds no message. The link goes on.
    Malformed {
        /// Where it came.
        link: LinkId,
        /// The frame's content.
        message: Bytes,
        /// What is wrong with it.
        error: Box<DecodeError>,
    },
    /// Requests may go on the link.
    Up(LinkId),
    /// The link was up, and is no more.
    Down(LinkId, End),
    /// A connection ended that requests did not go on: no sign-on was completed, or a newer one took its place.
    Failed(LinkId, End),
    /// A peer that is not on the list wanted to connect.
    TurnedAway(LinkId, IpAddr),
}

/// Whether a message came before the sign-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Premature {
    /// Before the sign-on.
    Yes,
    /// After it.
    No,
}

impl fmt::Debug for Event {
    /// Shows the size of messages only: they are full of what must not be seen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = |f: &mut fmt::Formatter<'_>, name: &str, link: &LinkId, message: &Bytes| {
            write!(f, "{name}({link:?}, {} bytes)", message.len())
        };
        match self {
            Self::Sent(token) => write!(f, "Sent({token:?})"),
            Self::NotSent(token, why) => write!(f, "NotSent({token:?}, {why:?})"),
            Self::Lost(token) => write!(f, "Lost({token:?})"),
            Self::Expired(token) => write!(f, "Expired({token:?})"),
            Self::Answered { token, link, message } => {
                write!(f, "Answered({token:?}, {link:?}, {} bytes)", message.len())
            }
            Self::Unmatched { link, message } => with(f, "Unmatched", link, message),
            Self::Request { link, message } => with(f, "Request", link, message),
            Self::KeyChange { link, message } => with(f, "KeyChange", link, message),
            Self::CutOver { link, date } => write!(f, "CutOver({link:?}, {date})"),
            Self::Unexpected { link, message, .. } => with(f, "Unexpected", link, message),
            Self::Malformed { link, message, error } => {
                write!(f, "Malformed({link:?}, {} bytes: {error})", message.len())
            }
            Self::Up(link) => write!(f, "Up({link:?})"),
            Self::Down(link, end) => write!(f, "Down({link:?}, {end:?})"),
            Self::Failed(link, end) => write!(f, "Failed({link:?}, {end:?})"),
            Self::TurnedAway(link, peer) => write!(f, "TurnedAway({link:?}, {peer})"),
        }
    }
}
