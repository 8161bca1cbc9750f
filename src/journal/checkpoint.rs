//! Checkpoints: copies of the last signed statement in other places. Kept on another machine, they reveal a store that lost
//! its last rows, is an older copy, or was written anew.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::{ErrorContext, JournalError};
use crate::private_files::{Access, check_if_present, sync_name};
use crate::signing::{SignedStatement, StatementError};

/// Bytes at the end of the file that are searched for the last line.
const LINE_BYTES_MAX: u64 = 4096;

/// The longest time that a checkpoint may take, before it counts as not written.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// Where and how often checkpoints are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// The files to append to. They may lie on another disk or machine.
    pub files: Vec<PathBuf>,
    /// The longest time between two checkpoints while rows are written.
    pub every: Duration,
}

/// How the checkpoints are doing. Its copies share the state.
#[derive(Clone, Debug, Default)]
pub struct CheckpointClock(Arc<Mutex<ClockState>>);

#[derive(Debug, Default)]
struct ClockState {
    covered: Option<Instant>,
    /// When the write began that has not ended; a place may be a disk that does not answer.
    writing: Option<Instant>,
    is_failing: bool,
}

impl CheckpointClock {
    pub(super) fn set(&self, now: Instant) {
        *self.state() = ClockState { covered: Some(now), ..ClockState::default() };
    }

    pub(super) fn begin(&self, now: Instant) {
        self.state().writing = Some(now);
    }

    pub(super) fn fail(&self) {
        let mut state = self.state();
        (state.writing, state.is_failing) = (None, true);
    }

    /// Returns the time since checkpoints in all places last covered all rows, or since the journal was opened; `None` without
    /// a place.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.state().covered.map(|last| last.elapsed())
    }

    /// Returns whether the last checkpoint could not be written, or its write does not end.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.state().is_failing()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, ClockState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClockState {
    fn is_failing(&self) -> bool {
        self.is_failing || self.writing.is_some_and(|since| since.elapsed() > WRITE_MAX)
    }
}

/// A file of checkpoints.
#[derive(Debug)]
pub(super) struct CheckpointPlace {
    path: PathBuf,
    /// The last checkpoint here.
    last: Option<SignedStatement>,
    /// The checkpoint whose write failed. It may be in the file.
    attempted: Option<SignedStatement>,
}

impl CheckpointPlace {
    /// Opens a place. Returns its last checkpoint too. The file is only read: one that is not ours is refused as it is.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<SignedStatement>), JournalError> {
        check_if_present(path, Access::Secret)?;
        let end = End::read(path).context("reading the checkpoints", path)?;
        let last = match end.last_line() {
            None if end.rest.is_empty() || SignedStatement::is_beginning(&end.rest) => None,
            None => return Err(foreign(path)),
            Some(line) => Some(SignedStatement::parse(line).map_err(|_| foreign(path))?),
        };
        if last.is_some() {
            // A process that was killed may not have synced it.
            File::open(path).and_then(|file| file.sync_all()).context("syncing", path)?;
        }
        Ok((Self { path: path.to_owned(), last: last.clone(), attempted: None }, last))
    }

    /// Returns the name under which the store records the place.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Returns the last row that a checkpoint here covers.
    pub(super) fn last(&self) -> u64 {
        self.last.as_ref().map_or(0, |signed| signed.statement.last())
    }

    /// Appends a statement, if it covers more rows, and makes it durable.
    pub(super) fn write(&mut self, signed: &SignedStatement) -> Result<(), JournalError> {
        let row = signed.statement.last();
        check_if_present(&self.path, Access::Secret)?;
        let end = End::read(&self.path).context("reading the checkpoints", &self.path)?;
        let last = end.last_line().map(SignedStatement::parse).transpose();
        if self.attempted.is_some() && last.as_ref() == Ok(&self.attempted) {
            let synced = File::open(&self.path).and_then(|file| file.sync_all());
            synced.context("writing a checkpoint to", &self.path)?;
            self.last = self.attempted.take();
        } else if last.as_ref() != Ok(&self.last) {
            let detail = "the checkpoints were changed or removed while they were in use: find out by what, and put them back";
            return Err(JournalError::mismatch(&self.path, detail));
        }
        if row == self.last() {
            return Ok(());
        }
        self.attempted = Some(signed.clone());
        append(&self.path, &end, &format!("{signed}\n"))
            .context("writing a checkpoint to", &self.path)?;
        self.last = self.attempted.take();
        Ok(())
    }
}

fn foreign(path: &Path) -> JournalError {
    JournalError::mismatch(path, "its last line is not a checkpoint; name another file")
}

/// Appends a line after the end of a file. Removes a line that a crash left incomplete.
fn append(path: &Path, end: &End, line: &str) -> std::io::Result<()> {
    let mut file = File::options().create(true).append(true).mode(0o600).open(path)?;
    if !end.rest.is_empty() {
        file.set_len(end.length - end.rest.len() as u64)?;
    }
    file.write_all(line.as_bytes())?;
    file.sync_data()?;
    if end.length == 0 { sync_name(path) } else { Ok(()) }
}

/// The end of a file: its last complete lines, and what stands after the last line break.
struct End {
    lines: String,
    rest: Vec<u8>,
    length: u64,
}

impl End {
    fn read(path: &Path) -> std::io::Result<Self> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { lines: String::new(), rest: Vec::new(), length: 0 });
            }
            opened => opened?,
        };
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LINE_BYTES_MAX)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        let rest = end.split_off(whole);
        Ok(Self { lines: String::from_utf8_lossy(&end).into_owned(), rest, length })
    }

    fn last_line(&self) -> Option<&str> {
        self.lines.lines().last()
    }
}

/// Reads all lines of a file. An incomplete last line was left by a crash and is ignored.
pub(super) fn read(
    path: &Path,
) -> Result<Vec<Result<SignedStatement, StatementError>>, JournalError> {
    let bytes = fs::read(path).context("reading the checkpoints", path)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
    Ok(whole.lines().map(SignedStatement::parse).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_does_not_end_counts_as_failing() {
        let clock = CheckpointClock::default();
        let now = Instant::now();
        clock.set(now);
        clock.begin(now);
        assert!(!clock.is_failing());
        clock.begin(now.checked_sub(WRITE_MAX * 2).unwrap());
        assert!(clock.is_failing());
        clock.fail();
        assert!(clock.is_failing());
        clock.set(now);
        assert!(!clock.is_failing());
    }
}
