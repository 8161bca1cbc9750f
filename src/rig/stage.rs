//! The stage of a rig: a simulated switch and the adapter as processes of this program, whoever watches them, and the end, where the
//! books of all are compared.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::time::sleep;

use super::admin::{AdminError, Operator, Watcher};
use super::books::ThreeBooks;
use super::folder::{BANK, Folder};
use super::http::Client;
use super::process::{Process, ProcessError};
use crate::bank::{self, BankError};
use crate::journal::{Evidence, PublicKeys, Wrong};
use crate::records::{Audited, audit};
use crate::values::Currency;

/// How long an answer of the adapter or the switch is waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Why a stage can't be set, or its end not be seen.
#[derive(Debug, Error)]
pub enum StageError {
    /// A process.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The switch or the adapter does not say what it was asked.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The adapter is not there.
    #[error("the adapter is gone")]
    Gone,
    /// No link came up.
    #[error("the adapter is not ready: {}", .0.display())]
    NotReady(PathBuf),
    /// The adapter did not end as it should.
    #[error("the adapter ended with {status}: {}", log.display())]
    Ended {
        /// How.
        status: ExitStatus,
        /// Where it says more.
        log: PathBuf,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] Wrong),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] BankError),
    /// The key of the checkpoints.
    #[error("the public key can't be read")]
    Key,
}

/// The processes, and those who look after them.
pub struct Stage {
    program: PathBuf,
    /// Where all files are.
    pub folder: Folder,
    /// The switch.
    pub switch: Process,
    /// The adapter, while it is there.
    pub adapter: Option<Process>,
    /// The operator of the switch.
    pub operator: Operator,
}

/// The books of all, when all is over.
pub struct Closing {
    /// The three, side by side.
    pub books: ThreeBooks,
    /// What the audit of the journal found.
    pub audited: Audited,
}

impl Stage {
    /// Brings the switch on, which listens at these addresses, the second for its operator.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn set(
        program: PathBuf,
        folder: Folder,
        seed: u64,
        [listen, admin]: [SocketAddr; 2],
    ) -> Result<Self, StageError> {
        let [listen, admin] = [listen, admin].map(|address| address.to_string());
        let (seed, settlement) =
            (seed.to_string(), folder.file("settlement").display().to_string());
        let arguments = [
            ["switch", "--listen", &listen, "--admin", &admin].as_slice(),
            &["--seed", &seed, "--settlement-dir", &settlement],
        ]
        .concat();
        let log = folder.file("switch.log");
        let switch =
            Process::start(&program, "titian switch", &arguments, "listening", &log).await?;
        let operator = Operator::new(Client::new(switch.address("admin")?, PATIENCE));
        Ok(Self { program, folder, switch, adapter: None, operator })
    }

    /// Brings the adapter on, and waits until a link is up. Whoever watches it comes back.
    ///
    /// # Errors
    /// If it does not come up, or no link does.
    pub async fn adapter(&mut self, settings: &Path) -> Result<Watcher, StageError> {
        let settings = settings.display().to_string();
        let arguments = ["serve", "--config", &settings];
        let (log, up) = (self.folder.file("adapter.log"), "the adapter is up");
        let adapter = Process::start(&self.program, "titian serve", &arguments, up, &log).await?;
        let watcher = Watcher::new(Client::new(adapter.address("console")?, PATIENCE));
        self.adapter = Some(adapter);
        let begun = Instant::now();
        while !watcher.is_ready().await {
            if begun.elapsed() > PATIENCE {
                return Err(StageError::NotReady(log));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(watcher)
    }

    /// Where the adapter listens, by the name that its log has for it: `api` or `console`.
    ///
    /// # Errors
    /// If it is not there, or does not say.
    pub fn address(&self, name: &str) -> Result<SocketAddr, StageError> {
        Ok(self.adapter.as_ref().ok_or(StageError::Gone)?.address(name)?)
    }

    /// Reads the books of all, and audits the journal from its first row.
    ///
    /// # Errors
    /// If one of them can't be read, or the journal is not whole.
    pub async fn close(&self) -> Result<Closing, StageError> {
        let (store, ledger) = (self.folder.file("titian.db"), self.folder.file("ledger.db"));
        let switch = self.operator.books(BANK).await?;
        let keys = PublicKeys::parse(&self.folder.checkpoints().public_key());
        let keys = keys.ok_or(StageError::Key)?;
        let checkpoints = self.folder.file("checkpoints");
        let checkpoints = Some((checkpoints.as_path(), &keys));
        let audited = audit(&Evidence { archives: &[], store: &store, checkpoints })?;
        let bank = bank::books(&ledger)?;
        let bank = bank.get(&Currency::IDR).copied().unwrap_or_default();
        Ok(Closing { books: ThreeBooks::new(bank, &audited.books, switch), audited })
    }

    /// The adapter leaves, as it should; what it has left to be done is taken up by the next one.
    ///
    /// # Errors
    /// If it does not.
    pub async fn stop_adapter(&mut self) -> Result<(), StageError> {
        let Some(adapter) = self.adapter.take() else { return Ok(()) };
        let status = adapter.stop(Duration::from_mins(2)).await?;
        if status.success() {
            return Ok(());
        }
        Err(StageError::Ended { status, log: self.folder.file("adapter.log") })
    }

    /// Everybody leaves, the adapter as it should. The folder stays.
    ///
    /// # Errors
    /// If somebody does not.
    pub async fn leave(mut self) -> Result<Folder, StageError> {
        self.stop_adapter().await?;
        self.switch.stop(PATIENCE).await?;
        Ok(self.folder)
    }
}

/// Any free port of this machine.
#[must_use]
pub fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
