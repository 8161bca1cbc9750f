//! Counters of a group of links.

use crate::link::ConnectionId;

/// Counters, and the source of random numbers.
pub(super) struct Counters {
    connection: u64,
    serial: u64,
    /// The STAN of network management requests.
    pub(super) stan: u64,
    random: u64,
}

impl Counters {
    /// Creates the counters. The first STAN and the random numbers come from `seed`.
    pub(super) const fn new(seed: u64) -> Self {
        Self { connection: 0, serial: 0, stan: seed, random: seed }
    }

    pub(super) fn next_connection(&mut self) -> ConnectionId {
        self.connection += 1;
        ConnectionId(self.connection)
    }

    pub(super) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Returns a random number, by a step of `SplitMix64`. It is used for jitter only.
    pub(super) const fn draw(&mut self) -> u32 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 32) as u32
    }
}
