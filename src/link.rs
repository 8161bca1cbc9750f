//! The links to a network's switch: sessions, the matching of answers to requests, reconnecting; TCP and TLS.
//!
//! [`Group`] is all links of a network as a pure machine: no socket, no clock, no randomness of its own.
//! [`start`] drives one on tokio. What goes out and comes in are messages of ISO 8583; what they are for is the
//! owner's to know.
//!
//! What becomes of a request is told exactly. [`Event::NotSent`]: no byte of it was written, for certain.
//! [`Event::Sent`]: it is in the kernel's buffer. Then one of: [`Event::Answered`]; [`Event::Expired`], nobody
//! waits for it any more; [`Event::Lost`], the line broke when some of it was, or may have been, written. No
//! request is written after its deadline.

mod driver;
mod end;
mod event;
mod group;
mod handle;
mod line;
mod management;
mod matching;
mod outbox;
mod pace;
mod session;
mod tcp;

pub use driver::start;
pub use end::End;
pub use event::{Event, NotSent, Outgoing, Premature};
pub use group::{Action, Group, Role};
pub use handle::{Events, Handle};
pub use tcp::{Clock, Endpoint};

pub use crate::tls::{Identity, TlsClient, TlsError, TlsServer};

/// Whose a message is: a number that the owner gives and gets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u128);

/// A link, by its place among those of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub usize);

/// One connection of a link. A number is given once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineId(u64);
