//! What a durable row costs: our journal beside a bare loop that inserts rows of the same size into SQLite in the order
//! of their keys, and beside one whose keys come in no order. All sync each batch. Then the latency of commits at half
//! load, and a start with many transfers.
//!
//! `TITIAN_JOURNAL_DIR` says where the files are made; the disk is what is measured.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark that can't go on stops"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use titian::engine::{Body, Key};
use titian::journal::{
    Batch, Begins, Checkpoints, Direction, Form, Journal, Numbers, Row, Summary,
};
use titian::values::{
    AccountNumber, Amount, Currency, Institution, Moment, Rrn, Stan, TransferId, Value,
};

const START: u64 = 1_795_521_600_000;

/// Bytes of a row's form.
const FORM: usize = 300;

fn main() {
    // `cargo test --benches` runs this too, to see that it works: little is enough then.
    let full = std::env::args().any(|argument| argument == "--bench");
    let seconds =
        |number| if full { Duration::from_secs(number) } else { Duration::from_millis(50) };
    let rounds = if full { 5 } else { 1 };
    let folder = Folder::new();

    println!("rows/s, median of {rounds} rounds; {FORM} bytes a form, every batch synced");
    println!(
        "{:>6} {:>12} {:>12} {:>12} {:>8}",
        "batch", "in order", "any order", "journal", "ratio"
    );
    for batch in [1, 16, 64, 256] {
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..rounds {
            rates[0].push(bare(&folder, batch, seconds(2), |number| number));
            rates[1].push(bare(&folder, batch, seconds(2), hashed));
            rates[2].push(journalled(&folder, batch, seconds(2)));
        }
        let [ordered, any, ours] = rates.map(median);
        println!("{batch:>6} {ordered:>12.0} {any:>12.0} {ours:>12.0} {:>8.2}", ours / ordered);
    }
}

/// Rows a second of a bare loop, whose keys are made from the row's number.
fn bare(folder: &Folder, batch: u64, time: Duration, key: impl Fn(u128) -> u128) -> f64 {
    let db = Connection::open(folder.fresh().join("bare.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA wal_autocheckpoint = 0",
    )
    .unwrap();
    db.execute_batch("CREATE TABLE rows (seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, form BLOB NOT NULL) STRICT").unwrap();
    let form = [b'x'; FORM];
    let mut insert = db.prepare("INSERT INTO rows VALUES (?1, ?2, ?3)").unwrap();
    let start = Instant::now();
    let mut rows = 0;
    while start.elapsed() < time {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        for number in rows..rows + batch {
            let key = key(u128::from(START) << 80 | u128::from(number)).to_be_bytes();
            insert.execute(params![number, key, form]).unwrap();
        }
        db.execute_batch("COMMIT").unwrap();
        rows += batch;
    }
    rows as f64 / start.elapsed().as_secs_f64()
}

/// Rows a second of the journal: one batch is made durable while the next is put together, as the engine does it.
fn journalled(folder: &Folder, batch: u64, time: Duration) -> f64 {
    let path = folder.fresh().join("titian.db");
    let journal = Journal::open(&path, Some(&checkpoints(&path))).unwrap();
    let mut lives = Lives::default();
    let (done, durable) = channel();
    let start = Instant::now();
    let (mut sent, mut rows) = (0, 0);
    while start.elapsed() < time {
        let done = done.clone();
        journal.append(lives.batch(batch), move |result| done.send(result).unwrap());
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
    let file = store.with_extension("checkpoints");
    Checkpoints { file, node: "bench".into(), seed: [7; 32], every: Duration::from_secs(1) }
}

/// Transfers of four rows each: accepted, ready to be sent, sent, settled. 64 of them live beside each other.
#[derive(Default)]
struct Lives {
    rows: u64,
}

const BESIDE: u64 = 64;
const STATES: [&str; 4] = ["Debiting", "Ready", "Sent", "Settled"];

impl Lives {
    fn batch(&mut self, rows: u64) -> Batch {
        let rows = (0..rows).map(|_| self.row()).collect();
        Batch { rows, notes: Vec::new() }
    }

    fn row(&mut self) -> Row {
        let number = self.rows;
        self.rows += 1;
        let (group, place) = (number / (4 * BESIDE), number % (4 * BESIDE));
        let step = usize::try_from(place / BESIDE).unwrap();
        let transfer = group * BESIDE + place % BESIDE;
        let at = START + number / 100;
        Row {
            id: TransferId(u128::from(START + transfer / 25) << 80 | u128::from(transfer)),
            at: Moment::from_millis(at),
            state: STATES[step].into(),
            open: step < 3,
            numbers: (step == 1).then(|| numbers(transfer, at / 1000)),
            begins: (step == 0).then(|| begins(transfer)),
            form: Form("x".repeat(FORM)),
        }
    }
}

fn numbers(transfer: u64, second: u64) -> Numbers {
    let rrn = Rrn::from_ascii(format!("{transfer:012}").as_bytes()).unwrap();
    Numbers { stan: Stan::wrapped(transfer), rrn, second: Some(second) }
}

fn begins(transfer: u64) -> Box<Begins> {
    let summary = Summary {
        direction: Direction::Out,
        own: AccountNumber::from_ascii(b"1234567890").unwrap(),
        other: AccountNumber::from_ascii(b"9876543210"),
        amount: Amount::new(12_500_000, Currency::IDR),
        bank: Institution::from_ascii(b"014").unwrap(),
    };
    Box::new(Begins { key: Key(hashed(u128::from(transfer))), body: Body(1), summary })
}

/// A number in no order, as a hash is; no two are the same.
fn hashed(number: u128) -> u128 {
    let mixed = (number ^ 0x5DEE_CE66).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D);
    (mixed ^ (mixed >> 64)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A folder that goes when it is done with.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let top =
            std::env::var_os("TITIAN_JOURNAL_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        Self(top.join(format!("titian-journal-bench-{}", std::process::id())))
    }

    /// The folder, emptied.
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
