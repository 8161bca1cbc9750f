//! Verification: one pass over all rows from the first. It trusts only what it computes itself and the public keys that
//! it is given.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::chain::Head;
use super::checkpoint::{self, Checkpoint, PublicKeys};
use super::error::JournalError;
use super::location::StoreUrl;
use super::open::{open_archive, open_to_read, open_to_verify};
use super::port::{DerivedAudit, StoredChain};
use super::row::{ChainedRow, Row};
use crate::values::TransferId;

/// Rows that are read at a time. A long read would keep the log of a store in use from restarting.
const READ_ROWS: u64 = 4096;

/// The files to verify.
#[derive(Clone, Debug)]
pub struct Evidence<'e> {
    /// The archives from the oldest on. Without them verification starts at the store's first row.
    pub archives: &'e [PathBuf],
    /// The store.
    pub store: &'e StoreUrl,
    /// The checkpoints, and the public keys that may have signed them.
    pub checkpoints: Option<(&'e Path, &'e PublicKeys)>,
}

/// What a verification covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The row after which verification started: zero, or the last archived row.
    pub after_row: u64,
    /// The head of the chain.
    pub head: Head,
    /// The number of checkpoints that match the rows.
    pub checkpoints: usize,
    /// Whether the index was compared with the rows. It is not compared while another process holds the store, nor if
    /// the index is missing or incomplete; the next start rebuilds it.
    pub is_index_checked: bool,
}

/// The first error that a verification found.
#[derive(Clone, Debug, Error)]
pub enum VerificationError {
    /// A row.
    #[error("{}: row {seq}: {reason}", file.display())]
    Row {
        /// The number of the row.
        seq: u64,
        /// The file that has the row, or should have it.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A checkpoint.
    #[error("checkpoints: line {line}: {reason}")]
    Checkpoint {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The meaning of a metadata value.
    #[error("{}: metadata `{name}`: {reason}", file.display())]
    Metadata {
        /// The name of the value.
        name: &'static str,
        /// The store.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The index. It is not evidence: after its removal the next start rebuilds it from the rows.
    #[error("{}: the index does not match the rows; remove the index, and the next start rebuilds it", .0.display())]
    Index(PathBuf),
    /// A file that could not be read.
    #[error(transparent)]
    Unreadable(#[from] JournalError),
}

/// Verifies all rows: none is missing, each matches its hash and follows the previous row. Verifies that each checkpoint
/// is signed and matches the rows, and that metadata and index are intact. Calls `each` with each row that passed; it can
/// reject a row for its meaning.
///
/// A store in use can be verified too, except for its index. A store that is not in use stays locked meanwhile, so that
/// no journal can open it.
///
/// # Errors
/// The first error found.
pub fn verify(
    evidence: &Evidence<'_>,
    each: impl FnMut(u64, &Row) -> Result<(), String>,
) -> Result<Verified, VerificationError> {
    let store = open_to_verify(evidence.store)?;
    let archives = evidence.archives.iter().map(|archive| open_archive(archive));
    let archives = archives.collect::<Result<Vec<_>, _>>()?;
    let anchor = archives.first().unwrap_or(&store).anchor();
    let checkpoints = read_checkpoints(evidence, anchor)?;
    let index = store.derived_audit();
    let mut pass = Pass { head: anchor, checkpoints: checkpoints.iter().peekable(), each, index };
    archives.iter().chain([&store]).try_for_each(|file| pass.file(file.as_ref()))?;
    if pass.checkpoints.next().is_some() {
        return Err(pass.next_row_error(store.path(), "missing: a later checkpoint was signed"));
    }
    let Pass { head, index, .. } = pass;
    store.check_metadata()?;
    let compared = index.map(|index| index.matches()).transpose()?;
    if compared == Some(false) {
        return Err(VerificationError::Index(store.path().to_owned()));
    }
    let (checkpoints, is_index_checked) = (checkpoints.len(), compared.is_some());
    Ok(Verified { after_row: anchor.count, head, checkpoints, is_index_checked })
}

/// Calls `each` for each row up to `until` with its transfer, whether the row starts it, and whether it leaves it open.
/// Nothing is checked, and rows that can't be read are skipped. A caller uses it to know what a verification will meet.
///
/// # Errors
/// If a file can't be opened.
pub fn scan_transfers(
    evidence: &Evidence<'_>,
    until: u64,
    mut each: impl FnMut(TransferId, bool, bool),
) -> Result<(), JournalError> {
    let archives = evidence.archives.iter().map(|archive| open_archive(archive));
    for file in archives.chain([open_to_read(evidence.store)]) {
        let file = file?;
        let mut last = file.anchor().count;
        while let Ok(next) = file.scan_transfers((last, until, READ_ROWS), &mut each)
            && next > last
        {
            last = next;
        }
    }
    Ok(())
}

/// Reads the checkpoints after the anchor, with their line numbers. Checks that all are signed and in ascending order.
fn read_checkpoints(
    evidence: &Evidence<'_>,
    anchor: Head,
) -> Result<Vec<(usize, Checkpoint)>, VerificationError> {
    let Some((path, keys)) = evidence.checkpoints else { return Ok(Vec::new()) };
    let error = |line, reason| Err(VerificationError::Checkpoint { line, reason });
    let mut kept: Vec<(usize, Checkpoint)> = Vec::new();
    let mut last = 0;
    for (line, checkpoint) in (1..).zip(checkpoint::read(path)?) {
        let Some(checkpoint) = checkpoint else { return error(line, "not a checkpoint") };
        if !checkpoint.is_signed(keys) {
            return error(line, "not signed by a known key");
        }
        if checkpoint.head.count <= last {
            return error(
                line,
                "its row number is not higher than that of the previous checkpoint",
            );
        }
        last = checkpoint.head.count;
        if last > anchor.count {
            kept.push((line, checkpoint));
        }
    }
    Ok(kept)
}

/// The state of a verification pass.
struct Pass<'p, E> {
    head: Head,
    checkpoints: std::iter::Peekable<std::slice::Iter<'p, (usize, Checkpoint)>>,
    each: E,
    index: Option<Box<dyn DerivedAudit>>,
}

impl<E: FnMut(u64, &Row) -> Result<(), String>> Pass<'_, E> {
    /// Verifies the rows of a store or an archive.
    fn file(&mut self, file: &dyn StoredChain) -> Result<(), VerificationError> {
        let anchor = file.anchor();
        if anchor != self.head {
            let reason = "the file continues from another row; name all its archives in order";
            return Err(self.next_row_error(file.path(), reason));
        }
        if file.has_rows_to(anchor.count)? {
            let reason = "a row outside the chain stands before it";
            return Err(self.next_row_error(file.path(), reason));
        }
        let mut scratch = Vec::new();
        loop {
            let before = self.head.count;
            let mut verified = Ok(());
            let read = file.rows_after(before, READ_ROWS, &mut |chained| {
                if verified.is_ok() {
                    verified = self.row(file.path(), &chained, &mut scratch);
                }
                Ok(())
            });
            verified?;
            match read {
                Err(JournalError::Damaged { detail, .. }) => {
                    return Err(self.next_row_error(file.path(), &detail));
                }
                read => read?,
            }
            if self.head.count == before {
                return Ok(());
            }
        }
    }

    fn row(
        &mut self,
        file: &Path,
        chained: &ChainedRow,
        scratch: &mut Vec<u8>,
    ) -> Result<(), VerificationError> {
        let head = self.head.after(&chained.row, scratch);
        let seq = chained.head.count;
        if seq != head.count {
            let reason = format!("missing: row {seq} follows row {}", self.head.count);
            return Err(self.next_row_error(file, &reason));
        }
        if chained.head != head {
            let reason =
                "hash mismatch: the stored hash does not match the row and the previous hash";
            return Err(self.next_row_error(file, reason));
        }
        if let Some((_, signed)) =
            self.checkpoints.next_if(|(_, signed)| signed.head.count == head.count)
            && signed.head != head
        {
            let reason = "it, or a row since the previous checkpoint, differs from the signed rows";
            return Err(self.next_row_error(file, reason));
        }
        if let Err(reason) = (self.each)(head.count, &chained.row) {
            return Err(self.next_row_error(file, &reason));
        }
        if let Some(index) = &mut self.index {
            index.add_row(chained)?;
        }
        self.head = head;
        Ok(())
    }

    /// Returns the error of the row after the last verified one.
    fn next_row_error(&self, file: &Path, reason: &str) -> VerificationError {
        let (seq, file) = (self.head.count + 1, file.to_owned());
        VerificationError::Row { seq, file, reason: reason.to_owned() }
    }
}
