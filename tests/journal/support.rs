//! Stores in temporary folders, and rows for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use titian::journal::{
    Batch, Checkpoints, Evidence, Journal, JournalError, MessageTrace, PublicKeys, Row, StoreUrl,
    StoredFacts, Summary, TransferStart, VerificationError, Verified, open, verify,
};
use titian::values::{
    AccountNumber, Amount, Currency, Direction, IdempotencyKey, Institution, KeyReservation,
    Moment, RequestFingerprint, RequestIdentity, Rrn, Stan, TransferId, Value,
};

/// 2026-11-24T12:00:00Z.
pub(crate) const START: u64 = 1_795_521_600_000;

/// A temporary folder, removed on drop.
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

    pub(crate) fn url(&self) -> StoreUrl {
        StoreUrl::Sqlite(self.store())
    }

    pub(crate) fn open(&self) -> Box<dyn Journal> {
        open(&self.url(), Some(&checkpoints(&self.0))).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Checkpoints in a folder. The interval is so long that only a close signs one.
pub(crate) fn checkpoints(folder: &Path) -> Checkpoints {
    let every = Duration::from_hours(1);
    Checkpoints { file: folder.join("checkpoints"), node: "n1".into(), seed: [7; 32], every }
}

pub(crate) fn keys() -> PublicKeys {
    PublicKeys::parse(&checkpoints(Path::new("")).public_key()).unwrap()
}

/// Verifies a store with its archives and checkpoints.
pub(crate) fn verified(
    folder: &Folder,
    archives: &[PathBuf],
) -> Result<Verified, VerificationError> {
    let (checkpoints, keys) = (folder.file("checkpoints"), keys());
    let evidence =
        Evidence { archives, store: &folder.url(), checkpoints: Some((&checkpoints, &keys)) };
    verify(&evidence, |_, _| Ok(()))
}

/// Restores a database file, and removes the log of the later one.
pub(crate) fn restore_file(path: &Path, bytes: &[u8]) {
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", path.display()));
    }
    fs::write(path, bytes).unwrap();
}

/// Appends a batch and waits for its callback.
pub(crate) fn append(
    journal: &dyn Journal,
    rows: Vec<Row>,
) -> Result<Vec<KeyReservation>, JournalError> {
    append_batch(journal, Batch { rows, ..Batch::default() })
}

pub(crate) fn append_batch(
    journal: &dyn Journal,
    batch: Batch,
) -> Result<Vec<KeyReservation>, JournalError> {
    let (done, durable) = channel();
    journal.append(batch, Box::new(move |result| done.send(result).unwrap()));
    durable.recv().unwrap()
}

pub(crate) fn id(transfer: u64) -> TransferId {
    TransferId(u128::from(START + transfer) << 80 | u128::from(transfer))
}

/// Returns a hash, like a real key.
pub(crate) fn key(number: u64) -> IdempotencyKey {
    IdempotencyKey((u128::from(number) + 1).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D))
}

pub(crate) const STATES: [&str; 4] = ["debiting", "ready_to_send", "sent", "settled"];

/// Returns a step of a transfer: accepted, ready with its trace numbers, sent, settled; higher steps are late facts.
pub(crate) fn row(transfer: u64, step: usize) -> Row {
    let at = START + transfer + step as u64;
    let stan = Stan::wrapped(transfer);
    let rrn = Rrn::from_ascii(format!("{transfer:012}").as_bytes()).unwrap();
    Row {
        id: id(transfer),
        recorded_at: Moment::from_millis(at),
        state: STATES[step.min(3)].into(),
        is_open: step < 3,
        trace: (step == 1).then_some(MessageTrace {
            stan,
            rrn,
            transmission_second: Some(at / 1000),
        }),
        start: (step == 0).then(|| Box::new(start(transfer, key(transfer), reference(transfer)))),
        facts: StoredFacts(format!(
            "{{\"v\":1,\"facts\":[{{\"transfer\":{transfer},\"step\":{step}}}]}}"
        )),
    }
}

pub(crate) fn start(
    transfer: u64,
    request: IdempotencyKey,
    reference: Option<IdempotencyKey>,
) -> TransferStart {
    let summary = Summary {
        direction: if transfer.is_multiple_of(3) {
            Direction::Inbound
        } else {
            Direction::Outbound
        },
        own_account: account(transfer % 10),
        other_account: (!transfer.is_multiple_of(5)).then(|| account(100 + transfer % 7)),
        amount: Amount::new(1000 * transfer, Currency::IDR),
        bank: Institution::from_ascii(b"014").unwrap(),
    };
    TransferStart {
        identity: RequestIdentity {
            request_key: request,
            reference_key: reference,
            fingerprint: RequestFingerprint(u128::from(transfer)),
        },
        summary,
    }
}

/// Returns the reference key that every other transfer has.
fn reference(transfer: u64) -> Option<IdempotencyKey> {
    (transfer % 2 == 1).then(|| key((1 << 40) + transfer))
}

pub(crate) fn account(number: u64) -> AccountNumber {
    AccountNumber::from_ascii(format!("{number:010}").as_bytes()).unwrap()
}

/// Returns all steps of some transfers, one transfer after the other.
pub(crate) fn all_steps(transfers: std::ops::Range<u64>) -> Vec<Row> {
    transfers.flat_map(|transfer| (0..4).map(move |step| row(transfer, step))).collect()
}
