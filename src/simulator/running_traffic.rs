//! Traffic that the switch generates at a rate: what to make, and how much of it is due.

use std::num::NonZeroU32;
use std::time::Duration;

use super::members::Member;
use super::response_times::ResponseTimes;
use crate::values::{AccountNumber, Moment};

/// The traffic to generate.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// Requests per second.
    pub per_second: NonZeroU32,
    /// The simulated banks that send.
    pub from: Vec<Member>,
    /// The banks that receive. Those that have not signed on get nothing.
    pub to: Vec<Member>,
    /// The accounts that are credited. If empty, any account numbers of ten digits.
    pub accounts: Vec<AccountNumber>,
    /// The lowest amount, in minor units.
    pub min_amount: u64,
    /// The highest amount, in minor units.
    pub max_amount: u64,
    /// Inquiries per thousand requests. The other requests are transfers.
    pub inquiries_per_thousand: u32,
    /// Reversals per thousand approved transfers.
    pub reversals_per_thousand: u32,
    /// Partial reversals per thousand approved transfers that are not reversed.
    pub partial_reversals_per_thousand: u32,
    /// The most open requests to banks. At the bound, due requests are skipped.
    pub max_in_flight: usize,
}

/// The most requests of one tick. After a late tick, further due requests are skipped.
const REQUESTS_PER_TICK_MAX: u64 = 1_000;

/// Traffic that is running.
#[derive(Debug)]
pub(super) struct RunningTraffic {
    pub(super) traffic: Traffic,
    since: Moment,
    made: u64,
    pub(super) response_times: ResponseTimes,
}

impl RunningTraffic {
    /// Starts traffic.
    pub(super) fn start(traffic: Traffic, now: Moment) -> Self {
        Self { traffic, since: now, made: 0, response_times: ResponseTimes::default() }
    }

    /// Returns the time of the next request.
    pub(super) fn next(&self) -> Moment {
        let millis = (self.made + 1).saturating_mul(1_000);
        let rate = u64::from(self.traffic.per_second.get());
        self.since.after(Duration::from_millis(millis.div_ceil(rate)))
    }

    /// Returns how many requests are due, and counts them as made.
    pub(super) fn take_due(&mut self, now: Moment) -> u64 {
        let millis = now.millis().saturating_sub(self.since.millis());
        let due = millis.saturating_mul(self.traffic.per_second.get().into()) / 1_000;
        let missing = due.saturating_sub(self.made);
        self.made += missing;
        missing.min(REQUESTS_PER_TICK_MAX)
    }
}
