//! The cost of a durable row: the journal, compared with a bare loop that inserts rows of the same size into SQLite with
//! ordered keys, and with one with unordered keys (`rates`). All sync each batch. Then the commit latency at a steady load
//! (`commits`), a start with many transfers (`start`), and what proof costs of it: hashes and a signature (`signing`).
//! Arguments select among the four.
//!
//! `TITIAN_JOURNAL_DIR` is the folder of the files, and so selects the measured disk. `TITIAN_JOURNAL_RATE` is the load in
//! rows a second, `TITIAN_JOURNAL_TRANSFERS` the number of transfers of a start.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a benchmark that can't continue stops"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use titian::journal::{
    Batch, Checkpoints, Evidence, Journal, JournalKeys, MessageTrace, Row, StoreUrl, StoredFacts,
    TransferStart, verify,
};
use titian::personal::RecordKey;
use titian::signing::{
    Chain, ChainId, FIRST_EPOCH, Head, SigningKey, Statement, StoredBatch, TrustedKey, TrustedKeys,
};
use titian::values::{
    IdempotencyKey, Moment, RequestFingerprint, RequestIdentity, Rrn, Stan, TransferId, Value,
};

const START: u64 = 1_795_521_600_000;

/// The size of a row's facts, in bytes.
const FACTS: usize = 300;

fn main() {
    // `cargo test --benches` runs this too, only to see that it works. It then measures little.
    let full = std::env::args().any(|argument| argument == "--bench");
    let chosen: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |part: &str| chosen.is_empty() || chosen.iter().any(|word| word == part);
    let seconds =
        |number| if full { Duration::from_secs(number) } else { Duration::from_millis(50) };
    let folder = Folder::new();
    if wants("rates") {
        rates(&folder, if full { 5 } else { 1 }, seconds(1));
    }
    if wants("signing") {
        signing(if full { 2_000 } else { 10 });
    }
    if wants("commits") {
        let rate = variable("TITIAN_JOURNAL_RATE").unwrap_or(60_000);
        let time = seconds(variable("TITIAN_JOURNAL_SECONDS").unwrap_or(90));
        let before = variable("TITIAN_JOURNAL_TRANSFERS").unwrap_or(0);
        latency(&folder, 64, rate as f64, time, before);
    }
    if wants("start") {
        let closed = variable("TITIAN_JOURNAL_TRANSFERS").unwrap_or(1_000_000);
        let (closed, open) = if full { (closed, 10_000) } else { (1_000, 100) };
        start_with(&folder, closed, open);
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn rates(folder: &Folder, rounds: usize, time: Duration) {
    println!(
        "rows/s, {FACTS} bytes of facts a row, every batch synced; medians of {rounds} interleaved rounds"
    );
    println!(
        "{:>6} {:>10} {:>10} {:>10} {:>22}",
        "batch", "ordered", "unordered", "journal", "journal/ordered"
    );
    for batch in [1, 16, 64, 256] {
        let mut rates = [const { Vec::new() }; 4];
        for _ in 0..rounds {
            folder.settle();
            let ordered = bare(folder, batch, time, |number| number);
            folder.settle();
            let unordered = bare(folder, batch, time, hashed);
            folder.settle();
            let ours = journal_rate(folder, batch, time);
            for (rates, rate) in rates.iter_mut().zip([ordered, unordered, ours, ours / ordered]) {
                rates.push(rate);
            }
        }
        let [ordered, unordered, ours, ratio] = rates.map(median);
        println!("{batch:>6} {ordered:>10.0} {unordered:>10.0} {ours:>10.0} {ratio:>22.2}");
    }
}

/// Measures the time that hashes and a signature take of a batch, when it is written and when it is proven.
fn signing(batches: u32) {
    let JournalKeys { signing, trusted, .. } = keys();
    let line = format!("{{\"facts\":\"{}\"}}", "x".repeat(FACTS));
    println!("signed batches, {} bytes a row; medians of 9 rounds of {batches}", line.len());
    println!(
        "{:>6} {:>18} {:>18} {:>18}",
        "rows", "hash, µs a row", "sign, µs a row", "prove, µs a row"
    );
    for rows in [1, 9, 64] {
        let mut times = [const { Vec::new() }; 3];
        let text = vec![line.as_str(); rows].join("\n");
        let micros =
            |since: Instant| since.elapsed().as_secs_f64() * 1e6 / f64::from(batches) / rows as f64;
        for _ in 0..9 {
            let mut head = Head::default();
            let hashing = Instant::now();
            for _ in 0..batches {
                head = (0..rows).fold(Head::default(), |head, _| head.after(line.as_bytes()));
            }
            times[0].push(micros(hashing));
            let statement = |head| Statement {
                chain: Chain::Transfers,
                chain_id: ChainId([3; 16]),
                epoch: FIRST_EPOCH,
                before: Head::default(),
                head,
                metadata: [9; 32],
                at: Moment::from_millis(START),
                key: signing.id(),
            };
            let mut stored = String::new();
            let signed = Instant::now();
            for _ in 0..batches {
                stored = statement(head).sign(&signing).to_string();
            }
            times[1].push(micros(signed));
            let proven = Instant::now();
            for _ in 0..batches {
                let (statement, rows) = (stored.clone(), text.clone());
                let batch = StoredBatch { first: 1, statement, rows };
                batch.prove(Chain::Transfers, ChainId([3; 16]), &trusted).unwrap();
            }
            times[2].push(micros(proven));
        }
        let [hash, sign, prove] = times.map(median);
        println!("{rows:>6} {hash:>18.2} {sign:>18.2} {prove:>18.2}");
    }
}

/// Measures the time from a batch's append to its callback, at an even rate of rows a second, in a journal that already has
/// `before` transfers.
fn latency(folder: &Folder, batch: u64, rate: f64, time: Duration, before: u64) {
    folder.settle();
    let path = folder.fresh().join("titian.db");
    let journal =
        titian::journal::open(&StoreUrl::Sqlite(path.clone()), &keys(), &checkpoints(&path))
            .unwrap();
    let mut generator = Generator::default();
    append_all(&*journal, (0..before / 64).map(|_| generator.batch(256)));
    let (done, durable) = channel();
    let start = Instant::now();
    let mut sent = 0;
    while start.elapsed() < time {
        let due = start + Duration::from_secs_f64(sent as f64 * batch as f64 / rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let done = done.clone();
        let batch = generator.batch(batch);
        // Measured from the due time, so that a late append counts as waiting.
        journal.append(
            batch,
            Box::new(move |result| done.send(result.map(|_| due.elapsed())).unwrap()),
        );
        sent += 1;
    }
    let mut times: Vec<_> = durable.iter().take(sent).map(Result::unwrap).collect();
    let each = (rate / batch as f64) as usize;
    let worst = times.chunks(each.max(1)).map(|second| second.iter().max().unwrap());
    let worst: Vec<_> = worst.map(|most| most.as_millis().to_string()).collect();
    println!("\nlongest of each second, ms: {}", worst.join(" "));
    let log = fs::metadata(path.with_extension("db-wal")).unwrap().len() >> 20;
    let rows = sent as u64 * batch;
    println!(
        "{sent} commits of {batch}, {rate:.0} rows/s, {rows} rows: {}; log {log} MB",
        spread(&mut times)
    );
    println!(
        "append of 4 KB to a plain file with sync, right after: {}",
        spread(&mut folder.syncs())
    );
    journal.close().unwrap();
}

/// Returns the percentiles of some times.
fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let [p50, p99, p999, most] = [0.5, 0.99, 0.999, 1.0].map(at);
    format!("p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms, max {most:.2} ms")
}

/// Measures a start with a number of closed and open transfers: its time and memory. Also the append rate while the journal
/// grows, and the rate of a verification.
fn start_with(folder: &Folder, closed: u64, open: u64) {
    let path = folder.fresh().join("titian.db");
    let journal =
        titian::journal::open(&StoreUrl::Sqlite(path.clone()), &keys(), &checkpoints(&path))
            .unwrap();
    let mut generator = Generator::default();
    let tenth = 4 * closed / 10 / 256 * 256;
    print!("\nrows/s by tenths of {closed} transfers:");
    for _ in 0..10 {
        let start = Instant::now();
        append_all(&*journal, (0..tenth / 256).map(|_| generator.batch(256)));
        print!(" {:.0}", tenth as f64 / start.elapsed().as_secs_f64());
    }
    println!();
    let transfers = tenth * 10 / 4;
    let rows = (transfers..transfers + open).map(|transfer| {
        Generator { rows: transfer / INTERLEAVED * 4 * INTERLEAVED + transfer % INTERLEAVED }.row()
    });
    let rows: Vec<_> = rows.collect();
    append_all(&*journal, [Batch { rows, ..Batch::default() }]);
    journal.close().unwrap();

    let start = Instant::now();
    let journal =
        titian::journal::open(&StoreUrl::Sqlite(path.clone()), &keys(), &checkpoints(&path))
            .unwrap();
    let mut read = 0_u64;
    for rows in journal.reader().unwrap().open_transfers().unwrap() {
        read += rows.unwrap().len() as u64;
    }
    let took = start.elapsed();
    assert_eq!(read, open);
    println!(
        "start with {transfers} closed and {open} open transfers: {:.2} s; resident memory {} MB",
        took.as_secs_f64(),
        resident()
    );
    journal.close().unwrap();

    let (keys, checkpoints) = (keys().trusted, checkpoints(&path).files);
    let start = Instant::now();
    let evidence = Evidence {
        archives: &[],
        store: &StoreUrl::Sqlite(path.clone()),
        checkpoints: &checkpoints,
        keys: Some(&keys),
    };
    let verified = verify(&evidence, |_, _| Ok(())).unwrap();
    let rate = verified.head.count as f64 / start.elapsed().as_secs_f64();
    println!(
        "verified: {} rows in {} batches, {rate:.0} rows/s",
        verified.head.count, verified.batches
    );
}

/// Appends batches, at most two in flight, and waits for all.
fn append_all(journal: &dyn Journal, batches: impl IntoIterator<Item = Batch>) {
    let (done, durable) = channel();
    let mut waiting = 0;
    for batch in batches {
        let done = done.clone();
        journal.append(batch, Box::new(move |result| done.send(result).unwrap()));
        waiting += 1;
        if waiting == 2 {
            assert!(durable.recv().unwrap().unwrap().is_empty());
            waiting -= 1;
        }
    }
    durable.iter().take(waiting).for_each(|result| drop(result.unwrap()));
}

/// Returns the resident memory of the process, in megabytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

/// Returns the rows a second of a bare loop. `key` derives a key from the row number.
fn bare(folder: &Folder, batch: u64, time: Duration, key: impl Fn(u128) -> u128) -> f64 {
    let db = Connection::open(folder.fresh().join("bare.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA wal_autocheckpoint = 0",
    )
    .unwrap();
    db.execute_batch("CREATE TABLE rows (seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, facts BLOB NOT NULL) STRICT").unwrap();
    let facts = [b'x'; FACTS];
    let mut insert = db.prepare("INSERT INTO rows VALUES (?1, ?2, ?3)").unwrap();
    let start = Instant::now();
    let mut rows = 0;
    while start.elapsed() < time {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        for number in rows..rows + batch {
            let key = key(u128::from(START) << 80 | u128::from(number)).to_be_bytes();
            insert.execute(params![number, key, facts]).unwrap();
        }
        db.execute_batch("COMMIT").unwrap();
        rows += batch;
    }
    rows as f64 / start.elapsed().as_secs_f64()
}

/// Returns the rows a second of the journal. One batch is made durable while the next is built, as the engine does it.
fn journal_rate(folder: &Folder, batch: u64, time: Duration) -> f64 {
    let path = folder.fresh().join("titian.db");
    let journal =
        titian::journal::open(&StoreUrl::Sqlite(path.clone()), &keys(), &checkpoints(&path))
            .unwrap();
    let mut generator = Generator::default();
    let (done, durable) = channel();
    let start = Instant::now();
    let (mut sent, mut rows) = (0, 0);
    while start.elapsed() < time {
        let done = done.clone();
        let done = Box::new(move |result| done.send(result).unwrap());
        journal.append(generator.batch(batch), done);
        sent += 1;
        if sent > 1 {
            assert!(durable.recv().unwrap().unwrap().is_empty());
            rows += batch;
        }
    }
    let rate = rows as f64 / start.elapsed().as_secs_f64();
    journal.close().unwrap();
    rate
}

fn checkpoints(store: &Path) -> Checkpoints {
    Checkpoints { files: vec![store.with_extension("checkpoints")], every: Duration::from_secs(1) }
}

fn keys() -> JournalKeys {
    let signing = SigningKey::from_seed(&[7; 32]);
    let trusted = TrustedKeys::new(vec![TrustedKey::always(signing.public())]);
    JournalKeys { signing, trusted, record: RecordKey::new([8; 32]) }
}

/// Generates transfers of four rows each: accepted, ready, sent, settled. 64 of them are interleaved.
#[derive(Default)]
struct Generator {
    rows: u64,
}

const INTERLEAVED: u64 = 64;
const STATES: [&str; 4] = ["debiting", "ready_to_send", "sent", "settled"];

impl Generator {
    fn batch(&mut self, rows: u64) -> Batch {
        let rows = (0..rows).map(|_| self.row()).collect();
        Batch { rows, ..Batch::default() }
    }

    fn row(&mut self) -> Row {
        let number = self.rows;
        self.rows += 1;
        let (group, place) = (number / (4 * INTERLEAVED), number % (4 * INTERLEAVED));
        let step = usize::try_from(place / INTERLEAVED).unwrap();
        let transfer = group * INTERLEAVED + place % INTERLEAVED;
        let at = START + number / 100;
        Row {
            id: TransferId(u128::from(START + transfer / 25) << 80 | u128::from(transfer)),
            recorded_at: Moment::from_millis(at),
            state: STATES[step].into(),
            is_open: step < 3,
            trace: (step == 1).then(|| trace(transfer, at / 1000)),
            start: (step == 0).then(|| Box::new(start(transfer))),
            facts: StoredFacts(format!("\"{}\"", "x".repeat(FACTS))),
            personal: None,
        }
    }
}

fn trace(transfer: u64, transmission_second: u64) -> MessageTrace {
    let rrn = Rrn::from_ascii(format!("{transfer:012}").as_bytes()).unwrap();
    MessageTrace {
        stan: Stan::wrapped(transfer),
        rrn,
        transmission_second: Some(transmission_second),
    }
}

fn start(transfer: u64) -> TransferStart {
    let request = IdempotencyKey(hashed(u128::from(transfer)));
    TransferStart {
        identity: RequestIdentity {
            request_key: request,
            reference_key: None,
            fingerprint: RequestFingerprint(1),
        },
        requested_by: None,
        admitted_under: 1,
    }
}

/// Returns a unique number in no order, like a hash.
fn hashed(number: u128) -> u128 {
    let mixed = (number ^ 0x5DEE_CE66).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D);
    (mixed ^ (mixed >> 64)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A temporary folder, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let top =
            std::env::var_os("TITIAN_JOURNAL_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        Self(top.join(format!("titian-journal-bench-{}", std::process::id())))
    }

    /// Returns the times of synced appends to a plain file.
    fn syncs(&self) -> Vec<Duration> {
        fs::create_dir_all(&self.0).unwrap();
        let mut file = File::create(self.0.join("plain")).unwrap();
        let sync = |_| {
            let start = Instant::now();
            file.write_all(&[0; 4096]).and_then(|()| file.sync_data()).unwrap();
            start.elapsed()
        };
        (0..300).map(sync).collect()
    }

    /// Empties the folder and waits until the disk has finished earlier writes, at most ten seconds. So no candidate pays for
    /// the writes of another.
    fn settle(&self) {
        let end = Instant::now() + Duration::from_secs(10);
        self.fresh();
        while Instant::now() < end {
            let mut times = self.syncs();
            times.sort_unstable();
            if times[times.len() / 2] < Duration::from_micros(300) {
                return;
            }
        }
    }

    /// Empties the folder and returns it.
    fn fresh(&self) -> &Path {
        let _ = fs::remove_dir_all(&self.0);
        fs::create_dir_all(&self.0).unwrap();
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
