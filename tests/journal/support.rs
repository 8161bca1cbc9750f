//! Stores in temporary folders, and rows for them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use titian::journal::{
    Batch, Checkpoints, ControlRow, Evidence, Journal, JournalError, JournalKeys, MessageTrace,
    Reader, Row, StoreUrl, StoredFacts, TransferStart, VerificationError, Verified, open, verify,
};
use titian::personal::RecordKey;
use titian::signing::{SigningKey, TrustedKey, TrustedKeys};
use titian::values::{
    IdempotencyKey, Institution, KeyReservation, Moment, PersonalText, RequestFingerprint,
    RequestIdentity, Rrn, Stan, TransferId, Value,
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
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<Box<dyn Journal>, JournalError> {
        open(&self.url(), &keys(), &checkpoints(&self.0))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Checkpoints in a folder. The interval is so long that only a close writes one.
pub(crate) fn checkpoints(folder: &Path) -> Checkpoints {
    Checkpoints { files: vec![folder.join("checkpoints")], every: Duration::from_hours(1) }
}

/// No checkpoints.
pub(crate) fn none() -> Checkpoints {
    Checkpoints { files: Vec::new(), every: Duration::from_hours(1) }
}

/// A signing key that is trusted for all rows.
pub(crate) fn keys() -> JournalKeys {
    keys_of(7)
}

pub(crate) fn keys_of(seed: u8) -> JournalKeys {
    let signing = SigningKey::from_seed(&[seed; 32]);
    let trusted = TrustedKeys::new(vec![TrustedKey::always(signing.public())]);
    JournalKeys { signing, trusted, record: RecordKey::new([8; 32]) }
}

/// Verifies a store with its archives and checkpoints.
pub(crate) fn verified(
    folder: &Folder,
    archives: &[PathBuf],
) -> Result<Verified, VerificationError> {
    let checkpoints = [folder.file("checkpoints")];
    let checkpoints = if checkpoints[0].exists() { &checkpoints[..] } else { &[] };
    verified_with(folder, archives, checkpoints, &keys().trusted)
}

pub(crate) fn verified_with(
    folder: &Folder,
    archives: &[PathBuf],
    checkpoints: &[PathBuf],
    keys: &TrustedKeys,
) -> Result<Verified, VerificationError> {
    let store = &folder.url();
    verify(&Evidence { archives, store, checkpoints, keys: Some(keys) }, |_, _| Ok(()))
}

/// Writes a file that only this user can read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    let mut file = fs::File::options();
    let mut file = file.create_new(true).write(true).mode(0o600).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// Restores a database file, and removes the log of the later one.
pub(crate) fn restore_file(path: &Path, bytes: &[u8]) {
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", path.display()));
    }
    write_private(path, bytes);
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
        personal: (step == 0).then(|| PersonalText(format!("[\"{transfer}\"]"))),
    }
}

pub(crate) fn start(
    transfer: u64,
    request: IdempotencyKey,
    reference: Option<IdempotencyKey>,
) -> TransferStart {
    TransferStart {
        identity: RequestIdentity {
            request_key: request,
            reference_key: reference,
            fingerprint: RequestFingerprint(u128::from(transfer)),
        },
        requested_by: is_inbound(transfer).then(|| Institution::from_ascii(b"014").unwrap()),
        admitted_under: transfer % 3,
    }
}

/// An act of the chain `control`.
pub(crate) fn act(number: u64) -> ControlRow {
    let act = StoredFacts(format!("{{\"act\":{number},\"text\":\"closed\"}}"));
    ControlRow { recorded_at: Moment::from_millis(START + number), act }
}

/// All acts after a row.
pub(crate) fn acts_after(
    reader: &dyn Reader,
    row: u64,
) -> Result<Vec<(u64, String)>, JournalError> {
    let mut acts = Vec::new();
    reader.acts_after(row, u64::MAX, &mut |number, text| {
        acts.push((number, text.to_owned()));
        Ok(())
    })?;
    Ok(acts)
}

/// Every third transfer is requested by another bank.
pub(crate) fn is_inbound(transfer: u64) -> bool {
    transfer.is_multiple_of(3)
}

/// Returns the reference key that every other transfer has.
fn reference(transfer: u64) -> Option<IdempotencyKey> {
    (transfer % 2 == 1).then(|| key((1 << 40) + transfer))
}

/// Returns all steps of some transfers, one transfer after the other.
pub(crate) fn all_steps(transfers: std::ops::Range<u64>) -> Vec<Row> {
    transfers.flat_map(|transfer| (0..4).map(move |step| row(transfer, step))).collect()
}
