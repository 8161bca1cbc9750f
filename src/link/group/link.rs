//! A link: its connections, when it dials, what operators want of it, and what they see.

use std::collections::VecDeque;

use super::counters::Counters;
use crate::link::message_counts::MessageCounts;
use crate::link::response_times::RecentTimes;
use crate::link::state::{EchoTime, LinkError, LinkPhase, LinkWish, Role};
use crate::link::{ConnectionId, DisconnectReason};
use crate::network::SessionRules;
use crate::values::{Moment, Stan};

/// A link and its connections.
pub(super) struct Link {
    pub(super) role: Role,
    /// The signed-on connection, until it is closed.
    pub(super) current: Option<ConnectionId>,
    /// Connections that wait for a sign-on, the oldest first.
    pub(super) unsigned: VecDeque<ConnectionId>,
    /// The moment of the next connection attempt.
    pub(super) retry_at: Option<Moment>,
    /// The number of consecutive connections without a sign-on.
    pub(super) tries: u16,
    /// What the operators want of the link.
    pub(super) wish: LinkWish,
    /// Whether a guard holds the sign-on off.
    pub(super) is_held: bool,
    /// Whether the last event about the link is [`crate::link::Event::Up`].
    pub(super) is_reported_up: bool,
    /// The echo by hand that is under way.
    pub(super) manual_echo: Option<ManualEcho>,
    pub(super) seen: Seen,
}

/// An echo request that an operator ordered.
#[derive(Clone, Copy)]
pub(super) struct ManualEcho {
    pub(super) connection: ConnectionId,
    pub(super) stan: Stan,
    /// The moment from which the response is late.
    pub(super) until: Moment,
}

/// What operators see of a link.
pub(super) struct Seen {
    /// The phase, and the connection that has it.
    pub(super) phase: (LinkPhase, Option<ConnectionId>),
    /// The moment since which it is the phase.
    pub(super) since: Moment,
    pub(super) last_error: Option<LinkError>,
    pub(super) last_echo: Option<EchoTime>,
    pub(super) times: RecentTimes,
    pub(super) messages: MessageCounts,
}

impl Link {
    pub(super) fn new(role: Role, now: Moment) -> Self {
        Self {
            role,
            current: None,
            unsigned: VecDeque::new(),
            retry_at: (role == Role::Dial).then_some(now),
            tries: 0,
            wish: LinkWish::SignedOn,
            is_held: false,
            is_reported_up: false,
            manual_echo: None,
            seen: Seen {
                phase: (LinkPhase::NotConnected, None),
                since: now,
                last_error: None,
                last_echo: None,
                times: RecentTimes::new(),
                messages: MessageCounts::default(),
            },
        }
    }

    /// Removes a connection that ended. A sign-off of ours is not an error.
    pub(super) fn forget(&mut self, id: ConnectionId, reason: DisconnectReason, now: Moment) {
        self.unsigned.retain(|unsigned| *unsigned != id);
        self.current = self.current.filter(|current| *current != id);
        if reason != DisconnectReason::SignedOff {
            self.seen.last_error = Some(LinkError { at: now, reason });
        }
    }

    /// Returns the connection that shows the phase of the link: the signed-on one, or the oldest.
    pub(super) fn shown_connection(&self) -> Option<ConnectionId> {
        self.current.or_else(|| self.unsigned.front().copied())
    }

    /// Whether new requests may go on the link when it is signed on.
    pub(super) fn takes_requests(&self) -> bool {
        self.wish == LinkWish::SignedOn
    }

    /// Whether the link may connect and sign on.
    pub(super) fn may_sign_on(&self) -> bool {
        self.wish != LinkWish::SignedOff && !self.is_held
    }

    /// Whether the link must dial: it is a dialing link, may sign on, and is without a connection.
    pub(super) fn must_dial(&self) -> bool {
        let is_idle = self.current.is_none() && self.unsigned.is_empty();
        is_idle && self.may_sign_on() && self.role == Role::Dial
    }

    /// Schedules the next connection attempt at once, if the link must dial.
    pub(super) fn dial_now(&mut self, now: Moment) {
        self.tries = 0;
        self.retry_at = self.must_dial().then_some(now);
    }

    /// Schedules the next connection attempt after the pause for its number.
    pub(super) fn schedule_retry(
        &mut self,
        rules: &SessionRules,
        counters: &mut Counters,
        now: Moment,
    ) {
        if self.must_dial() {
            self.tries = self.tries.saturating_add(1);
            self.retry_at =
                Some(rules.timers.reconnect.next(now, self.tries, counters.random.draw_short()));
        }
    }
}
