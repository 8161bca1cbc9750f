//! What is counted, for Prometheus: names without a person, an account or an amount.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::transfer::{Alarm, Standing};

/// Upper ends of the times that outbound transfers are counted by, in milliseconds.
const TIMES: [u64; 12] = [2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000, 300_000];

/// A number that only grows, or one that says what is now.
#[derive(Debug, Default)]
pub(super) struct Number(AtomicU64);

impl Number {
    /// One more.
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// It is this now.
    pub(super) fn set(&self, value: usize) {
        self.0.store(value.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All that is counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    told: [Number; 7],
    times: [Number; TIMES.len() + 1],
    total_millis: AtomicU64,
    alarms: [Number; 5],
    pub(super) approved: Number,
    pub(super) declined: Number,
    pub(super) refused: Number,
    pub(super) unmatched: Number,
    pub(super) unreadable: Number,
    pub(super) unanswered: Number,
    pub(super) lookups: Number,
    pub(super) batches: Number,
    pub(super) open: Number,
    pub(super) exceptions: Number,
    pub(super) exchanges: Number,
    pub(super) waiting: Number,
    pub(super) owed: Number,
    pub(super) links_up: Number,
    pub(super) draining: Number,
}

const STANDINGS: [(Standing, &str); 7] = [
    (Standing::Initiated, "initiated"),
    (Standing::Paying, "paying"),
    (Standing::Pending, "pending"),
    (Standing::Settled, "settled"),
    (Standing::GivingBack, "giving_back"),
    (Standing::GivenBack, "given_back"),
    (Standing::Refused, "refused"),
];

const ALARMS: [(Alarm, &str); 5] = [
    (Alarm::Mismatch, "mismatch"),
    (Alarm::Contradiction, "contradiction"),
    (Alarm::Exception, "exception"),
    (Alarm::CoreDiffers, "core_differs"),
    (Alarm::Fault, "fault"),
];

impl Metrics {
    /// An outbound transfer has come to stand so, this long after it was asked for.
    pub(super) fn told(&self, standing: Standing, after: Duration) {
        count(&STANDINGS, &self.told, &standing);
        if standing == Standing::Pending {
            return;
        }
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let place = TIMES.iter().position(|end| millis <= *end).unwrap_or(TIMES.len());
        if let Some(number) = self.times.get(place) {
            number.add();
        }
        self.total_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// Somebody is called.
    pub(super) fn alarm(&self, alarm: Alarm) {
        count(&ALARMS, &self.alarms, &alarm);
    }

    /// The text that Prometheus reads (its text format 0.0.4).
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(4096);
        labelled(
            &mut text,
            ("titian_transfers_told_total", "outbound transfers by what channels were told"),
            "standing",
            STANDINGS.iter().map(|(_, name)| *name).zip(&self.told),
        );
        labelled(
            &mut text,
            ("titian_alarms_total", "transfers that somebody has to look at"),
            "alarm",
            ALARMS.iter().map(|(_, name)| *name).zip(&self.alarms),
        );
        labelled(
            &mut text,
            ("titian_answers_total", "answers to requests of the switch"),
            "answer",
            [("approved", &self.approved), ("declined", &self.declined)].into_iter(),
        );
        self.write_times(&mut text);
        for (name, kind, help, number) in self.plain() {
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {}",
                number.get()
            );
        }
        text
    }

    fn plain(&self) -> [(&'static str, &'static str, &'static str, &Number); 13] {
        [
            (
                "titian_refused_total",
                "counter",
                "requests refused before anything was done",
                &self.refused,
            ),
            (
                "titian_unmatched_total",
                "counter",
                "answers of the switch that match nothing",
                &self.unmatched,
            ),
            (
                "titian_unreadable_total",
                "counter",
                "messages of the switch that can't be taken in",
                &self.unreadable,
            ),
            (
                "titian_unanswered_total",
                "counter",
                "requests of the switch that were left without an answer",
                &self.unanswered,
            ),
            ("titian_lookups_total", "counter", "look-ups in the journal", &self.lookups),
            ("titian_batches_total", "counter", "batches made durable", &self.batches),
            (
                "titian_transfers_open",
                "gauge",
                "transfers with something left to be done",
                &self.open,
            ),
            (
                "titian_exceptions",
                "gauge",
                "of those, transfers that wait for two persons",
                &self.exceptions,
            ),
            (
                "titian_exchanges_open",
                "gauge",
                "questions without money under way",
                &self.exchanges,
            ),
            (
                "titian_channels_waiting",
                "gauge",
                "requests of channels that wait for an answer",
                &self.waiting,
            ),
            (
                "titian_answers_owed",
                "gauge",
                "requests of the switch that are to be answered yet",
                &self.owed,
            ),
            (
                "titian_links_up",
                "gauge",
                "links to the switch that requests may go on",
                &self.links_up,
            ),
            ("titian_draining", "gauge", "whether new work is refused", &self.draining),
        ]
    }

    fn write_times(&self, text: &mut String) {
        const NAME: &str = "titian_transfer_seconds";
        let _ = writeln!(
            text,
            "# HELP {NAME} from the request of a channel until its outcome was durable\n# TYPE {NAME} histogram"
        );
        let mut sum = 0;
        let ends = TIMES.iter().map(|millis| seconds(*millis)).chain(["+Inf".to_owned()]);
        for (end, number) in ends.zip(&self.times) {
            sum += number.get();
            let _ = writeln!(text, "{NAME}_bucket{{le=\"{end}\"}} {sum}");
        }
        let total = seconds(self.total_millis.load(Ordering::Relaxed));
        let _ = writeln!(text, "{NAME}_sum {total}\n{NAME}_count {sum}");
    }
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

fn count<T: PartialEq>(names: &[(T, &str)], numbers: &[Number], which: &T) {
    let place = names.iter().position(|(known, _)| known == which);
    if let Some(number) = place.and_then(|place| numbers.get(place)) {
        number.add();
    }
}

fn labelled<'n>(
    text: &mut String,
    (name, help): (&str, &str),
    label: &str,
    numbers: impl Iterator<Item = (&'static str, &'n Number)>,
) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
    for (value, number) in numbers {
        let _ = writeln!(text, "{name}{{{label}=\"{value}\"}} {}", number.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_told_by_name_and_time() {
        let metrics = Metrics::default();
        metrics.told(Standing::Settled, Duration::from_millis(3));
        metrics.told(Standing::Settled, Duration::from_mins(15));
        metrics.told(Standing::Pending, Duration::from_secs(30));
        metrics.alarm(Alarm::Exception);
        let text = metrics.text();
        for line in [
            "titian_transfers_told_total{standing=\"settled\"} 2",
            "titian_transfers_told_total{standing=\"pending\"} 1",
            "titian_alarms_total{alarm=\"exception\"} 1",
            "titian_transfer_seconds_bucket{le=\"0.002\"} 0",
            "titian_transfer_seconds_bucket{le=\"0.005\"} 1",
            "titian_transfer_seconds_bucket{le=\"300.000\"} 1",
            "titian_transfer_seconds_bucket{le=\"+Inf\"} 2",
            "titian_transfer_seconds_sum 900.003",
            "titian_transfer_seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
