//! Checkpoints: lines of text that say where the chain stood, signed with Ed25519. Kept elsewhere, they tell a store
//! whose end was cut, or that is an older copy, or that was written anew from some row on.

use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::chain::Head;
use super::error::{During, JournalError};
use super::files::sync_name;
use crate::hex::{hex, unhex};
use crate::values::Moment;

/// The word that a line begins with, and the version of its form.
const FORM: &str = "titian-checkpoint-1";

/// Bytes at the end of the file in which the last line is looked for.
const LINE_BYTES_MAX: u64 = 1024;

/// Where checkpoints go, how often, and by whom they are signed.
pub struct Checkpoints {
    /// The file that they are appended to. It may lie on another disk or machine.
    pub file: PathBuf,
    /// The name of this node, of letters, digits, `-` and `_`; anything else in it becomes `_`.
    pub node: String,
    /// The secret that the key is made from.
    pub seed: [u8; 32],
    /// How long a checkpoint is waited for at most, while rows are written.
    pub every: Duration,
}

impl fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, node, every, seed: _ } = self;
        write!(f, "Checkpoints {{ file: {file:?}, node: {node:?}, every: {every:?}, .. }}")
    }
}

impl Checkpoints {
    /// The text of the file of public keys that `titian verify` reads: a key a line, in hexadecimal.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex(SigningKey::from_bytes(&self.seed).verifying_key().as_bytes()) + "\n"
    }
}

/// A signed statement of where the chain stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// Where the chain stood.
    pub(super) head: Head,
    /// When the last of its rows became true.
    at: Moment,
    /// The node that says so.
    node: String,
    signature: [u8; 64],
}

impl Checkpoint {
    fn sign(head: Head, at: Moment, node: &str, key: &SigningKey) -> Self {
        let signature = key.sign(statement(head, at, node).as_bytes()).to_bytes();
        Self { head, at, node: node.to_owned(), signature }
    }

    /// Reads a line; `None` if it is none.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix(FORM)?.strip_prefix(' ')?.split(' ');
        let mut word = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        let node = word("node")?.to_owned();
        let count = word("rows")?.parse().ok()?;
        let at = Moment::from_millis(word("at")?.parse().ok()?);
        let head = Head { count, hash: unhex(word("head")?)? };
        let checkpoint = Self { head, at, node, signature: unhex(word("signature")?)? };
        // One form only, so that what is signed is what is read.
        (checkpoint.to_string() == line).then_some(checkpoint)
    }

    /// Whether one of the keys signed it.
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

/// What is signed.
fn statement(head: Head, at: Moment, node: &str) -> String {
    let Head { count, hash } = head;
    format!("{FORM} node={node} rows={count} at={} head={}", at.millis(), hex(&hash))
}

/// The keys that may have signed checkpoints: more than one after a change of keys.
#[derive(Clone, Debug)]
pub struct PublicKeys(Vec<VerifyingKey>);

impl PublicKeys {
    /// Reads keys, one a line in hexadecimal; `None` if there is none, or a line is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(|line| VerifyingKey::from_bytes(&unhex(line)?).ok());
        keys.collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty()).map(Self)
    }
}

/// The file of checkpoints, written.
pub(super) struct Ledger {
    path: PathBuf,
    node: String,
    key: SigningKey,
    pub(super) every: Duration,
    /// Where the last checkpoint stands.
    last: u64,
}

impl Ledger {
    /// Opens the file. Gives the last checkpoint in it too; a line that a crash left half written is taken away.
    pub(super) fn open(settings: &Checkpoints) -> Result<(Self, Option<Checkpoint>), JournalError> {
        let path = settings.file.clone();
        let last = last_line(&path).during("reading the checkpoints", &path)?;
        let last = match last.as_deref().map(Checkpoint::parse) {
            Some(None) => {
                let what = "its last line is no checkpoint";
                return Err(JournalError::damaged(&path, what));
            }
            last => last.flatten(),
        };
        let name =
            |char: char| if char.is_ascii_alphanumeric() || char == '-' { char } else { '_' };
        let ledger = Self {
            path,
            node: settings.node.chars().map(name).collect(),
            key: SigningKey::from_bytes(&settings.seed),
            every: settings.every,
            last: last.as_ref().map_or(0, |last| last.head.count),
        };
        Ok((ledger, last))
    }

    /// Signs where the chain stands, and makes it durable, if it has moved.
    pub(super) fn sign(&mut self, head: Head, at: Moment) -> Result<(), JournalError> {
        if head.count == self.last {
            return Ok(());
        }
        let line = format!("{}\n", Checkpoint::sign(head, at, &self.node, &self.key));
        append(&self.path, &line).during("writing a checkpoint to", &self.path)?;
        self.last = head.count;
        Ok(())
    }
}

/// Appends a line; one that was left half written by a failure before is taken away.
fn append(path: &Path, line: &str) -> std::io::Result<()> {
    last_line(path)?;
    let mut file = File::options().append(true).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

/// The last whole line; what stands after it is taken away. Makes the file if there is none.
fn last_line(path: &Path) -> std::io::Result<Option<String>> {
    let made = !path.exists();
    let mut file =
        File::options().create(true).truncate(false).read(true).write(true).open(path)?;
    if made {
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

/// All lines of a file as checkpoints; `None` for a line that is none. What stands after the last end of a line was left
/// by a crash, and is no line.
pub(super) fn read(path: &Path) -> Result<Vec<Option<Checkpoint>>, JournalError> {
    let bytes = fs::read(path).during("reading the checkpoints", path)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
    Ok(whole.lines().map(Checkpoint::parse).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { count: 7, hash: [0xA5; 32] };

    #[test]
    fn a_line_is_read_back_and_no_byte_of_it_can_be_changed() {
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
    fn keys_are_lines_of_hexadecimal() {
        for wrong in ["", "\n", "12", &"g".repeat(64)] {
            assert!(PublicKeys::parse(wrong).is_none(), "{wrong}");
        }
    }
}
