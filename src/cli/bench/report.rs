//! The report of a bench: a table for people, JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::cost::Spent;
use super::machine::{Machine, Syncs, per_second};
use super::measured::{Measured, Times};
use super::request::MINOR;
use super::waiting::Waiting;
use super::{Bench, Core, Format};
use crate::harness::FinalBooks;
use crate::values::Direction;

/// The results of a bench.
pub(super) struct Report<'a> {
    bench: &'a Bench,
    measured: &'a Measured,
    waiting: Option<&'a Waiting>,
    machine: &'a Machine,
    /// The books that differ; empty if all agree.
    pub(super) differences: Vec<&'static str>,
    rows_per_transfer: f64,
}

/// A limit of the machine: the bare rate a second, and the product's rate of the same thing.
struct Limit {
    name: &'static str,
    key: &'static str,
    bare: f64,
    product: f64,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        bench: &'a Bench,
        measured: &'a Measured,
        waiting: Option<&'a Waiting>,
        machine: &'a Machine,
        closing: &FinalBooks,
    ) -> Self {
        let FinalBooks { books, audited } = closing;
        let mut differences = books.differences();
        let settled_minor = u128::from(measured.settled) * u128::from(MINOR);
        let (reported, booked) = match bench.direction {
            Direction::Outbound => (settled_minor, books.outbound.settled),
            Direction::Inbound => (measured.settled.into(), books.switch.received.0.into()),
        };
        if reported != booked {
            differences.push("the sum that the load saw as settled");
        }
        if audited.open > 0 {
            differences.push("open transfers");
        }
        let rows_per_transfer = ratio(audited.verified.head.count, audited.transfers);
        Self { bench, measured, waiting, machine, differences, rows_per_transfer }
    }

    /// Formats the report.
    pub(super) fn format(&self, format: Format) -> String {
        match format {
            Format::Table => self.table(),
            Format::Json => format!("{:#}\n", self.json()),
        }
    }

    fn rate(&self) -> f64 {
        per_second(self.measured.transfers, self.measured.spent.time)
    }

    fn limits(&self) -> [Limit; 4] {
        let Machine { syncs, frames, requests, rows } = self.machine;
        let rate = self.rate();
        [
            Limit {
                name: "requests to a bare HTTP server",
                key: "http_requests",
                bare: *requests,
                product: rate,
            },
            Limit {
                name: "frames echoed over loopback",
                key: "frames",
                bare: *frames,
                product: rate,
            },
            Limit {
                name: "rows of bare SQLite, 64 a group",
                key: "rows",
                bare: *rows,
                product: rate * self.rows_per_transfer,
            },
            Limit {
                name: "appends of 4 KiB, each synced",
                key: "syncs",
                bare: syncs.rate,
                product: rate,
            },
        ]
    }

    /// Returns microseconds of processor time a transfer, by process.
    fn costs(&self) -> [(&'static str, f64); 3] {
        let Measured { spent: Spent { cost, .. }, transfers, .. } = self.measured;
        [("load", cost.load), ("adapter", cost.adapter), ("switch", cost.switch)]
            .map(|(name, micros)| (name, ratio(micros, *transfers)))
    }

    fn rows_per_batch(&self) -> f64 {
        ratio(self.measured.transfers, self.measured.spent.batches) * self.rows_per_transfer
    }

    fn table(&self) -> String {
        let Measured { transfers, times, outcomes, spent, .. } = self.measured;
        let Spent { time, memory, .. } = spent;
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<14}{value}");
        };
        line("load", self.load());
        line(
            "transfers",
            format!(
                "{} per second, {transfers} in {:.1} s",
                grouped(self.rate()),
                time.as_secs_f64()
            ),
        );
        let Times { p50, p99, p999, max } = *times;
        let [p50, p99, p999, max] = [p50, p99, p999, max].map(millis);
        line("duration", format!("p50 {p50}   p99 {p99}   p99.9 {p999}   max {max}"));
        if let Some(cuts) = self.measured.cuts {
            line("second link", format!("cut {cuts} times"));
        }
        if let Some((count, Times { p50, p99, max, .. })) = self.measured.closings {
            let [p50, p99, max] = [p50, p99, max].map(millis);
            line("closings", format!("{count} in force after p50 {p50}   p99 {p99}   max {max}"));
        }
        if let Some(waiting) = self.waiting {
            line("waiting", waiting_line(waiting));
        }
        let outcomes: Vec<_> =
            outcomes.iter().map(|(outcome, count)| format!("{outcome}: {count}")).collect();
        line("responses", outcomes.join(", "));
        let costs = self.costs().map(|(name, micros)| format!("{name} {micros:.1} µs"));
        line("processor", format!("{} a transfer", costs.join(", ")));
        line(
            "memory",
            format!("adapter {} MB, peak {} MB", mebibytes(memory.now), mebibytes(memory.peak)),
        );
        line(
            "journal",
            format!(
                "{:.2} rows a transfer, {:.0} rows a batch",
                self.rows_per_transfer,
                self.rows_per_batch()
            ),
        );
        text.push_str(
            "\nthis machine, bare, in the same run       per second   product    ratio\n",
        );
        for Limit { name, bare, product, .. } in self.limits() {
            let (ratio, bare, product) = (product / bare, grouped(bare), grouped(product));
            let _ = writeln!(text, "  {name:<38}{bare:>12}{product:>10}{ratio:>9.2}");
        }
        let _ = writeln!(
            text,
            "  sync alone            {}\n  sync beside the load  {}\n\n{}",
            sync_line(&self.machine.syncs),
            sync_line(&spent.syncs),
            match self.differences.as_slice() {
                [] => "the books of bank, adapter and switch agree".to_owned(),
                differences => format!("the books DIFFER: {}", differences.join(", ")),
            }
        );
        text
    }

    fn load(&self) -> String {
        let Bench { in_flight, rate, core, direction, .. } = self.bench;
        let direction = match direction {
            Direction::Outbound => "outbound, signed",
            Direction::Inbound => "inbound",
        };
        let core = match core {
            Core::Embedded => "embedded ledger",
            Core::Caller => "debit by the caller",
        };
        let pace = match rate {
            Some(rate) => format!("{rate}/s, at most {in_flight} in flight"),
            None => format!("{in_flight} in flight"),
        };
        format!("{direction}; {core}; {pace}")
    }

    fn json(&self) -> Json {
        let Measured { transfers, times, outcomes, spent, .. } = self.measured;
        let Spent { time, memory, .. } = spent;
        let Times { p50, p99, p999, max } = times;
        let limits = self.limits().into_iter().map(|limit| {
            let Limit { key, bare, product, .. } = limit;
            (key.to_owned(), json!({ "per_second": bare, "product_per_second": product, "ratio": product / bare }))
        });
        let costs = self.costs().into_iter().map(|(name, micros)| (name.to_owned(), micros.into()));
        json!({
            "direction": if self.bench.direction == Direction::Outbound { "out" } else { "in" },
            "core": if self.bench.core == Core::Embedded { "embedded" } else { "caller" },
            "in_flight": self.bench.in_flight,
            "rate": self.bench.rate,
            "seconds": time.as_secs_f64(),
            "transfers": transfers,
            "transfers_per_second": self.rate(),
            "duration_micros": { "p50": p50, "p99": p99, "p99.9": p999, "max": max },
            "second_link_cuts": self.measured.cuts,
            "closings_micros": self.measured.closings.map(|(count, times)| {
                json!({ "count": count, "p50": times.p50, "p99": times.p99, "max": times.max })
            }),
            "waiting": self.waiting.map(json_of_waiting),
            "responses": outcomes,
            "processor_micros_per_transfer": costs.collect::<serde_json::Map<_, _>>(),
            "adapter_memory_kib": { "now": memory.now, "peak": memory.peak },
            "journal_rows": { "per_transfer": self.rows_per_transfer, "per_batch": self.rows_per_batch() },
            "machine": limits.collect::<serde_json::Map<_, _>>(),
            "sync_micros": json_of_syncs(&self.machine.syncs),
            "sync_micros_beside_load": json_of_syncs(&spent.syncs),
            "books": { "agree": self.differences.is_empty(), "differences": self.differences },
        })
    }
}

fn waiting_line(waiting: &Waiting) -> String {
    let Waiting { begin, end, memory, started, .. } = waiting;
    let [before, with, started] = [memory[0], memory[1], *started].map(mebibytes);
    let each = waiting.bytes_per_transfer();
    format!(
        "{begin} reversals at the start, {end} at the end; adapter memory {before} MB without them, {with} MB with them: \
         {each} bytes each; {started} MB after a start with them"
    )
}

fn json_of_waiting(waiting: &Waiting) -> Json {
    let Waiting { begin, end, memory: [before, with], started, .. } = waiting;
    json!({
        "at_start": begin,
        "at_end": end,
        "adapter_memory_kib": { "without": before, "with": with, "started_with": started },
        "bytes_per_transfer": waiting.bytes_per_transfer(),
    })
}

fn sync_line(syncs: &Syncs) -> String {
    let [p50, p99, max] = [syncs.p50, syncs.p99, syncs.max].map(millis);
    format!("p50 {p50}   p99 {p99}   max {max}")
}

fn json_of_syncs(syncs: &Syncs) -> Json {
    json!({ "p50": syncs.p50, "p99": syncs.p99, "max": syncs.max })
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn ratio(sum: u64, count: u64) -> f64 {
    sum as f64 / count.max(1) as f64
}

fn millis(micros: u64) -> String {
    format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10)
}

const fn mebibytes(kib: u64) -> u64 {
    kib / 1_024
}

/// Formats a number without decimals, with a comma at each thousand.
fn grouped(number: f64) -> String {
    crate::values::display::grouped(&format!("{number:.0}"), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_for_people() {
        assert_eq!(grouped(1_234_567.8), "1,234,568");
        assert_eq!((millis(12_345), millis(90)), ("12.34 ms".into(), "0.09 ms".into()));
    }
}
