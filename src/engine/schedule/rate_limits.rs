//! How fast attempts may follow each other.

use std::num::NonZeroU32;

/// How fast paced slots are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// The average number of attempts a second, over all destinations.
    pub per_second: NonZeroU32,
    /// The average number of attempts a second to each destination.
    pub per_destination: NonZeroU32,
    /// The number of attempts that may follow at once after a rest, over all destinations and to each one. No second has more
    /// than the burst plus the rate. No millisecond has more than the burst, so a rate is used in full only if the burst is at
    /// least a thousandth of it.
    pub burst: NonZeroU32,
}
