//! Counts and times of core requests, and warnings at a bounded rate.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::command::CoreCommand;

/// The shortest time between two warnings: while core is away every request would write one.
const PAUSE: Duration = Duration::from_secs(1);

/// The upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 15] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The results of the requests so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Core gave a clear reply.
    pub replied: u64,
    /// Core replied with an unexpected status or body, which decides nothing.
    pub unrecognized: u64,
    /// No reply: no connection, a timeout, or a broken connection.
    pub no_reply: u64,
    /// Not sent: the request waited for a connection as long as a reply may take.
    pub expired: u64,
    /// Not sent: too many requests were waiting.
    pub queue_full: u64,
}

/// Counts requests while the port runs. Its copies share the counts.
#[derive(Clone, Debug)]
pub struct Meter(Arc<Gauges>);

#[derive(Debug)]
struct Gauges {
    /// The counters by operation and result, as handles, so that counting takes no lock.
    requests: [[Counter; 5]; 3],
    family: Family<Labels, Counter>,
    duration: Histogram,
    warned: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    operation: &'static str,
    result: &'static str,
}

/// What a request asks of core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Post,
    Cancel,
    AccountInquiry,
}

impl Operation {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Post, "post"), (Self::Cancel, "cancel"), (Self::AccountInquiry, "account_inquiry")];

    /// The operation of a command.
    pub(super) const fn of(command: &CoreCommand) -> Self {
        match command {
            CoreCommand::Post(_) => Self::Post,
            CoreCommand::Cancel(_) | CoreCommand::CancelPart(_) => Self::Cancel,
            CoreCommand::Account(..) => Self::AccountInquiry,
        }
    }
}

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestResult {
    Replied,
    Unrecognized,
    NoReply,
    Expired,
    QueueFull,
}

impl RequestResult {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Replied, "replied"),
        (Self::Unrecognized, "unrecognized"),
        (Self::NoReply, "no_reply"),
        (Self::Expired, "expired"),
        (Self::QueueFull, "queue_full"),
    ];
}

impl Default for Meter {
    fn default() -> Self {
        let family = Family::<Labels, Counter>::default();
        let counter = |operation, result| {
            Counter::clone(&family.get_or_create(&Labels { operation, result }))
        };
        let requests = Operation::ALL
            .map(|(_, operation)| RequestResult::ALL.map(|(_, result)| counter(operation, result)));
        let duration = Histogram::new(BUCKETS);
        Self(Arc::new(Gauges { requests, family, duration, warned: Mutex::default() }))
    }
}

impl Meter {
    /// Adds the metrics of core requests to a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "core_requests",
            "Requests to core banking by operation and result",
            self.0.family.clone(),
        );
        registry.register_with_unit(
            "core_request_duration",
            "Time from a request to core banking until its reply",
            Unit::Seconds,
            self.0.duration.clone(),
        );
    }

    /// Returns the counts of all operations.
    #[must_use]
    pub fn read(&self) -> Counts {
        let sum = |result: RequestResult| {
            self.0.requests.iter().flatten().zip(RequestResult::ALL.iter().cycle()).fold(
                0,
                |sum, (counter, (of, _))| if *of == result { sum + counter.get() } else { sum },
            )
        };
        Counts {
            replied: sum(RequestResult::Replied),
            unrecognized: sum(RequestResult::Unrecognized),
            no_reply: sum(RequestResult::NoReply),
            expired: sum(RequestResult::Expired),
            queue_full: sum(RequestResult::QueueFull),
        }
    }

    /// Counts a request.
    pub(super) fn count(&self, operation: Operation, result: RequestResult) {
        let row = self.0.requests.get(operation as usize);
        if let Some(counter) = row.and_then(|row| row.get(result as usize)) {
            counter.inc();
        }
    }

    /// Observes the time from a request until its reply.
    pub(super) fn observe(&self, duration: Duration) {
        self.0.duration.observe(duration.as_secs_f64());
    }

    /// Returns whether a warning may be written now. The counts include what is not written.
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
    fn every_failure_is_counted_and_one_a_second_is_warned_of() {
        let (meter, start) = (Meter::default(), Instant::now());
        let warned = (0..2_500_u64).filter(|millis| {
            meter.count(Operation::Cancel, RequestResult::NoReply);
            meter.may_warn(start + Duration::from_millis(*millis))
        });
        assert_eq!(warned.collect::<Vec<_>>(), [0, 1_000, 2_000]);
        assert_eq!(meter.read(), Counts { no_reply: 2_500, ..Counts::default() });
    }

    #[test]
    fn the_counters_lie_at_the_places_of_their_labels() {
        for (place, (operation, _)) in Operation::ALL.iter().enumerate() {
            assert_eq!(*operation as usize, place);
        }
        for (place, (result, _)) in RequestResult::ALL.iter().enumerate() {
            assert_eq!(*result as usize, place);
        }
    }
}
