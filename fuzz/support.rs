//! Shared by all targets: run time, counters, and changes of valid input.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bolero::TypeGenerator;

/// A run of a target.
pub(crate) struct Run {
    target: &'static str,
    started: Instant,
    cases: AtomicU64,
}

impl Run {
    pub(crate) fn of(target: &'static str) -> Self {
        Self { target, started: Instant::now(), cases: AtomicU64::new(0) }
    }

    /// Returns the duration of a run as a test: `TITIAN_FUZZ_SECONDS`, or two seconds.
    pub(crate) fn time() -> Duration {
        let seconds = std::env::var("TITIAN_FUZZ_SECONDS").ok();
        let seconds = seconds
            .map(|text| text.parse().expect("TITIAN_FUZZ_SECONDS must be a number of seconds"));
        Duration::from_secs(seconds.unwrap_or(2))
    }

    pub(crate) fn count(&self) {
        self.cases.fetch_add(1, Ordering::Relaxed);
    }

    /// Prints the number of cases.
    pub(crate) fn end(&self) {
        let (target, seconds) = (self.target, self.started.elapsed().as_secs_f64());
        println!("fuzz {target}: {} cases in {seconds:.1} s", self.cases.load(Ordering::Relaxed));
    }
}

/// One change of a byte string. Offsets wrap around at its end.
#[derive(Clone, Debug, TypeGenerator)]
pub(crate) enum Change {
    Set { at: u16, byte: u8 },
    Add { at: u16, amount: i8 },
    Digit { at: u16, digit: u8 },
    Insert { at: u16, byte: u8, count: u8 },
    Remove { at: u16, count: u8 },
    Copy { from: u16, count: u8, to: u16 },
}

/// A seed and the changes to it.
#[derive(Clone, Debug, TypeGenerator)]
pub(crate) struct Changed {
    seed: u16,
    changes: Vec<Change>,
    how_many: u8,
}

impl Changed {
    /// Returns one of the seeds.
    pub(crate) fn pick<'s, T>(&self, seeds: &'s [T]) -> &'s T {
        &seeds[usize::from(self.seed) % seeds.len()]
    }

    /// Returns the bytes with one to eight changes. Few changes are most frequent, because they get furthest.
    pub(crate) fn applied_to(&self, seed: &[u8]) -> Vec<u8> {
        const HOW_MANY: [usize; 8] = [1, 1, 1, 2, 2, 3, 5, 8];
        let mut bytes = seed.to_vec();
        for change in self.changes.iter().take(HOW_MANY[usize::from(self.how_many) % 8]) {
            change.apply(&mut bytes);
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let place = |at: u16| usize::from(at) % (length + 1);
        let span = |at: u16, count: u8| place(at)..(place(at) + usize::from(count)).min(length);
        match *self {
            Self::Set { at, byte } => put(bytes, place(at), |_| byte),
            Self::Add { at, amount } => {
                put(bytes, place(at), |old| old.wrapping_add_signed(amount));
            }
            Self::Digit { at, digit } => put(bytes, place(at), |_| b'0' + digit % 10),
            Self::Insert { at, byte, count } => {
                bytes.splice(place(at)..place(at), vec![byte; usize::from(count % 16)]);
            }
            Self::Remove { at, count } => {
                bytes.drain(span(at, count % 16));
            }
            Self::Copy { from, count, to } => {
                let copied = bytes[span(from, count)].to_vec();
                bytes.splice(place(to)..place(to), copied);
            }
        }
    }
}

fn put(bytes: &mut [u8], at: usize, new: impl FnOnce(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = new(*byte);
    }
}
