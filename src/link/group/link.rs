//! A link: its connections, and when it dials.

use std::collections::VecDeque;

use super::counters::Counters;
use crate::link::ConnectionId;
use crate::network::SessionRules;
use crate::values::Moment;

/// The side that opens the connection of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// We connect to the switch.
    Dial,
    /// The switch connects to us.
    Listen,
}

/// A link and its connections.
pub(super) struct Link {
    role: Role,
    /// The signed-on connection, until it is closed.
    pub(super) current: Option<ConnectionId>,
    /// Connections that wait for a sign-on, the oldest first.
    pub(super) unsigned: VecDeque<ConnectionId>,
    /// The moment of the next connection attempt.
    pub(super) retry_at: Option<Moment>,
    /// The number of consecutive connections without a sign-on.
    pub(super) tries: u16,
    /// Whether the link should be up: not signed off by the owner.
    pub(super) is_enabled: bool,
}

impl Link {
    pub(super) fn new(role: Role, now: Moment) -> Self {
        let retry_at = (role == Role::Dial).then_some(now);
        let unsigned = VecDeque::new();
        Self { role, current: None, unsigned, retry_at, tries: 0, is_enabled: true }
    }

    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.unsigned.retain(|unsigned| *unsigned != id);
        self.current = self.current.filter(|current| *current != id);
    }

    /// Whether the link must dial: it is a dialing link, enabled, and without a connection.
    pub(super) fn must_dial(&self) -> bool {
        let is_idle = self.current.is_none() && self.unsigned.is_empty();
        is_idle && self.is_enabled && self.role == Role::Dial
    }

    /// Schedules the next connection attempt.
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
