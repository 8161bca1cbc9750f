//! The folder of a run: keys, settings, stores and logs, as a bank has them.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::hex::hex;
use crate::journal::Checkpoints;
use crate::random::SystemRandom;

/// The code of the bank that runs the adapter, a member of the simulated switch.
pub const BANK: &str = "213";

/// An opening balance that no run uses up, in minor units.
pub const AMPLE_BALANCE: u64 = 100_000_000_000_000;

/// Returns the number of a customer's account at that bank.
#[must_use]
pub fn account(number: u64) -> String {
    format!("55500{number:05}")
}

/// The reason why a folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// An operating system call failed.
    #[error("{}: {error}", path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The folder has files, which a run must not overwrite.
    #[error("--dir {}: the folder is not empty; name a new folder", .0.display())]
    NotEmpty(PathBuf),
}

/// The folder of a run.
pub struct Folder {
    /// The path.
    pub path: PathBuf,
    seed: [u8; 32],
}

impl Folder {
    /// Makes the folder with a signing key for checkpoints. Without a path it is a temporary folder, named after the run and this
    /// process.
    ///
    /// # Errors
    /// If the folder cannot be made, or is not empty.
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
        SystemRandom::open().and_then(|mut random| random.fill(&mut seed)).map_err(failed)?;
        let folder = Self { path: path.canonicalize().map_err(failed)?, seed };
        folder.write("checkpoint.key", &(hex(&seed) + "\n"))?;
        folder.write("checkpoint.pub", &folder.checkpoints().public_key())?;
        Ok(folder)
    }

    /// Returns the path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the settings of the checkpoints, with their signing key.
    #[must_use]
    pub fn checkpoints(&self) -> Checkpoints {
        let (file, node) = (self.file("checkpoints"), "0".to_owned());
        Checkpoints { file, node, seed: self.seed, every: Duration::from_secs(1) }
    }

    /// Writes a file in the folder. Returns its path.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, FolderError> {
        let path = self.file(name);
        match fs::write(&path, text) {
            Ok(()) => Ok(path),
            Err(error) => Err(FolderError::System { path, error }),
        }
    }

    /// Writes the accounts file of the ledger. Returns its path.
    ///
    /// `each` returns the status and the opening balance in minor units of an account.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn accounts(
        &self,
        count: u64,
        each: impl Fn(u64) -> (&'static str, u64),
    ) -> Result<String, FolderError> {
        let mut text = String::from("number,name,status,currency,opening_balance\n");
        for number in 0..count {
            let (status, balance) = each(number);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{},NASABAH {number},{status},IDR,{balance}", account(number));
        }
        Ok(self.write("accounts.csv", &text)?.display().to_string())
    }

    /// Returns the settings that every run has: bank, store, the addresses of two links, and the console listener.
    ///
    /// The ledger is `ledger.db` of the folder. The caller adds `[core]`, which names it.
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

    /// Returns the URL of a store in the folder.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.file(name).display())
    }
}
