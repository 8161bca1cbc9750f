//! The result of a load, and the durations in it.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::cost::Spent;
use crate::cli::failure::Failure;

/// The HTTP status of a settled transfer.
pub(super) const SETTLED: u16 = 200;

/// The longest duration that is recorded, in microseconds.
pub(super) const MAX_MICROS: u64 = 120_000_000;

/// The result of the load.
pub(super) struct Measured {
    /// Transfers that ended during the measurement.
    pub(super) transfers: u64,
    pub(super) times: Times,
    pub(super) spent: Spent,
    /// All transfers of the run by the HTTP status of their response.
    pub(super) outcomes: BTreeMap<String, u64>,
    /// Transfers that settled.
    pub(super) settled: u64,
    /// Numbers of the transfers that were answered 202 (in progress).
    pub(super) in_progress: Vec<u64>,
    /// Bytes of a response body.
    pub(super) response_length: usize,
    /// How often the second link was cut during the load, with `--flapping`.
    pub(super) cuts: Option<u64>,
    /// The number of closings beside the load, and how long each took until it was in force, with `--closings`.
    pub(super) closings: Option<(u32, Times)>,
}

/// Durations of transfers, in microseconds.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) p50: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
    pub(super) max: u64,
}

impl Times {
    pub(super) fn of(times: &Histogram<u64>) -> Self {
        let quantile = |share| times.value_at_quantile(share);
        let (p50, p99, p999) = (quantile(0.5), quantile(0.99), quantile(0.999));
        Self { p50, p99, p999, max: times.max() }
    }
}

/// Returns an empty histogram of microseconds.
pub(super) fn histogram() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_max(MAX_MICROS, 3)
        .map_err(|error| format!("cannot create a histogram: {error}"))?)
}
