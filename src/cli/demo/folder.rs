//! The folder of a demo: settings, keys and accounts, as a bank would have them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::failure::Failure;
use crate::journal::Checkpoints;

/// The bank of the demo, a member of the simulated switch.
pub(super) const BANK: &str = "213";

/// Accounts at the bank. One of them is closed.
pub(super) const ACCOUNTS: u64 = 200;

/// How many of them have little on them: the first.
pub(super) const POOR: u64 = 5;

/// A customer's account.
pub(super) fn account(number: u64) -> String {
    format!("55500{:05}", number % ACCOUNTS)
}

/// Where everything is.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    node: String,
    seed: [u8; 32],
}

impl Folder {
    /// Makes the folder, which must be new or empty, with keys and accounts.
    pub(super) fn make(path: Option<&Path>) -> Result<Self, Failure> {
        let temporary = || std::env::temp_dir().join(format!("titian-demo-{}", std::process::id()));
        let path = path.map_or_else(temporary, Path::to_owned);
        let failed = |error: io::Error| Failure::from(format!("{}: {error}", path.display()));
        fs::create_dir_all(&path).map_err(failed)?;
        if fs::read_dir(&path).map_err(failed)?.next().is_some() {
            return Err(format!("--dir {}: is not empty: name a new folder", path.display()).into());
        }
        let path = path.canonicalize().map_err(failed)?;
        let mut seed = [0; 32];
        File::open("/dev/urandom")
            .and_then(|mut file| file.read_exact(&mut seed))
            .map_err(failed)?;
        let folder = Self { path, node: "0".to_owned(), seed };
        let key = seed.iter().fold(String::new(), |mut text, byte| {
            // Writing to a text doesn't fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        folder.write("checkpoint.key", &(key + "\n"))?;
        folder.write("checkpoint.pub", &folder.checkpoints().public_key())?;
        folder.write("accounts.csv", &accounts())?;
        Ok(folder)
    }

    /// A file of it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What signs the checkpoints.
    pub(super) fn checkpoints(&self) -> Checkpoints {
        let (file, node) = (self.file("checkpoints"), self.node.clone());
        Checkpoints { file, node, seed: self.seed, every: Duration::from_secs(1) }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let file = self.file(name);
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()).into())
    }

    /// Writes the settings of the adapter.
    pub(super) fn configure(
        &self,
        switch: SocketAddr,
        api: SocketAddr,
        console: SocketAddr,
    ) -> Result<PathBuf, Failure> {
        let path = |name: &str| self.file(name).display().to_string();
        let url = |name: &str| format!("sqlite://{}", path(name));
        let text = format!(
            "# The settings of the demo: `titian serve --config` with this file runs its adapter.\n\n\
             [bank]\ncode = {BANK:?}\niin = \"93600213\"\n\n\
             [store]\nurl = {store:?}\ncheckpoints = {checkpoints:?}\n\
             checkpoint_key_file = {key:?}\ncheckpoint_every = \"1s\"\n\n\
             [network]\nname = \"nusantara\"\n\n\
             # Its own times are for a nation, these for those who wait before a screen.\n\
             [network.change]\ntimers = {{ response = \"2s\" }}\n\
             reversal = {{ first = \"500ms\", longest = \"4s\" }}\n\
             session = {{ timers = {{ reconnect = {{ first = \"100ms\", longest = \"2s\" }} }}, \
             caps = {{ per_second = 100000, burst = 100000 }} }}\n\n\
             [[links]]\nname = \"a\"\nconnect = \"{switch}\"\n\n\
             [[links]]\nname = \"b\"\nconnect = \"{switch}\"\n\n\
             [api]\nlisten = \"{api}\"\nauth = \"none\"\nwait = \"5s\"\nrate = 1000000\nburst = 1000000\n\n\
             [console]\nlisten = \"{console}\"\n\n\
             [core]\nledger = {ledger:?}\naccounts_file = {accounts:?}\n\n\
             [limits]\noverdue_per_second = 2000\noverdue_per_bank = 500\noverdue_burst = 500\n",
            store = url("titian.db"),
            ledger = url("ledger.db"),
            checkpoints = path("checkpoints"),
            key = path("checkpoint.key"),
            accounts = path("accounts.csv"),
        );
        self.write("titian.toml", &text)?;
        Ok(self.file("titian.toml"))
    }
}

fn accounts() -> String {
    let mut text = String::from("number,name,status,currency,opening_balance\n");
    for number in 0..ACCOUNTS {
        let status = if number == 7 { "closed" } else { "active" };
        let balance: u64 = if number < POOR { 5_000_000 } else { 100_000_000_000_000 };
        // Writing to a text doesn't fail.
        let _ = writeln!(text, "{},NASABAH {number},{status},IDR,{balance}", account(number));
    }
    text
}
