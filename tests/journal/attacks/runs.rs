//! A store whose look-ups are on the disk.

use std::fs;
use std::path::PathBuf;

use titian::journal::{Batch, Journal, MessageTrace, Row, StoredFacts, TransferStart};
use titian::values::{Institution, KeyReservation, Moment, Rrn, Stan, Value};

use super::super::support::{Folder, START, append_batch, id, key, start};
use super::world::{put_back, read};

/// Rows of one entry for each kind of look-up, so that a run needs few rows.
pub(super) const RUN: u64 = 13_120;

/// The rows of the store: two runs, and rows after them.
const ROWS: u64 = 2 * RUN + 50;

/// Returns the only row of a transfer.
fn only(transfer: u64) -> Row {
    let at = START + transfer;
    let bank = Institution::from_ascii(b"014").unwrap();
    let start = start(transfer, key(transfer), Some(key((1 << 40) + transfer)));
    Row {
        id: id(transfer),
        recorded_at: Moment::from_millis(at),
        state: "settled".into(),
        is_open: false,
        trace: Some(MessageTrace {
            stan: Stan::wrapped(transfer),
            rrn: Rrn::from_ascii(format!("{transfer:012}").as_bytes()).unwrap(),
            transmission_second: Some(at / 1000),
        }),
        start: Some(Box::new(TransferStart { requested_by: Some(bank), ..start })),
        facts: StoredFacts("{}".into()),
        personal: None,
    }
}

pub(super) fn append_only(
    journal: &dyn Journal,
    transfers: std::ops::Range<u64>,
) -> Vec<KeyReservation> {
    let rows: Vec<_> = transfers.map(only).collect();
    let batches = rows.chunks(2_048).map(|rows| Batch { rows: rows.to_vec(), ..Batch::default() });
    batches.flat_map(|batch| append_batch(journal, batch).unwrap()).collect()
}

/// A store with two runs, stopped. Each attack begins with its files.
pub(super) struct Runs {
    pub(super) folder: Folder,
    files: Vec<(PathBuf, Vec<u8>)>,
    pub(super) older: Vec<(PathBuf, Vec<u8>)>,
}

impl Runs {
    pub(super) fn new() -> Self {
        let folder = Folder::new();
        let journal = folder.open();
        append_only(&*journal, 0..RUN);
        journal.close().unwrap();
        folder.open().close().unwrap();
        let older = read(&folder.file(""));
        let journal = folder.open();
        append_only(&*journal, RUN..ROWS);
        journal.close().unwrap();
        folder.open().close().unwrap();
        let files = read(&folder.file(""));
        let runs = Self { folder, files, older };
        assert_eq!(runs.paths().len(), 2);
        runs
    }

    pub(super) fn restore(&self) {
        let folder = self.folder.file("");
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        put_back(&self.files);
    }

    /// The runs, the one of the oldest rows first.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<_> = read(&self.folder.file("titian.db-lookups"))
            .into_iter()
            .map(|(path, _)| path)
            .filter(|path| path.extension().is_some_and(|ending| ending == "run"))
            .collect();
        paths.sort_unstable();
        paths
    }
}

/// Looks up some transfers of each run and after them in every way. Returns the first error.
pub(super) fn use_some(journal: &dyn Journal) -> Result<(), String> {
    let reader = journal.reader().unwrap();
    for transfer in (0..ROWS).step_by(1_301).chain([ROWS - 1]) {
        let row = only(transfer);
        let trace = row.trace.unwrap();
        let second = trace.transmission_second.unwrap();
        for found in [
            reader.transfer(id(transfer)),
            reader.by_key(key(transfer)),
            reader.by_key(key((1 << 40) + transfer)),
            reader.by_trace(second, trace.stan),
        ] {
            let found = found.map_err(|error| error.to_string())?;
            assert_eq!(found, std::slice::from_ref(&row));
        }
    }
    assert_eq!(reader.open_transfers().unwrap().count(), 0);
    Ok(())
}
