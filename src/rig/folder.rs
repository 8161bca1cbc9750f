//! The folder that a rig runs in: keys, settings, stores and logs, as a bank would have them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::hex::hex;
use crate::journal::Checkpoints;

/// The bank of a rig, a member of the simulated switch.
pub const BANK: &str = "213";

/// What is on an account that is not to run dry, in minor units.
pub const PLENTY: u64 = 100_000_000_000_000;

/// A customer's account at it.
#[must_use]
pub fn account(number: u64) -> String {
    format!("55500{number:05}")
}

/// Why there is no folder.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system.
    #[error("{}: {error}", path.display())]
    System {
        /// What of.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// Something is in it, which could be somebody's.
    #[error("--dir {}: is not empty: name a new folder", .0.display())]
    NotEmpty(PathBuf),
}

/// Where everything is.
pub struct Folder {
    /// Its path.
    pub path: PathBuf,
    seed: [u8; 32],
}

impl Folder {
    /// Makes the folder, which must be new or empty, with a key for checkpoints. Without a path it is a temporary one, of this name
    /// and process.
    ///
    /// # Errors
    /// If it can't be made, or something is in it.
    pub fn make(path: Option<&Path>, name: &str) -> Result<Self, FolderError> {
        let temporary =
            || std::env::temp_dir().join(format!("titian-{name}-{}", std::process::id()));
        let path = path.map_or_else(temporary, Path::to_owned);
        let failed = |error| FolderError::System { path: path.clone(), error };
        fs::create_dir_all(&path).map_err(failed)?;
        if fs::read_dir(&path).map_err(failed)?.next().is_some() {
            return Err(FolderError::NotEmpty(path));
        }
        let mut seed = [0; 32];
        let drawn = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut seed));
        drawn.map_err(failed)?;
        let folder = Self { path: path.canonicalize().map_err(failed)?, seed };
        folder.write("checkpoint.key", &(hex(&seed) + "\n"))?;
        folder.write("checkpoint.pub", &folder.checkpoints().public_key())?;
        Ok(folder)
    }

    /// A file of it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What signs the checkpoints.
    #[must_use]
    pub fn checkpoints(&self) -> Checkpoints {
        let (file, node) = (self.file("checkpoints"), "0".to_owned());
        Checkpoints { file, node, seed: self.seed, every: Duration::from_secs(1) }
    }

    /// Writes a file of it, and gives its path.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, FolderError> {
        let path = self.file(name);
        match fs::write(&path, text) {
            Ok(()) => Ok(path),
            Err(error) => Err(FolderError::System { path, error }),
        }
    }

    /// Writes the file of so many accounts, each with its status and its opening balance in minor units, and gives its path.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn accounts(
        &self,
        count: u64,
        each: impl Fn(u64) -> (&'static str, u64),
    ) -> Result<String, FolderError> {
        let mut text = String::from("number,name,status,currency,opening_balance\n");
        for number in 0..count {
            let (status, balance) = each(number);
            // Writing to a text doesn't fail.
            let _ = writeln!(text, "{},NASABAH {number},{status},IDR,{balance}", account(number));
        }
        Ok(self.write("accounts.csv", &text)?.display().to_string())
    }

    /// The settings that every rig has: the bank, its store, two links, each with where it leads, where health is asked for. The
    /// ledger is `ledger.db` of the folder, `[core]` says so.
    #[must_use]
    pub fn settings(&self, [a, b]: [SocketAddr; 2], console: SocketAddr) -> String {
        let path = |name: &str| self.file(name).display().to_string();
        format!(
            "[bank]\ncode = {BANK:?}\niin = \"93600213\"\n\n\
             [store]\nurl = {store:?}\ncheckpoints = {checkpoints:?}\n\
             checkpoint_key_file = {key:?}\ncheckpoint_every = \"1s\"\n\n\
             [[links]]\nname = \"a\"\nconnect = \"{a}\"\n\n\
             [[links]]\nname = \"b\"\nconnect = \"{b}\"\n\n\
             [console]\nlisten = \"{console}\"\n\n",
            store = self.url("titian.db"),
            checkpoints = path("checkpoints"),
            key = path("checkpoint.key"),
        )
    }

    /// The URL of a store in it.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.file(name).display())
    }
}
