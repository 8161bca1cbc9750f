//! How long answers took, by the millisecond.

use std::time::Duration;

use serde::Serialize;

/// Milliseconds that are told apart; what took longer counts as long as this.
const MOST: usize = 10_000;

/// Counts of answers by how long they took.
#[derive(Clone, Debug)]
pub(super) struct Times {
    counts: Vec<u64>,
    sum: u64,
}

/// How long answers took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TimesView {
    /// How many there were.
    pub answers: u64,
    /// Half took no longer.
    pub p50_ms: u64,
    /// All but one in a hundred took no longer.
    pub p99_ms: u64,
    /// All but one in a thousand took no longer.
    pub p999_ms: u64,
    /// The longest.
    pub most_ms: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self { counts: vec![0; MOST + 1], sum: 0 }
    }
}

impl Times {
    /// One more that took so long.
    pub(super) fn add(&mut self, took: Duration) {
        let millis = usize::try_from(took.as_millis()).unwrap_or(MOST).min(MOST);
        if let Some(count) = self.counts.get_mut(millis) {
            *count += 1;
            self.sum += 1;
        }
    }

    /// What it comes to.
    pub(super) fn view(&self) -> TimesView {
        let within = |permille: u64| {
            let wanted = (self.sum * permille).div_ceil(1_000);
            let mut seen = 0;
            let place = self.counts.iter().position(|count| {
                seen += count;
                seen >= wanted
            });
            place.and_then(|place| u64::try_from(place).ok()).unwrap_or_default()
        };
        TimesView {
            answers: self.sum,
            p50_ms: within(500),
            p99_ms: within(990),
            p999_ms: within(999),
            most_ms: within(1_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_answers_are_within_their_times() {
        let mut times = Times::default();
        assert_eq!(times.view().most_ms, 0, "there is none");
        (1..=1000).for_each(|millis| times.add(Duration::from_millis(millis)));
        times.add(Duration::from_hours(1));
        let view = times.view();
        assert_eq!((view.answers, view.p50_ms, view.p99_ms), (1001, 501, 991));
        assert_eq!((view.p999_ms, view.most_ms), (1000, 10_000));
    }
}
