//! Counters of a group of links.

use crate::link::ConnectionId;
use crate::random::Random;

/// Counters, and the source of random numbers.
pub(super) struct Counters {
    connection: u64,
    serial: u64,
    /// The STAN of network management requests.
    pub(super) stan: u64,
    /// For jitter.
    pub(super) random: Random,
}

impl Counters {
    /// Creates the counters. The first STAN and the random numbers come from `seed`.
    pub(super) const fn new(seed: u64) -> Self {
        Self { connection: 0, serial: 0, stan: seed, random: Random::new(seed) }
    }

    pub(super) fn next_connection(&mut self) -> ConnectionId {
        self.connection += 1;
        ConnectionId(self.connection)
    }

    pub(super) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
