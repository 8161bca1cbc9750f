//! How far a demo has come: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cli::terminal;
use crate::rig::Outcome;

/// How often the bar is drawn, and a line written where there is none.
const DRAWN: Duration = Duration::from_millis(200);
const WRITTEN: Duration = Duration::from_secs(2);

/// What channels have asked for and been told.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) asked: AtomicU64,
    pub(super) settled: AtomicU64,
    pub(super) settled_minor: AtomicU64,
    pub(super) given_back: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) senseless: AtomicU64,
    /// How often one asked again.
    pub(super) again: AtomicU64,
}

impl Tally {
    /// A transfer has come to its end.
    pub(super) fn told(&self, outcome: Outcome, minor: u64) {
        let add = |number: &AtomicU64, by| number.fetch_add(by, Ordering::Relaxed);
        match outcome {
            Outcome::Settled => {
                add(&self.settled_minor, minor);
                add(&self.settled, 1)
            }
            Outcome::GivenBack => add(&self.given_back, 1),
            Outcome::Refused | Outcome::NotTaken => add(&self.refused, 1),
            Outcome::Senseless(_) => add(&self.senseless, 1),
        };
    }

    pub(super) fn get(number: &AtomicU64) -> u64 {
        number.load(Ordering::Relaxed)
    }

    /// Transfers that have come to their end.
    pub(super) fn ended(&self) -> u64 {
        [&self.settled, &self.given_back, &self.refused, &self.senseless]
            .map(Self::get)
            .iter()
            .sum()
    }
}

/// The bar.
pub(super) struct Progress {
    transfers: u64,
    drawn: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(transfers: u64) -> Self {
        Self { transfers, drawn: None, is_terminal: io::stderr().is_terminal() }
    }

    /// Draws it, if it is time to.
    pub(super) fn draw(&mut self, tally: &Tally, about: &str) {
        let every = if self.is_terminal { DRAWN } else { WRITTEN };
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= every) {
            self.drawn = Some(Instant::now());
            self.write(tally, about);
        }
    }

    /// Draws it for the last time.
    pub(super) fn finish(&self, tally: &Tally) {
        self.write(tally, "done");
        if self.is_terminal {
            // Where stderr is closed nobody looks.
            let _ = writeln!(io::stderr());
        }
    }

    /// Says something beside the bar.
    pub(super) fn say(&self, line: &str) {
        let clear = if self.is_terminal { "\r\x1b[K" } else { "" };
        let _ = writeln!(io::stderr(), "{clear}{line}");
    }

    fn write(&self, tally: &Tally, about: &str) {
        let ended = tally.ended();
        let pending = Tally::get(&tally.asked).saturating_sub(ended);
        let text = format!(
            "{ended}/{} settled {} given back {} refused {} pending {pending}  {about}",
            self.transfers,
            Tally::get(&tally.settled),
            Tally::get(&tally.given_back),
            Tally::get(&tally.refused),
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
