//! The progress of a demo: a bar on a terminal, otherwise a line every two seconds.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cli::terminal;
use crate::harness::ChannelOutcome;

/// Interval between two updates of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(200);
/// Interval between two lines where stderr is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(2);

/// Counts of what channels have requested and of how it ended.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) requested: AtomicU64,
    pub(super) settled: AtomicU64,
    pub(super) settled_minor: AtomicU64,
    pub(super) refunded: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) unexpected: AtomicU64,
    /// Requests and status requests that were sent again.
    pub(super) retries: AtomicU64,
}

impl Tally {
    /// Counts a transfer that has ended.
    pub(super) fn count(&self, outcome: ChannelOutcome, minor: u64) {
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

    pub(super) fn get(number: &AtomicU64) -> u64 {
        number.load(Ordering::Relaxed)
    }

    /// Returns the number of transfers that have ended.
    pub(super) fn ended(&self) -> u64 {
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

    /// Draws the progress if the interval has passed.
    pub(super) fn draw(&mut self, tally: &Tally, note: &str) {
        let every = if self.is_terminal { BAR_INTERVAL } else { LINE_INTERVAL };
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= every) {
            self.drawn = Some(Instant::now());
            self.write(tally, note);
        }
    }

    /// Draws the progress for the last time.
    pub(super) fn finish(&self, tally: &Tally) {
        self.write(tally, "done");
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

    fn write(&self, tally: &Tally, note: &str) {
        let ended = tally.ended();
        let pending = Tally::get(&tally.requested).saturating_sub(ended);
        let text = format!(
            "{ended}/{} settled {} refunded {} rejected {} pending {pending}  {note}",
            self.transfers,
            Tally::get(&tally.settled),
            Tally::get(&tally.refunded),
            Tally::get(&tally.rejected),
        );
        let line = if self.is_terminal {
            let width = 24;
            let full = usize::try_from(ended * width / self.transfers.max(1)).unwrap_or_default();
            let bar = format!("{}{}", "█".repeat(full), "░".repeat(24_usize.saturating_sub(full)));
            let room = terminal::width().saturating_sub(1);
            let line: String = format!("{bar} {text}").chars().take(room).collect();
            format!("\r\x1b[K{line}")
        } else {
            format!("{text}\n")
        };
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(line.as_bytes()).and_then(|()| stderr.flush());
    }
}
