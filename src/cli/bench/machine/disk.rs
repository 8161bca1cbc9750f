//! What a sync costs, and rows of bare SQLite.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rusqlite::Connection;

use super::per_second;

/// The longest time that is told, in microseconds.
const LONGEST: u64 = 120_000_000;

/// Bytes of a row, and rows in a transaction.
const ROW: usize = 300;
const GROUP: u64 = 64;

/// Appends, each synced before the next.
pub(in super::super) struct Syncs {
    /// How many a second.
    pub(in super::super) rate: f64,
    /// Microseconds.
    pub(in super::super) p50: u64,
    pub(in super::super) p99: u64,
}

/// Appends 4 KiB and syncs, again and again.
pub(super) fn syncs(folder: &Path, time: Duration) -> io::Result<Syncs> {
    let mut file =
        OpenOptions::new().create(true).append(true).open(folder.join("bare-appends"))?;
    let page = [0x5A; 4096];
    let mut times = Histogram::<u64>::new_with_max(LONGEST, 3).map_err(io::Error::other)?;
    let begun = Instant::now();
    while begun.elapsed() < time {
        let start = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.saturating_record(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    Ok(Syncs {
        rate: per_second(times.len(), begun.elapsed()),
        p50: times.value_at_quantile(0.5),
        p99: times.value_at_quantile(0.99),
    })
}

/// Rows a second, in the order of their keys, each group durable before the next.
pub(super) fn rows(folder: &Path, time: Duration) -> rusqlite::Result<f64> {
    let mut db = Connection::open(folder.join("bare.db"))?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.execute_batch("CREATE TABLE row (seq INTEGER PRIMARY KEY, form BLOB NOT NULL) STRICT")?;
    let (form, mut count) = ([0x5A; ROW], 0);
    let begun = Instant::now();
    while begun.elapsed() < time {
        let group = db.transaction()?;
        let mut insert = group.prepare_cached("INSERT INTO row (form) VALUES (?1)")?;
        for _ in 0..GROUP {
            insert.execute([&form])?;
        }
        drop(insert);
        group.commit()?;
        count += GROUP;
    }
    Ok(per_second(count, begun.elapsed()))
}
