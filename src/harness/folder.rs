//! The folder of a run: keys, settings, stores and logs, as a bank has them.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::hex::hex;
use crate::private_files::{self, Access, FileFault};
use crate::random::SystemRandom;
use crate::signing::{SigningKey, TrustedKey, TrustedKeys};

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
    /// The folder of the keys cannot be made.
    #[error(transparent)]
    Keys(#[from] FileFault),
    /// The folder has files, which a run must not overwrite.
    #[error("--dir {}: the folder is not empty; name a new folder", .0.display())]
    NotEmpty(PathBuf),
}

/// Writes the file of a key, secret or certificate, with the mode that the adapter requires, whatever the umask. A file of
/// this name is replaced. Returns the path.
///
/// # Errors
/// If the file cannot be written.
pub fn write_key_file(path: &Path, access: Access, text: &str) -> Result<PathBuf, FolderError> {
    let removed = match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    let written = removed.and_then(|()| private_files::create(path, access, text));
    written
        .map(|()| path.to_owned())
        .map_err(|error| FolderError::System { path: path.to_owned(), error })
}

/// The folder of a run.
pub struct Folder {
    /// The path.
    pub path: PathBuf,
    seed: [u8; 32],
}

impl Folder {
    /// Makes the folder with the keys of the record. Without a path it is a temporary folder, named after the run and this
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
        folder.write_keys()?;
        Ok(folder)
    }

    /// Writes the keys of the record, made of the seed, in the folder `keys`.
    fn write_keys(&self) -> Result<(), FolderError> {
        let keys = self.file("keys");
        private_files::create_folder(&keys)?;
        let signing = self.signing_key();
        self.write_secret("keys/node0.key", &(hex(&self.seed) + "\n"))?;
        self.write_public(
            "keys/node0.pub",
            &format!("{}\n", TrustedKey::always(signing.public())),
        )?;
        self.write_secret("keys/record.key", &(hex(&signing.derive("record key")) + "\n"))?;
        Ok(())
    }

    /// Returns the signing key of the run.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }

    /// Returns the public keys that the run trusts.
    #[must_use]
    pub fn trusted_keys(&self) -> TrustedKeys {
        TrustedKeys::new(vec![TrustedKey::always(self.signing_key().public())])
    }

    /// Returns the path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
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

    /// Writes a file of a key or secret in the folder, for its owner only. Returns its path.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_secret(&self, name: &str, text: &str) -> Result<PathBuf, FolderError> {
        write_key_file(&self.file(name), Access::Secret, text)
    }

    /// Writes a file of a public key or certificate in the folder. Returns its path.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_public(&self, name: &str, text: &str) -> Result<PathBuf, FolderError> {
        write_key_file(&self.file(name), Access::Public, text)
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
             [keys]\nsigning_key_file = {signing:?}\ntrusted_files = [{trusted:?}]\nrecord_key_file = {record:?}\n\n\
             [store]\nurl = {store:?}\ncheckpoints = [{checkpoints:?}]\n\
             checkpoint_every = \"1s\"\n\n\
             [[links]]\nname = \"a\"\nconnect = \"{a}\"\n\n\
             [[links]]\nname = \"b\"\nconnect = \"{b}\"\n\n\
             [console]\nlisten = \"{console}\"\n\n",
            store = self.url("titian.db"),
            checkpoints = path("checkpoints"),
            signing = path("keys/node0.key"),
            trusted = path("keys/node0.pub"),
            record = path("keys/record.key"),
        )
    }

    /// Returns the URL of a store in the folder.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.file(name).display())
    }
}
