//! Checkpoints: lines of text that state a head of the chain, signed with Ed25519. Kept on another machine, they reveal a
//! store that lost its last rows, is an older copy, or was rewritten from some row on.

use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::chain::Head;
use super::error::{ErrorContext, JournalError};
use super::files::sync_name;
use crate::hex::{hex, unhex};
use crate::values::Moment;

/// The first word of a line: its kind and format version.
const PREFIX: &str = "titian-checkpoint-1";

/// Bytes at the end of the file that are searched for the last line.
const LINE_BYTES_MAX: u64 = 1024;

/// Where and how often checkpoints are written, and the key that signs them.
pub struct Checkpoints {
    /// The file to append to. It may lie on another disk or machine.
    pub file: PathBuf,
    /// The name of this node. Characters other than letters, digits and `-` become `_`.
    pub node: String,
    /// The seed of the signing key. Secret.
    pub seed: [u8; 32],
    /// The longest time between two checkpoints while rows are written.
    pub every: Duration,
}

impl fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, node, every, seed: _ } = self;
        write!(f, "Checkpoints {{ file: {file:?}, node: {node:?}, every: {every:?}, .. }}")
    }
}

impl Checkpoints {
    /// Returns the content of the public key file that `titian verify` reads: one key a line, in hexadecimal.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex(SigningKey::from_bytes(&self.seed).verifying_key().as_bytes()) + "\n"
    }
}

/// A signed statement of a head of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The head of the chain.
    pub(super) head: Head,
    /// When the last row's facts became true.
    at: Moment,
    /// The node that signed it.
    node: String,
    signature: [u8; 64],
}

impl Checkpoint {
    fn sign(head: Head, at: Moment, node: &str, key: &SigningKey) -> Self {
        let signature = key.sign(statement(head, at, node).as_bytes()).to_bytes();
        Self { head, at, node: node.to_owned(), signature }
    }

    /// Parses a line; `None` if it is not a checkpoint.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.strip_prefix(PREFIX)?.strip_prefix(' ')?.split(' ');
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        let node = field("node")?.to_owned();
        let count = field("rows")?.parse().ok()?;
        let at = Moment::from_millis(field("at")?.parse().ok()?);
        let head = Head { count, hash: unhex(field("head")?)? };
        let checkpoint = Self { head, at, node, signature: unhex(field("signature")?)? };
        // Only one spelling is accepted, so that the parsed values are the signed ones.
        (checkpoint.to_string() == line).then_some(checkpoint)
    }

    /// Returns whether one of the keys signed it.
    pub(super) fn is_signed(&self, keys: &PublicKeys) -> bool {
        let signature = Signature::from_bytes(&self.signature);
        let text = statement(self.head, self.at, &self.node);
        keys.0.iter().any(|key| key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statement = statement(self.head, self.at, &self.node);
        write!(f, "{statement} signature={}", hex(&self.signature))
    }
}

/// Returns the text that is signed.
fn statement(head: Head, at: Moment, node: &str) -> String {
    let Head { count, hash } = head;
    format!("{PREFIX} node={node} rows={count} at={} head={}", at.millis(), hex(&hash))
}

/// When a checkpoint last covered all rows; before the first one of this process, when the journal was opened. Its copies
/// share the time.
#[derive(Clone, Debug, Default)]
pub struct CheckpointClock(Arc<Mutex<Option<Instant>>>);

impl CheckpointClock {
    pub(super) fn set(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Returns the time since a checkpoint last covered all rows, or since the journal was opened; `None` without a signing
    /// key.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map(|last| last.elapsed())
    }
}

/// The public keys that may have signed checkpoints: several after a key rotation.
#[derive(Clone, Debug)]
pub struct PublicKeys(Vec<VerifyingKey>);

impl PublicKeys {
    /// Parses keys, one a line in hexadecimal; `None` if there are no keys or a line is not a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(|line| VerifyingKey::from_bytes(&unhex(line)?).ok());
        keys.collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty()).map(Self)
    }
}

/// The checkpoint file, opened for writing.
pub(super) struct CheckpointFile {
    path: PathBuf,
    node: String,
    key: SigningKey,
    pub(super) every: Duration,
    /// The row number of the last checkpoint.
    last: u64,
}

impl CheckpointFile {
    /// Opens the file, and returns its last checkpoint too. Removes a line that a crash left incomplete.
    pub(super) fn open(settings: &Checkpoints) -> Result<(Self, Option<Checkpoint>), JournalError> {
        let path = settings.file.clone();
        let last = last_line(&path).context("reading the checkpoints", &path)?;
        let last = match last.as_deref().map(Checkpoint::parse) {
            Some(None) => {
                let detail = "its last line is not a checkpoint";
                return Err(JournalError::damaged(&path, detail));
            }
            last => last.flatten(),
        };
        let name =
            |char: char| if char.is_ascii_alphanumeric() || char == '-' { char } else { '_' };
        let checkpoint_file = Self {
            path,
            node: settings.node.chars().map(name).collect(),
            key: SigningKey::from_bytes(&settings.seed),
            every: settings.every,
            last: last.as_ref().map_or(0, |last| last.head.count),
        };
        Ok((checkpoint_file, last))
    }

    /// Signs the head of the chain and makes the checkpoint durable, if the chain has grown.
    pub(super) fn sign(&mut self, head: Head, at: Moment) -> Result<(), JournalError> {
        if head.count == self.last {
            return Ok(());
        }
        let line = format!("{}\n", Checkpoint::sign(head, at, &self.node, &self.key));
        append(&self.path, &line).context("writing a checkpoint to", &self.path)?;
        self.last = head.count;
        Ok(())
    }
}

/// Appends a line. Removes a line that an earlier failure left incomplete.
fn append(path: &Path, line: &str) -> std::io::Result<()> {
    last_line(path)?;
    let mut file = File::options().append(true).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

/// Returns the last complete line. Removes an incomplete line after it. Creates the file if it does not exist.
fn last_line(path: &Path) -> std::io::Result<Option<String>> {
    let is_new = !path.exists();
    let mut file =
        File::options().create(true).truncate(false).read(true).write(true).open(path)?;
    if is_new {
        sync_name(path)?;
    }
    let len = file.metadata()?.len();
    let from = len.saturating_sub(LINE_BYTES_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    if whole < end.len() {
        file.set_len(from + whole as u64)?;
        file.sync_all()?;
    }
    let text = String::from_utf8_lossy(end.get(..whole).unwrap_or_default()).into_owned();
    Ok(text.lines().last().map(str::to_owned))
}

/// Reads all lines of a file; `None` for a line that is not a checkpoint. An incomplete last line was left by a crash and is
/// ignored.
pub(super) fn read(path: &Path) -> Result<Vec<Option<Checkpoint>>, JournalError> {
    let bytes = fs::read(path).context("reading the checkpoints", path)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
    Ok(whole.lines().map(Checkpoint::parse).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { count: 7, hash: [0xA5; 32] };

    #[test]
    fn a_signed_line_parses_and_rejects_every_changed_byte() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let keys = PublicKeys::parse(&hex(key.verifying_key().as_bytes())).unwrap();
        let line = Checkpoint::sign(HEAD, Moment::from_millis(5), "n1", &key).to_string();
        let read = Checkpoint::parse(&line).unwrap();
        assert!(read.head == HEAD && read.node == "n1" && read.is_signed(&keys), "{line}");
        for at in 0..line.len() {
            let mut changed = line.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(!Checkpoint::parse(&changed).is_some_and(|read| read.is_signed(&keys)));
        }
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert!(!read.is_signed(&PublicKeys::parse(&hex(other.as_bytes())).unwrap()));
    }

    #[test]
    fn public_keys_must_be_hexadecimal_lines() {
        for wrong in ["", "\n", "12", &"g".repeat(64)] {
            assert!(PublicKeys::parse(wrong).is_none(), "{wrong}");
        }
    }
}
