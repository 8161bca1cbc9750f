//! Response times of banks, counted per millisecond.

use std::time::Duration;

use serde::Serialize;

/// The longest response time that is counted, in milliseconds. A longer one counts as this.
const LONGEST_MS: usize = 10_000;

/// The number of responses per response time.
#[derive(Clone, Debug)]
pub(super) struct ResponseTimes {
    counts: Vec<u64>,
    total: u64,
}

/// Percentiles of response times, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ResponseTimesView {
    /// The number of responses.
    pub responses: u64,
    /// Half of the responses took at most this.
    pub p50_ms: u64,
    /// 99% of the responses took at most this.
    pub p99_ms: u64,
    /// 99.9% of the responses took at most this.
    pub p999_ms: u64,
    /// The longest response time.
    pub max_ms: u64,
}

impl Default for ResponseTimes {
    fn default() -> Self {
        Self { counts: vec![0; LONGEST_MS + 1], total: 0 }
    }
}

impl ResponseTimes {
    /// Counts a response.
    pub(super) fn add(&mut self, response_time: Duration) {
        let millis = usize::try_from(response_time.as_millis()).unwrap_or(LONGEST_MS);
        if let Some(count) = self.counts.get_mut(millis.min(LONGEST_MS)) {
            *count += 1;
            self.total += 1;
        }
    }

    /// Returns the percentiles.
    pub(super) fn view(&self) -> ResponseTimesView {
        let within = |permille: u64| {
            let wanted = (self.total * permille).div_ceil(1_000);
            let mut seen = 0;
            let millis = self.counts.iter().position(|count| {
                seen += count;
                seen >= wanted
            });
            millis.and_then(|millis| u64::try_from(millis).ok()).unwrap_or_default()
        };
        ResponseTimesView {
            responses: self.total,
            p50_ms: within(500),
            p99_ms: within(990),
            p999_ms: within(999),
            max_ms: within(1_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_percentile_is_the_time_within_which_its_share_of_responses_came() {
        let mut times = ResponseTimes::default();
        assert_eq!(times.view().max_ms, 0, "without responses");
        (1..=1000).for_each(|millis| times.add(Duration::from_millis(millis)));
        times.add(Duration::from_hours(1));
        let view = times.view();
        assert_eq!((view.responses, view.p50_ms, view.p99_ms), (1001, 501, 991));
        assert_eq!((view.p999_ms, view.max_ms), (1000, 10_000));
    }
}
