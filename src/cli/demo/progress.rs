//! The progress of a demo: a bar on a terminal, otherwise a line every two seconds.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cli::terminal;
use crate::harness::ChannelOutcome;

/// Characters of the bar.
const BAR_WIDTH: usize = 10;
/// Interval between two updates of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(200);
/// Interval between two lines where stderr is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(2);

/// Counts of what channels have requested and of how it ended.
#[derive(Default)]
pub(in crate::cli) struct Tally {
    pub(in crate::cli) requested: AtomicU64,
    pub(in crate::cli) settled: AtomicU64,
    pub(in crate::cli) settled_minor: AtomicU64,
    pub(in crate::cli) refunded: AtomicU64,
    pub(in crate::cli) rejected: AtomicU64,
    pub(in crate::cli) unexpected: AtomicU64,
    /// Requests and status requests that were sent again.
    pub(in crate::cli) retries: AtomicU64,
}

impl Tally {
    /// Counts a transfer that has ended.
    pub(in crate::cli) fn count(&self, outcome: ChannelOutcome, minor: u64) {
        let add = |number: &AtomicU64, by| number.fetch_add(by, Ordering::Relaxed);
        match outcome {
            ChannelOutcome::Settled => {
                add(&self.settled_minor, minor);
                add(&self.settled, 1)
            }
            ChannelOutcome::Refunded => add(&self.refunded, 1),
            ChannelOutcome::Rejected | ChannelOutcome::NotAdmitted => add(&self.rejected, 1),
            ChannelOutcome::Unexpected(_) => add(&self.unexpected, 1),
        };
    }

    pub(in crate::cli) fn get(number: &AtomicU64) -> u64 {
        number.load(Ordering::Relaxed)
    }

    /// Returns the number of transfers that have ended.
    pub(in crate::cli) fn ended(&self) -> u64 {
        [&self.settled, &self.refunded, &self.rejected, &self.unexpected]
            .map(Self::get)
            .iter()
            .sum()
    }
}

/// The progress bar, or the progress lines.
pub(super) struct Progress {
    transfers: u64,
    drawn: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(transfers: u64) -> Self {
        Self { transfers, drawn: None, is_terminal: io::stderr().is_terminal() }
    }

    /// Draws the counts if the interval has passed.
    pub(super) fn draw(&mut self, tally: &Tally) {
        if self.is_due() {
            self.write(tally, &counts(tally));
        }
    }

    /// Draws what is waited for, if the interval has passed.
    pub(super) fn draw_waiting(&mut self, tally: &Tally, open: Open, since: Instant) {
        if self.is_due() {
            let seconds = since.elapsed().as_secs();
            self.write(tally, &waiting(seconds, open));
        }
    }

    /// Draws the counts for the last time.
    pub(super) fn finish(&self, tally: &Tally) {
        self.write(tally, &counts(tally));
        if self.is_terminal {
            // A closed stderr is not a failure of the demo.
            let _ = writeln!(io::stderr());
        }
    }

    /// Writes a line above the bar.
    pub(super) fn log(&self, line: &str) {
        let clear = if self.is_terminal { "\r\x1b[K" } else { "" };
        let _ = writeln!(io::stderr(), "{clear}{line}");
    }

    fn is_due(&mut self) -> bool {
        let every = if self.is_terminal { BAR_INTERVAL } else { LINE_INTERVAL };
        let is_due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= every);
        if is_due {
            self.drawn = Some(Instant::now());
        }
        is_due
    }

    fn write(&self, tally: &Tally, text: &str) {
        let (ended, transfers) = (tally.ended(), self.transfers);
        let text = format!("{ended}/{transfers}  {text}");
        let line = if self.is_terminal {
            let room = terminal::width().saturating_sub(1);
            let line: String =
                format!("{} {text}", bar(ended, transfers)).chars().take(room).collect();
            format!("\r\x1b[K{line}")
        } else {
            format!("{text}\n")
        };
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(line.as_bytes()).and_then(|()| stderr.flush());
    }
}

/// Returns a bar of the part of the transfers that has ended.
fn bar(ended: u64, transfers: u64) -> String {
    let full = usize::try_from(ended * BAR_WIDTH as u64 / transfers.max(1)).unwrap_or_default();
    format!("{}{}", "█".repeat(full), "░".repeat(BAR_WIDTH.saturating_sub(full)))
}

fn counts(tally: &Tally) -> String {
    let pending = Tally::get(&tally.requested).saturating_sub(tally.ended());
    format!(
        "settled {}, refunded {}, rejected {}, open {pending}",
        Tally::get(&tally.settled),
        Tally::get(&tally.refunded),
        Tally::get(&tally.rejected),
    )
}

/// What is open: transfers at the adapter, and requests at the switch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) transfers: u64,
    pub(super) requests: u64,
}

fn waiting(seconds: u64, open: Open) -> String {
    let Open { transfers, requests } = open;
    format!("waiting {seconds} s: {transfers} open, {requests} at the switch")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_of_a_usual_demo_fits_80_columns() {
        let tally = Tally::default();
        tally.requested.store(20_000, Ordering::Relaxed);
        tally.settled.store(15_611, Ordering::Relaxed);
        tally.refunded.store(3_783, Ordering::Relaxed);
        tally.rejected.store(600, Ordering::Relaxed);
        let open = Open { transfers: 20_000, requests: 20_000 };
        for text in [counts(&tally), waiting(100, open)] {
            let line = format!("{} 19994/20000  {text}", bar(19_994, 20_000));
            assert!(line.chars().count() < 80, "{line}");
        }
        assert_eq!(bar(1, 2), "█████░░░░░");
    }
}
