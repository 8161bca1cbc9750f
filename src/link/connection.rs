//! One connection: its session, its frame codec and its outbox.

use bytes::BytesMut;
use tokio_util::codec::Encoder;

use super::outbox::{Outbox, Tracked};
use super::session::Session;
use super::{DisconnectReason, LinkId};
use crate::iso8583::{Frame, FrameCodec, FrameError, Mti, OutgoingFrame};
use crate::network::SessionTimers;
use crate::values::{Moment, Stan};

/// One connection of a link.
pub(super) struct Connection {
    pub(super) link: LinkId,
    pub(super) session: Session,
    pub(super) codec: FrameCodec,
    pub(super) outbox: Outbox,
    /// The number of requests in flight.
    pub(super) in_flight: usize,
    /// The last echo request without a response: its STAN and when it was sent.
    pub(super) echo: Option<(Stan, Moment)>,
    /// The reason for closing it, once that is decided.
    pub(super) disconnect_reason: Option<DisconnectReason>,
}

/// The outbox size in bytes from which the connection does not get further requests; they can still use another one.
const REQUESTS_MAX: usize = 256 << 10;

/// The outbox size in bytes from which nothing more is added. Only responses to a peer that does not read get so far.
const OUTBOX_MAX: usize = 1 << 20;

impl Connection {
    pub(super) fn new(link: LinkId, session: Session, codec: FrameCodec) -> Self {
        let outbox = Outbox::default();
        Self { link, session, codec, outbox, in_flight: 0, echo: None, disconnect_reason: None }
    }

    /// Whether it can take a request, at most `limit` requests in flight.
    pub(super) fn has_capacity(&self, limit: usize) -> bool {
        self.session.is_up() && self.in_flight < limit && self.outbox.len() < REQUESTS_MAX
    }

    /// Whether its outbox is full.
    pub(super) fn is_full(&self) -> bool {
        self.outbox.len() >= OUTBOX_MAX
    }

    /// Returns the moment when the peer has left bytes unread for too long.
    pub(super) fn write_deadline(&self, timers: &SessionTimers) -> Option<Moment> {
        self.outbox.waiting_since().map(|since| since.after(timers.write))
    }

    /// Appends a message of this type to the outbox.
    pub(super) fn push(
        &mut self,
        mti: Mti,
        frame: OutgoingFrame<'_>,
        tracked: Option<Tracked>,
        now: Moment,
    ) -> Result<(), FrameError> {
        let codec = &mut self.codec;
        self.outbox
            .push((Some(mti), tracked), now, |buffer: &mut BytesMut| codec.encode(frame, buffer))
    }

    /// Appends a keep-alive to the outbox.
    pub(super) fn push_keep_alive(&mut self, now: Moment) -> Result<(), FrameError> {
        let codec = &mut self.codec;
        self.outbox
            .push((None, None), now, |buffer: &mut BytesMut| codec.encode(Frame::KeepAlive, buffer))
    }
}
