//! A whole record: a store with personal data of two months, an archive, a rotation, checkpoints and an embedded ledger; and what
//! a start and a verification say of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use rusqlite::Connection;
use titian::core_banking::{Embedded, Ledger, LedgerKeys, lock_ledger, verify_ledger};
use titian::journal::{
    Batch, Evidence, Journal, JournalError, JournalKeys, Metadata, Reader, Row, archive, open,
    rotate, verify,
};
use titian::records::{ledger_metadata, ledger_of_store, recorded_ledger};
use titian::signing::{
    Chain, LedgerHead, RowSpan, SignedStatement, SigningKey, TrustedKey, TrustedKeys,
};
use titian::values::Moment;

use super::super::support::{
    Folder, START, act, acts_after, append_batch, checkpoints, id, key, keys, row, write_private,
};
use crate::core_banking::forgery::Forged;

/// A month later.
const MONTH: u64 = 31 * 24 * 60 * 60 * 1000;

/// The last row of the retired key, and the last one of the archive. The last row of the store is 92.
const ROTATION: u64 = 21;
const ARCHIVED: u64 = 16;

/// The open transfer: it has the rows 87 and 88.
const OPEN: u64 = 61;

/// A record with its files as a stop left them. Each attack begins with these files.
pub(crate) struct World {
    pub(crate) folder: Folder,
    pub(crate) keys: JournalKeys,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// The files before the last start.
    older: Vec<(PathBuf, Vec<u8>)>,
}

/// The key that signed the first rows, until the rotation.
pub(crate) fn retired() -> SigningKey {
    SigningKey::from_seed(&[6; 32])
}

fn span(first: u64, last: Option<u64>) -> RowSpan {
    RowSpan { first, last }
}

/// Returns a row of the second month.
fn later(transfer: u64, step: usize) -> Row {
    let row = row(transfer, step);
    Row { recorded_at: Moment::from_millis(row.recorded_at.millis() + MONTH), ..row }
}

/// Returns the rows of a transfer as they were written.
fn written(transfer: u64) -> Vec<Row> {
    let steps = if transfer == OPEN { 2 } else { 4 };
    (0..steps)
        .map(|step| if transfer < 60 { row(transfer, step) } else { later(transfer, step) })
        .collect()
}

/// Appends transfers, a batch each.
fn append_all(journal: &dyn Journal, transfers: impl IntoIterator<Item = u64>) {
    for transfer in transfers {
        append_one(journal, transfer, None);
    }
}

/// Appends a transfer with the metadata that a batch has, and the head of the ledger, if it is given.
fn append_one(journal: &dyn Journal, transfer: u64, ledger: Option<LedgerHead>) {
    let value = |name: &'static str, value: u64| Metadata {
        name: name.into(),
        value: value.to_string().into_bytes(),
    };
    let mut metadata = vec![value("reserved", transfer), value("closed_books", transfer)];
    metadata.extend(ledger.map(|head| ledger_metadata(head).unwrap()));
    let control = vec![act(transfer)];
    append_batch(journal, Batch { rows: written(transfer), control, metadata }).unwrap();
}

impl World {
    /// Makes a record.
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let places = checkpoints(&folder.file(""));
        let retired = retired();
        let trusted = TrustedKeys::new(vec![TrustedKey::always(retired.public())]);
        let old = JournalKeys { signing: retired.clone(), trusted, ..keys() };
        let journal = open(&folder.url(), &old, &places).unwrap();
        append_all(&*journal, 0..5);
        journal.close().unwrap();
        let last = rotate(&folder.url(), &old, &places, &keys().signing).unwrap();
        assert_eq!(last, [(Chain::Transfers, ROTATION), (Chain::Control, 5)]);
        let spans =
            vec![(Chain::Transfers, span(1, Some(ROTATION))), (Chain::Control, span(1, Some(5)))];
        let retired = TrustedKey { key: retired.public(), spans };
        let spans = vec![
            (Chain::Transfers, span(ROTATION + 1, None)),
            (Chain::Ledger, span(1, None)),
            (Chain::Control, span(6, None)),
        ];
        let present = TrustedKey { key: keys().signing.public(), spans };
        let keys = JournalKeys { trusted: TrustedKeys::new(vec![retired, present]), ..keys() };
        let journal = open(&folder.url(), &keys, &places).unwrap();
        append_all(&*journal, 5..10);
        journal.close().unwrap();
        let (before, to) = (Moment::from_millis(START + 7), folder.file("archive.db"));
        let head = archive(&folder.url(), &keys, &places, (before, &to)).unwrap();
        assert_eq!(head.count, ARCHIVED);
        let journal = open(&folder.url(), &keys, &places).unwrap();
        append_all(&*journal, (10..20).chain([60, OPEN]));
        journal.close().unwrap();
        make_ledger(&folder.file("ledger.db"));
        let older = read(&folder.file(""));
        // This batch records the checkpoint of the last close, and the ledger.
        let journal = open(&folder.url(), &keys, &places).unwrap();
        append_one(&*journal, 62, Some(ledger_head(&folder.file("ledger.db"))));
        journal.close().unwrap();
        let files = read(&folder.file(""));
        Self { folder, keys, files, older }
    }

    /// Puts all files back as the stop left them.
    pub(crate) fn restore(&self) {
        let folder = self.folder.file("");
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        put_back(&self.files);
        // A store this small has no look-ups on the disk.
        make_folder(&self.folder.file("titian.db-lookups"));
    }

    /// Puts back the older form of a file.
    pub(crate) fn restore_older(&self, name: &str) {
        let path = self.folder.file(name);
        let (_, bytes) = self.older.iter().find(|(known, _)| *known == path).unwrap();
        write_private(&path, bytes);
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.file("ledger.db")
    }

    fn ledger_keys(&self) -> LedgerKeys {
        LedgerKeys { signing: self.keys.signing.clone(), trusted: self.keys.trusted.clone() }
    }

    /// Verifies everything with the public keys, the archive and the checkpoints. Returns the text of the error.
    pub(crate) fn verify(&self) -> Result<(), String> {
        let (archives, checkpoints) =
            ([self.folder.file("archive.db")], [self.folder.file("checkpoints")]);
        let evidence = Evidence {
            archives: &archives,
            store: &self.folder.url(),
            checkpoints: &checkpoints,
            keys: Some(&self.keys.trusted),
        };
        let verified =
            verify(&evidence, |_, _| Ok(())).map_err(|error| self.plain(&error.to_string()))?;
        assert_eq!(verified.after_row, 0);
        assert!(verified.missing_checkpoints.is_empty());
        if verified.is_in_use {
            return Err("not covered: the store is in use".to_owned());
        }
        let recorded = ledger_of_store(&self.folder.url()).unwrap();
        verify_ledger(&self.ledger(), &self.keys.trusted, recorded)
            .map(drop)
            .map_err(|error| self.plain(&error.to_string()))
    }

    /// Opens the journal.
    pub(crate) fn open(&self) -> Result<Box<dyn Journal>, JournalError> {
        open(&self.folder.url(), &self.keys, &checkpoints(&self.folder.file("")))
    }

    /// Starts the journal and the ledger, as the program does. Returns the text of the error.
    pub(crate) fn start(&self) -> Result<Box<dyn Journal>, String> {
        let journal = self.open().map_err(|error| self.plain(&error.to_string()))?;
        let recorded = recorded_ledger(&*journal.reader().unwrap()).unwrap();
        lock_ledger(&self.ledger(), &self.keys.trusted, recorded)
            .map_err(|error| self.plain(&error.to_string()))?;
        let (done, ended) = channel();
        let settings = Embedded { ledger: self.ledger(), accounts: None };
        let ledger =
            Ledger::open(&settings, &self.ledger_keys(), move |fault| done.send(fault).unwrap());
        let ledger = ledger.map_err(|error| self.plain(&error.to_string()))?;
        drop(ledger);
        assert!(ended.recv().unwrap().is_none());
        Ok(journal)
    }

    /// Uses every row of the store in every way. Returns the first error, which no row but a changed one has, and whether all that
    /// was returned is what was written.
    pub(crate) fn use_all(&self, reader: &dyn Reader) -> (Result<(), String>, bool) {
        let mut found = Vec::new();
        for transfer in (4..20).chain([60, OPEN, 62]) {
            let trace = row(transfer, 1).trace.unwrap();
            let second = trace.transmission_second.unwrap();
            found.extend([
                (transfer, reader.transfer(id(transfer))),
                (transfer, reader.by_key(key(transfer))),
                (transfer, reader.by_trace(second, trace.stan)),
            ]);
        }
        found.extend(reader.open_transfers().unwrap().map(|rows| (OPEN, rows)));
        let (mut first, mut is_written) = (Ok(()), true);
        for (transfer, rows) in found {
            match rows {
                Ok(rows) => is_written &= rows == written(transfer),
                Err(error) => first = first.and(Err(self.plain(&error.to_string()))),
            }
        }
        let acts = (0..20).chain([60, OPEN, 62]).map(|transfer| act(transfer).act.0);
        match acts_after(reader, 0) {
            Ok(found) => is_written &= found.into_iter().map(|(_, act)| act).eq(acts),
            Err(error) => first = first.and(Err(self.plain(&error.to_string()))),
        }
        (first, is_written)
    }

    /// Returns a text without what differs from run to run.
    pub(crate) fn plain(&self, text: &str) -> String {
        let text = text.replace(self.folder.file("").to_str().unwrap(), "");
        let mut plain = String::new();
        for part in text.split_inclusive(|char: char| !char.is_ascii_hexdigit()) {
            let digits = part.trim_end_matches(|char: char| !char.is_ascii_hexdigit());
            let is_hash = digits.len() >= 16;
            plain += &if is_hash { part.replace(digits, "HEX") } else { part.to_owned() };
        }
        plain
    }
}

/// Returns the head of a ledger, from its last statement.
fn ledger_head(path: &Path) -> LedgerHead {
    let db = Connection::open(path).unwrap();
    let sql = "SELECT statement FROM ledger_batches ORDER BY first DESC LIMIT 1";
    let last: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
    let last = SignedStatement::parse(&last).unwrap().statement;
    LedgerHead { chain_id: last.chain_id, head: last.head }
}

/// Makes a ledger with history, stopped.
fn make_ledger(path: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = runtime.block_on(Forged::new());
    fs::copy(&made.path, path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Reads all files of a folder, and of the folder of look-ups in it.
pub(crate) fn read(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(read(&path));
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files
}

fn make_folder(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
}

/// Writes files for this user only.
pub(crate) fn put_back(files: &[(PathBuf, Vec<u8>)]) {
    for (path, bytes) in files {
        let folder = path.parent().unwrap();
        if !folder.exists() {
            make_folder(folder);
        }
        write_private(path, bytes);
    }
}
