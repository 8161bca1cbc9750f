//! Processes of this program. Their JSON logs tell when they are up and on which addresses.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// The longest start of a process.
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// How often, and at which interval, it is checked that a killed process has ended.
const KILL_CHECKS: usize = 1_000;
const KILL_CHECK_INTERVAL: Duration = Duration::from_millis(2);

/// The reason why a process failed.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// An operating system call failed.
    #[error("{name}: {error}")]
    System {
        /// The name of the process.
        name: &'static str,
        /// The system's error.
        error: io::Error,
    },
    /// The expected log line did not come.
    #[error("{name} did not start: {last}; see {}", log.display())]
    NotStarted {
        /// The name of the process.
        name: &'static str,
        /// The last line of its log.
        last: String,
        /// Its log.
        log: PathBuf,
    },
}

/// A process of this program. Dropping it kills the process, and waits until it has ended.
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    state: watch::Receiver<LogState>,
}

/// What is known from a process's log.
#[derive(Clone, Debug, Default)]
struct LogState {
    /// The fields of the line that says that the process is up.
    started: Option<Value>,
    last_line: String,
    is_closed: bool,
}

impl Process {
    /// Starts a program with arguments and `--log json`, and waits until a line of its log has the message `started`. Appends its
    /// log to the file `log`.
    ///
    /// # Errors
    /// If the process does not start in time.
    pub async fn start(
        program: &Path,
        name: &'static str,
        arguments: &[&str],
        started: &'static str,
        log: &Path,
    ) -> Result<Self, ProcessError> {
        let system = |error| ProcessError::System { name, error };
        let child = Command::new(program)
            .args(arguments)
            .args(["--log", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(system)?;
        let (sender, state) = watch::channel(LogState::default());
        let mut process = Self { name, child, log: log.to_owned(), state };
        let mut file = OpenOptions::new().create(true).append(true).open(log).map_err(system)?;
        if let Some(stderr) = process.child.stderr.take() {
            let mut lines = BufReader::new(stderr).lines();
            drop(tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    sender.send_modify(|state| state.read_line(&line, started));
                    // The run goes on when the disk is full: only the copy of the log is lost.
                    let _ = writeln!(file, "{line}");
                }
                sender.send_modify(|state| state.is_closed = true);
            }));
        }
        let is_decided = |state: &LogState| state.started.is_some() || state.is_closed;
        let waited = timeout(START_TIMEOUT, process.state.wait_for(is_decided)).await;
        let is_started = waited.is_ok_and(|state| state.is_ok_and(|state| state.started.is_some()));
        if !is_started {
            let last = process.state.borrow().last_line.clone();
            return Err(ProcessError::NotStarted { name, last, log: log.to_owned() });
        }
        Ok(process)
    }

    /// Returns a field of the log line that says that the process is up.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let state = self.state.borrow();
        match state.started.as_ref()?.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Returns an address of that log line.
    ///
    /// # Errors
    /// If the line has no such address.
    pub fn address(&self, name: &str) -> Result<SocketAddr, ProcessError> {
        let address = self.field(name).and_then(|text| text.parse().ok());
        address.ok_or_else(|| ProcessError::NotStarted {
            name: self.name,
            last: format!("its log has no address {name}"),
            log: self.log.clone(),
        })
    }

    /// Returns the process id.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills the process at once, as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// If the system refuses.
    pub async fn kill(mut self) -> Result<(), ProcessError> {
        self.child.kill().await.map_err(|error| ProcessError::System { name: self.name, error })
    }

    /// Sends a signal to the process. The name has no SIG: `TERM`, `HUP`.
    ///
    /// # Errors
    /// If the command `kill` does not run.
    pub async fn signal(&self, signal: &str) -> Result<(), ProcessError> {
        let Some(id) = self.child.id() else { return Ok(()) };
        // The standard library sends SIGKILL only.
        let sent = Command::new("kill").args(["-s", signal, &id.to_string()]).status().await;
        sent.map(drop).map_err(|error| ProcessError::System { name: self.name, error })
    }

    /// Waits until the process has exited and its log is complete.
    ///
    /// # Errors
    /// If the process does not exit in time.
    pub async fn wait_for_exit(mut self, limit: Duration) -> Result<ExitStatus, ProcessError> {
        let system = |error| ProcessError::System { name: self.name, error };
        let status = timeout(limit, self.child.wait())
            .await
            .map_err(|_| system(io::Error::from(io::ErrorKind::TimedOut)))?
            .map_err(system)?;
        // A child of the process may keep its stderr open, so this wait has a limit too.
        let _ = timeout(limit, self.state.wait_for(|state| state.is_closed)).await;
        Ok(status)
    }

    /// Stops the process (SIGTERM), and waits until it has exited.
    ///
    /// # Errors
    /// If the signal cannot be sent, or the process does not exit in time.
    pub async fn stop(self, limit: Duration) -> Result<ExitStatus, ProcessError> {
        self.signal("TERM").await?;
        self.wait_for_exit(limit).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Until it has ended, it may still write files of the run. A killed process ends within milliseconds.
        let _ = self.child.start_kill();
        for _ in 0..KILL_CHECKS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(KILL_CHECK_INTERVAL);
        }
    }
}

impl LogState {
    fn read_line(&mut self, line: &str, started: &str) {
        line.clone_into(&mut self.last_line);
        let Ok(entry) = serde_json::from_str::<Value>(line) else { return };
        let Some(fields) = entry.get("fields") else { return };
        if fields.get("message").and_then(Value::as_str) == Some(started) {
            self.started = Some(fields.clone());
        }
    }
}
