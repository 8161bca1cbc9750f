//! Runs a simulated switch and the adapter as processes of this program, and compares the books of all parties at the end.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::sleep;

use super::admin::{AdapterProbe, AdminError, SwitchAdmin};
use super::books::ThreeBooks;
use super::folder::{BANK, Folder};
use super::process::{Process, ProcessError};
use crate::core_banking::{self, CoreBankingError};
use crate::http_client::HttpClient;
use crate::journal::{Evidence, StoreUrl, VerificationError};
use crate::records::{AuditReport, audit};
use crate::values::Currency;

/// The log message of an adapter that is started.
const ADAPTER_STARTED: &str = "adapter started";

/// The longest wait for a response of the adapter or the switch.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest wait for a link.
const READY_TIMEOUT: Duration = Duration::from_mins(2);

/// The reason why the harness cannot start or end.
#[derive(Debug, Error)]
pub enum HarnessError {
    /// A process failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A request to the switch or the adapter failed.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The adapter does not run.
    #[error("the adapter is not running")]
    NotRunning,
    /// No link came up in time.
    #[error("adapter not ready: no link is up; see {}", .0.display())]
    NotReady(PathBuf),
    /// The adapter exited with a failure.
    #[error("the adapter exited with {status}; see {}", log.display())]
    Exited {
        /// The exit status.
        status: ExitStatus,
        /// The adapter's log.
        log: PathBuf,
    },
    /// The verification of the journal failed.
    #[error(transparent)]
    Journal(#[from] VerificationError),
    /// The audit of the journal did not end.
    #[error("the audit of the journal did not end: {0}")]
    Audit(JoinError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] CoreBankingError),
}

/// A simulated switch and the adapter, each in a process of its own.
pub struct Harness {
    program: PathBuf,
    /// The folder of all files.
    pub folder: Folder,
    /// The process of the switch.
    pub switch: Process,
    /// The process of the adapter, while it runs.
    pub adapter: Option<Process>,
    /// The client of the switch's admin interface.
    pub switch_admin: SwitchAdmin,
}

/// The books of all parties at the end.
pub struct FinalBooks {
    /// The books side by side.
    pub books: ThreeBooks,
    /// The report of the journal's audit.
    pub audited: AuditReport,
}

impl Harness {
    /// Starts the switch. It listens on the first address for banks and on the second for admin requests.
    ///
    /// # Errors
    /// If the switch does not start.
    pub async fn start(
        program: PathBuf,
        folder: Folder,
        seed: u64,
        [listen, admin]: [SocketAddr; 2],
    ) -> Result<Self, HarnessError> {
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
        let admin = HttpClient::new(switch.address("admin")?, RESPONSE_TIMEOUT);
        Ok(Self { program, folder, switch, adapter: None, switch_admin: SwitchAdmin::new(admin) })
    }

    /// Starts the adapter, and waits until a link is up. Returns a client of its health and metrics.
    ///
    /// # Errors
    /// If the adapter does not start, or no link comes up.
    pub async fn start_adapter(&mut self, settings: &Path) -> Result<AdapterProbe, HarnessError> {
        let settings = settings.display().to_string();
        let arguments = ["serve", "--config", &settings];
        let (log, started) = (self.folder.file("adapter.log"), ADAPTER_STARTED);
        let adapter =
            Process::start(&self.program, "titian serve", &arguments, started, &log).await?;
        let client = HttpClient::new(adapter.address("console")?, RESPONSE_TIMEOUT);
        let probe = AdapterProbe::new(client);
        self.adapter = Some(adapter);
        let start = Instant::now();
        while !probe.is_ready().await {
            if start.elapsed() > READY_TIMEOUT {
                return Err(HarnessError::NotReady(log));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(probe)
    }

    /// Returns a client of the running adapter's health and metrics.
    ///
    /// # Errors
    /// If the adapter does not run.
    pub fn probe(&self) -> Result<AdapterProbe, HarnessError> {
        Ok(AdapterProbe::new(HttpClient::new(self.address("console")?, RESPONSE_TIMEOUT)))
    }

    /// Returns an address of the adapter by its name in the log: `api` or `console`.
    ///
    /// # Errors
    /// If the adapter does not run, or its log has no such address.
    pub fn address(&self, name: &str) -> Result<SocketAddr, HarnessError> {
        Ok(self.adapter.as_ref().ok_or(HarnessError::NotRunning)?.address(name)?)
    }

    /// Reads the books of all parties, and audits the journal from its first row.
    ///
    /// # Errors
    /// If books cannot be read, or the audit fails.
    pub async fn read_books(&self) -> Result<FinalBooks, HarnessError> {
        let store = StoreUrl::Sqlite(self.folder.file("titian.db"));
        let ledger = self.folder.file("ledger.db");
        let switch = self.switch_admin.totals(BANK).await?;
        let (keys, checkpoints) = (self.folder.trusted_keys(), [self.folder.file("checkpoints")]);
        // In a thread of its own: an interruption does not wait for the audit of a large journal.
        let audited = spawn_blocking(move || {
            let (checkpoints, keys) = (&checkpoints[..], Some(&keys));
            audit(&Evidence { archives: &[], store: &store, checkpoints, keys })
        });
        let audited = audited.await.map_err(HarnessError::Audit)??;
        let keys = self.folder.trusted_keys();
        let recorded = audited.ledger;
        let verified =
            spawn_blocking(move || core_banking::verify_ledger(&ledger, &keys, recorded));
        let bank = verified.await.map_err(HarnessError::Audit)??.books;
        let bank = bank.get(&Currency::IDR).copied().unwrap_or_default();
        Ok(FinalBooks { books: ThreeBooks::new(bank, &audited.books, switch), audited })
    }

    /// Stops the adapter in order. The next one resumes its open transfers.
    ///
    /// # Errors
    /// If the adapter does not exit with success.
    pub async fn stop_adapter(&mut self) -> Result<(), HarnessError> {
        let Some(adapter) = self.adapter.take() else { return Ok(()) };
        let status = adapter.stop(Duration::from_mins(2)).await?;
        if status.success() {
            return Ok(());
        }
        Err(HarnessError::Exited { status, log: self.folder.file("adapter.log") })
    }

    /// Stops the adapter and the switch. The folder stays.
    ///
    /// # Errors
    /// If one of them does not stop.
    pub async fn stop(mut self) -> Result<Folder, HarnessError> {
        self.stop_adapter().await?;
        self.switch.stop(RESPONSE_TIMEOUT).await?;
        Ok(self.folder)
    }
}

/// Returns an address of this machine with any free port.
#[must_use]
pub fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
