//! The duration of a disk sync, and rows of bare SQLite.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rusqlite::Connection;

use super::per_second;

/// The longest duration that is recorded, in microseconds.
const MAX_MICROS: u64 = 120_000_000;

/// Bytes of a row, and rows in a transaction.
const ROW: usize = 300;
const GROUP: u64 = 64;

/// The pause between two appends beside a load.
const PAUSE: Duration = Duration::from_millis(20);

/// Durations of appends, each synced before the next.
pub(in super::super) struct Syncs {
    /// Appends a second.
    pub(in super::super) rate: f64,
    /// Microseconds.
    pub(in super::super) p50: u64,
    pub(in super::super) p99: u64,
    pub(in super::super) max: u64,
}

/// Appends beside a load: they show the duration of a sync while the adapter and other programs use the disk.
pub(in super::super) struct Beside {
    until: Sender<()>,
    thread: JoinHandle<io::Result<Syncs>>,
}

impl Beside {
    pub(in super::super) fn begin(folder: &Path) -> io::Result<Self> {
        let (until, over) = channel();
        let path = folder.join("bare-beside");
        let go_on = move || over.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout);
        let thread = Builder::new().name("syncs-beside".to_owned());
        let thread = thread.spawn(move || append(&path, go_on))?;
        Ok(Self { until, thread })
    }

    pub(in super::super) fn end(self) -> io::Result<Syncs> {
        drop(self.until);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
    }
}

/// Appends 4 KiB and syncs, repeatedly.
pub(super) fn syncs(folder: &Path, time: Duration) -> io::Result<Syncs> {
    let started = Instant::now();
    append(&folder.join("bare-appends"), || started.elapsed() < time)
}

fn append(path: &Path, go_on: impl Fn() -> bool) -> io::Result<Syncs> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let page = [0x5A; 4096];
    let mut times = Histogram::<u64>::new_with_max(MAX_MICROS, 3).map_err(io::Error::other)?;
    let started = Instant::now();
    while go_on() {
        let start = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.saturating_record(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    Ok(Syncs {
        rate: per_second(times.len(), started.elapsed()),
        p50: times.value_at_quantile(0.5),
        p99: times.value_at_quantile(0.99),
        max: times.max(),
    })
}

/// Returns rows a second, in key order, each group durable before the next.
pub(super) fn rows(folder: &Path, time: Duration) -> rusqlite::Result<f64> {
    let mut db = Connection::open(folder.join("bare.db"))?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.execute_batch("CREATE TABLE row (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT")?;
    let (payload, mut count) = ([0x5A; ROW], 0);
    let started = Instant::now();
    while started.elapsed() < time {
        let group = db.transaction()?;
        let mut insert = group.prepare_cached("INSERT INTO row (payload) VALUES (?1)")?;
        for _ in 0..GROUP {
            insert.execute([&payload])?;
        }
        drop(insert);
        group.commit()?;
        count += GROUP;
    }
    Ok(per_second(count, started.elapsed()))
}
