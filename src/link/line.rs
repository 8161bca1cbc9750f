//! One connection: its session, what cuts its bytes into messages, and what is to be written on it.

use bytes::BytesMut;
use tokio_util::codec::Encoder;

use super::outbox::{Outbox, Tracked};
use super::session::Session;
use super::{End, LinkId};
use crate::iso8583::{Frame, FrameCodec, FrameError, OutgoingFrame};
use crate::network::SessionTimers;
use crate::values::Moment;

/// One connection of a link.
pub(super) struct Line {
    pub(super) link: LinkId,
    pub(super) session: Session,
    pub(super) codec: FrameCodec,
    pub(super) outbox: Outbox,
    /// Requests that went on it and wait for their answers.
    pub(super) in_flight: usize,
    /// Why it is to be closed, once it is.
    pub(super) end: Option<End>,
}

/// Bytes in the outbox from which requests wait elsewhere, where they can still take another line.
const ENOUGH: usize = 256 << 10;

/// Bytes in the outbox that nothing comes on top of. Only answers to what the peer sends get here, from a peer
/// that does not read.
const FULL: usize = 1 << 20;

impl Line {
    pub(super) fn new(link: LinkId, session: Session, codec: FrameCodec) -> Self {
        let outbox = Outbox::default();
        Self { link, session, codec, outbox, in_flight: 0, end: None }
    }

    /// Whether a request may go on it.
    pub(super) fn has_room(&self, in_flight: usize) -> bool {
        self.session.is_up() && self.in_flight < in_flight && self.outbox.len() < ENOUGH
    }

    /// Whether nothing comes on top of what is to be written.
    pub(super) fn is_full(&self) -> bool {
        self.outbox.len() >= FULL
    }

    /// When the other side has left bytes unread for too long.
    pub(super) fn stalls_at(&self, timers: &SessionTimers) -> Option<Moment> {
        self.outbox.waits_since().map(|since| since.after(timers.stalled))
    }

    /// Puts a message behind what is to be written.
    pub(super) fn push(
        &mut self,
        frame: OutgoingFrame<'_>,
        tracked: Option<Tracked>,
        now: Moment,
    ) -> Result<(), FrameError> {
        let codec = &mut self.codec;
        self.outbox.push(tracked, now, |buffer: &mut BytesMut| codec.encode(frame, buffer))
    }

    /// Sends a keep-alive back.
    pub(super) fn push_keep_alive(&mut self, now: Moment) -> Result<(), FrameError> {
        let codec = &mut self.codec;
        self.outbox.push(None, now, |buffer: &mut BytesMut| codec.encode(Frame::KeepAlive, buffer))
    }
}
