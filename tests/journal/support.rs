//! Stores in folders of their own, and rows to put into them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use titian::engine::{Begun, Body, Claim, Key};
use titian::journal::{
    Batch, Begins, Checkpoints, Direction, Form, Journal, JournalError, Numbers, PublicKeys, Row,
    Summary,
};
use titian::values::{
    AccountNumber, Amount, Currency, Institution, Moment, Rrn, Stan, TransferId, Value,
};

/// Noon of 24 November 2026.
pub(crate) const START: u64 = 1_795_521_600_000;

/// A folder that goes when it is done with.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("titian-journal-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("titian.db")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn open(&self) -> Journal {
        Journal::open(&self.store(), Some(&checkpoints(&self.0))).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Checkpoints in a folder; only a close signs one.
pub(crate) fn checkpoints(folder: &Path) -> Checkpoints {
    let every = Duration::from_hours(1);
    Checkpoints { file: folder.join("checkpoints"), node: "n1".into(), seed: [7; 32], every }
}

pub(crate) fn keys() -> PublicKeys {
    PublicKeys::parse(&checkpoints(Path::new("")).public_key()).unwrap()
}

/// Writes a database file as it was, without the log that a later one had beside it.
pub(crate) fn put_back(path: &Path, bytes: &[u8]) {
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", path.display()));
    }
    fs::write(path, bytes).unwrap();
}

/// Appends a batch and waits for the answer.
pub(crate) fn append(journal: &Journal, rows: Vec<Row>) -> Result<Vec<Claim>, JournalError> {
    append_batch(journal, Batch { rows, notes: Vec::new() })
}

pub(crate) fn append_batch(journal: &Journal, batch: Batch) -> Result<Vec<Claim>, JournalError> {
    let (done, durable) = channel();
    journal.append(batch, move |result| done.send(result).unwrap());
    durable.recv().unwrap()
}

pub(crate) fn id(transfer: u64) -> TransferId {
    TransferId(u128::from(START + transfer) << 80 | u128::from(transfer))
}

/// A hash, as keys are.
pub(crate) fn key(number: u64) -> Key {
    Key((u128::from(number) + 1).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D))
}

pub(crate) const STATES: [&str; 4] = ["Debiting", "Ready", "Sent", "Settled"];

/// A step of the life of a transfer: accepted, ready under its numbers, sent, settled; and what comes late.
pub(crate) fn row(transfer: u64, step: usize) -> Row {
    let at = START + transfer + step as u64;
    let stan = Stan::wrapped(transfer);
    let rrn = Rrn::from_ascii(format!("{transfer:012}").as_bytes()).unwrap();
    Row {
        id: id(transfer),
        at: Moment::from_millis(at),
        state: STATES[step.min(3)].into(),
        open: step < 3,
        numbers: (step == 1).then_some(Numbers { stan, rrn, second: Some(at / 1000) }),
        begins: (step == 0).then(|| Box::new(begins(transfer, key(transfer), reference(transfer)))),
        form: Form(format!("{{\"v\":1,\"facts\":[{{\"transfer\":{transfer},\"step\":{step}}}]}}")),
    }
}

pub(crate) fn begins(transfer: u64, request: Key, reference: Option<Key>) -> Begins {
    let summary = Summary {
        direction: if transfer.is_multiple_of(3) { Direction::In } else { Direction::Out },
        own: account(transfer % 10),
        other: (!transfer.is_multiple_of(5)).then(|| account(100 + transfer % 7)),
        amount: Amount::new(1000 * transfer, Currency::IDR),
        bank: Institution::from_ascii(b"014").unwrap(),
    };
    Begins { begun: Begun { request, reference, body: Body(u128::from(transfer)) }, summary }
}

/// Every other transfer has a channel's number of its own.
fn reference(transfer: u64) -> Option<Key> {
    (transfer % 2 == 1).then(|| key(1_000_000 + transfer))
}

pub(crate) fn account(number: u64) -> AccountNumber {
    AccountNumber::from_ascii(format!("{number:010}").as_bytes()).unwrap()
}

/// All steps of some transfers, those of one after those of the other.
pub(crate) fn lives(transfers: std::ops::Range<u64>) -> Vec<Row> {
    transfers.flat_map(|transfer| (0..4).map(move |step| row(transfer, step))).collect()
}
