//! What became of questions, counted; and warnings, no more than a log can bear.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A warning a second at most: when core is away every question would say so.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of the questions so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Core said what is so.
    pub answered: u64,
    /// Core said something that says nothing: another status, another body.
    pub unclear: u64,
    /// No answer: no connection, none in time, or it broke.
    pub silent: u64,
    /// Not asked, as it had waited for its turn for as long as an answer may take.
    pub stale: u64,
    /// Not asked, as too many waited already.
    pub over: u64,
}

/// Reads the counts while the port runs. Its copies are one.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Gauges>);

#[derive(Debug, Default)]
struct Gauges {
    counts: [AtomicU64; 5],
    warned: Mutex<Option<Instant>>,
}

/// What became of a question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Answered,
    Unclear,
    Silent,
    Stale,
    Over,
}

impl Meter {
    /// The counts now.
    #[must_use]
    pub fn read(&self) -> Counts {
        let [answered, unclear, silent, stale, over] =
            self.0.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        Counts { answered, unclear, silent, stale, over }
    }

    pub(super) fn count(&self, fate: Fate) {
        self.add(fate, 1);
    }

    /// Counts as many.
    pub(super) fn add(&self, fate: Fate, many: usize) {
        let [answered, unclear, silent, stale, over] = &self.0.counts;
        let count = match fate {
            Fate::Answered => answered,
            Fate::Unclear => unclear,
            Fate::Silent => silent,
            Fate::Stale => stale,
            Fate::Over => over,
        };
        count.fetch_add(u64::try_from(many).unwrap_or_default(), Ordering::Relaxed);
    }

    /// Whether a warning may be written now. What isn't written is counted still.
    pub(super) fn may_warn(&self, now: Instant) -> bool {
        let mut warned = self.0.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let may = warned.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE);
        if may {
            *warned = Some(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_failures_is_counted_whole_and_warned_of_once_a_second() {
        let (meter, start) = (Meter::default(), Instant::now());
        let warned = (0..2_500_u64).filter(|millis| {
            meter.count(Fate::Silent);
            meter.may_warn(start + Duration::from_millis(*millis))
        });
        assert_eq!(warned.collect::<Vec<_>>(), [0, 1_000, 2_000]);
        assert_eq!(meter.read(), Counts { silent: 2_500, ..Counts::default() });
    }
}
