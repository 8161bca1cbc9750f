//! Publishes the states of the links at a bounded rate, so that readers cost the links nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::LinkId;
use super::state::{LinkState, LinkStates};
use crate::values::Moment;

/// The time between two publications while the links work.
const INTERVAL: Duration = Duration::from_millis(100);

/// Publishes states.
pub(super) struct Publisher {
    states: watch::Sender<LinkStates>,
    /// The configured address of each link.
    addresses: Vec<Arc<str>>,
    /// Whether something may have changed since the last publication.
    is_stale: bool,
    /// The moment from which the next publication may be.
    not_before: Moment,
}

impl Publisher {
    /// Creates a publisher of the first states, and their readers' end.
    pub(super) fn new(
        states: Vec<LinkState>,
        addresses: Vec<Arc<str>>,
        now: Moment,
    ) -> (Self, watch::Receiver<LinkStates>) {
        let (sender, receiver) = watch::channel(LinkStates::default());
        let mut publisher = Self { states: sender, addresses, is_stale: false, not_before: now };
        publisher.publish(states, |_| None, now);
        (publisher, receiver)
    }

    /// Notes that something may have changed.
    pub(super) const fn mark_stale(&mut self) {
        self.is_stale = true;
    }

    /// Returns the moment of the next publication, if one is due.
    pub(super) fn next_deadline(&self) -> Option<Moment> {
        self.is_stale.then_some(self.not_before)
    }

    /// Publishes states, with the configured addresses and those of the peers.
    pub(super) fn publish(
        &mut self,
        mut states: Vec<LinkState>,
        peer: impl Fn(LinkId) -> Option<SocketAddr>,
        now: Moment,
    ) {
        for (state, address) in states.iter_mut().zip(&self.addresses) {
            state.address = Arc::clone(address);
            state.peer = peer(state.link);
        }
        self.is_stale = false;
        self.not_before = now.after(INTERVAL);
        self.states.send_replace(states.into());
    }
}
