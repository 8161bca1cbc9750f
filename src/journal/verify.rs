//! Verification: one pass over all rows from the first, that trusts nothing but what it computes itself and the keys
//! that it is given.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::READ_ROWS;
use super::chain::Head;
use super::checkpoint::{self, Checkpoint, PublicKeys};
use super::error::JournalError;
use super::index::Audit;
use super::row::Row;
use super::store::{Link, Store, take};
use crate::values::TransferId;

/// What is to be verified.
#[derive(Clone, Debug)]
pub struct Evidence<'e> {
    /// The archives, from the oldest on, if the rows before the store's first are to be verified too.
    pub archives: &'e [PathBuf],
    /// The store.
    pub store: &'e Path,
    /// The checkpoints, and the keys that may have signed them.
    pub checkpoints: Option<(&'e Path, &'e PublicKeys)>,
}

/// What was found to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// After which row verification began: zero, or the last that was archived.
    pub from: u64,
    /// Where the chain stands.
    pub head: Head,
    /// How many checkpoints say the same as the rows.
    pub checkpoints: usize,
    /// Whether the index was compared with the rows. It isn't while another process has the store, nor if there is none
    /// that is whole: that is made again at the next start.
    pub index: bool,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, Error)]
pub enum Wrong {
    /// A row.
    #[error("row {seq} of {} is wrong: {how}", file.display())]
    Row {
        /// Its number.
        seq: u64,
        /// The file that has it, or should.
        file: PathBuf,
        /// What is wrong.
        how: String,
    },
    /// A checkpoint.
    #[error("line {line} of the checkpoints is wrong: {how}")]
    Checkpoint {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        how: &'static str,
    },
    /// A note, by what it means.
    #[error("the note `{name}` of {} is wrong: {how}", file.display())]
    Note {
        /// Its name.
        name: &'static str,
        /// The store.
        file: PathBuf,
        /// What is wrong.
        how: String,
    },
    /// The index, which is no evidence: removed, it is made again from the rows.
    #[error("the index of {} says other than the rows: remove it, and the next start makes it again", .0.display())]
    Index(PathBuf),
    /// Something could not be read.
    #[error(transparent)]
    Unreadable(#[from] JournalError),
}

/// Verifies all rows: that none is missing, that each is as its hash says and follows on the one before, that each
/// checkpoint is signed and says what the rows say, and that notes and index are as they were made. `each` is called
/// with each row after it was found to be sound, and may find it wrong by what it means.
///
/// A store in use may be verified too, but for its index. One that isn't in use is held meanwhile, so no journal of it can
/// be opened.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(
    evidence: &Evidence<'_>,
    each: impl FnMut(u64, &Row) -> Result<(), String>,
) -> Result<Verified, Wrong> {
    let path = evidence.store;
    let lock = take(path).ok();
    let archives = evidence.archives.iter().map(|archive| Store::open_to_read(archive));
    let archives = archives.collect::<Result<Vec<_>, _>>()?;
    let store = Store::open_to_read(path)?;
    let from = archives.first().unwrap_or(&store).anchor;
    let checkpoints = read_checkpoints(evidence, from)?;
    // While another process has the store, the index moves on beside the pass.
    let index = lock.as_ref().and_then(|_| Audit::open(path, store.anchor));
    let mut pass = Pass { head: from, checkpoints: checkpoints.iter().peekable(), each, index };
    archives.iter().chain([&store]).try_for_each(|file| pass.file(file))?;
    if pass.checkpoints.next().is_some() {
        return Err(pass.wrong(path, "it is missing: a checkpoint was signed after it"));
    }
    let Pass { head, index, .. } = pass;
    store.check_notes()?;
    let compared = index.map(|index| index.agrees(&store)).transpose()?;
    if compared == Some(false) {
        return Err(Wrong::Index(path.to_owned()));
    }
    let (checkpoints, index) = (checkpoints.len(), compared.is_some());
    Ok(Verified { from: from.count, head, checkpoints, index })
}

/// Calls with the transfer of each row up to `until`, whether the row begins it and whether it leaves it open. Nothing
/// is checked, and what can't be read is left out: this is for who wants to know beforehand what a verification will meet.
///
/// # Errors
/// If a file can't be opened.
pub fn skim(
    evidence: &Evidence<'_>,
    until: u64,
    mut each: impl FnMut(TransferId, bool, bool),
) -> Result<(), JournalError> {
    for file in evidence.archives.iter().map(PathBuf::as_path).chain([evidence.store]) {
        let file = Store::open_to_read(file)?;
        let mut last = file.anchor.count;
        while let Ok(next) = file.skim((last, until, READ_ROWS), &mut each)
            && next > last
        {
            last = next;
        }
    }
    Ok(())
}

/// The checkpoints after the archive, with the numbers of their lines: all signed, each further on than the one before.
fn read_checkpoints(
    evidence: &Evidence<'_>,
    from: Head,
) -> Result<Vec<(usize, Checkpoint)>, Wrong> {
    let Some((path, keys)) = evidence.checkpoints else { return Ok(Vec::new()) };
    let wrong = |line, how| Err(Wrong::Checkpoint { line, how });
    let mut kept: Vec<(usize, Checkpoint)> = Vec::new();
    let mut last = 0;
    for (line, checkpoint) in (1..).zip(checkpoint::read(path)?) {
        let Some(checkpoint) = checkpoint else { return wrong(line, "it is no checkpoint") };
        if !checkpoint.is_signed(keys) {
            return wrong(line, "none of the keys signed it");
        }
        if checkpoint.head.count <= last {
            return wrong(line, "it is not further on than the one before");
        }
        last = checkpoint.head.count;
        if last > from.count {
            kept.push((line, checkpoint));
        }
    }
    Ok(kept)
}

/// Where a pass is.
struct Pass<'p, E> {
    head: Head,
    checkpoints: std::iter::Peekable<std::slice::Iter<'p, (usize, Checkpoint)>>,
    each: E,
    index: Option<Audit>,
}

impl<E: FnMut(u64, &Row) -> Result<(), String>> Pass<'_, E> {
    /// Goes through the rows of a file. They are read some thousands at a time, so that no long reading keeps the log
    /// of a store in use from beginning again.
    fn file(&mut self, file: &Store) -> Result<(), Wrong> {
        if file.anchor != self.head {
            let how =
                "the file begins after another row: give its archives, all and in their order";
            return Err(self.wrong(&file.path, how));
        }
        if file.has_rows_to(file.anchor.count)? {
            return Err(self.wrong(&file.path, "before it stands a row that is of no chain"));
        }
        let mut scratch = Vec::new();
        loop {
            let before = self.head.count;
            let mut found = Ok(());
            let read = file.rows_after(before, READ_ROWS, |link| {
                if found.is_ok() {
                    found = self.link(&file.path, &link, &mut scratch);
                }
                Ok(())
            });
            found?;
            match read {
                Err(JournalError::Damaged { what, .. }) => {
                    return Err(self.wrong(&file.path, &what));
                }
                read => read?,
            }
            if self.head.count == before {
                return Ok(());
            }
        }
    }

    fn link(&mut self, file: &Path, link: &Link, scratch: &mut Vec<u8>) -> Result<(), Wrong> {
        let head = self.head.follow(&link.row, scratch);
        if link.seq != head.count {
            return Err(self.wrong(
                file,
                &format!("it is missing: after row {} comes row {}", self.head.count, link.seq),
            ));
        }
        if link.hash != head.hash {
            return Err(self.wrong(file, "what it says and the hash before it don't give its hash"));
        }
        if let Some((_, signed)) =
            self.checkpoints.next_if(|(_, signed)| signed.head.count == head.count)
            && signed.head != head
        {
            return Err(
                self.wrong(file, "it or one since the last checkpoint is not what was signed")
            );
        }
        if let Err(how) = (self.each)(head.count, &link.row) {
            return Err(self.wrong(file, &how));
        }
        if let Some(index) = &mut self.index {
            index.take(link)?;
        }
        self.head = head;
        Ok(())
    }

    /// That the row after the last that is sound is wrong.
    fn wrong(&self, file: &Path, how: &str) -> Wrong {
        Wrong::Row { seq: self.head.count + 1, file: file.to_owned(), how: how.to_owned() }
    }
}
