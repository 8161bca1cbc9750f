//! Processes of this program, told by their logs.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a process may take to be up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a process does not do as it should.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The system.
    #[error("{name}: {error}")]
    System {
        /// The process.
        name: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// It did not say what was waited for.
    #[error("{name} did not come up: {last}; its log is {}", log.display())]
    NotUp {
        /// The process.
        name: &'static str,
        /// The last thing that it said.
        last: String,
        /// Where it says more.
        log: PathBuf,
    },
}

/// A process. It is killed when this is dropped.
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// The line of its log that said that it is up, and the last one.
    said: watch::Receiver<Said>,
}

#[derive(Clone, Debug, Default)]
struct Said {
    up: Option<Value>,
    last: String,
    ended: bool,
}

impl Process {
    /// Starts this program with arguments and `--log json`, and waits until a line of its log has `up` as its message. Its log goes
    /// behind what is in `log`.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn start(
        program: &Path,
        name: &'static str,
        arguments: &[&str],
        up: &'static str,
        log: &Path,
    ) -> Result<Self, ProcessError> {
        let system = |error| ProcessError::System { name, error };
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--log", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(system)?;
        let mut file = OpenOptions::new().create(true).append(true).open(log).map_err(system)?;
        let (tell, mut said) = watch::channel(Said::default());
        if let Some(stderr) = child.stderr.take() {
            let mut lines = BufReader::new(stderr).lines();
            drop(tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    tell.send_modify(|said| said.hear(&line, up));
                    // A log that can't be written is no reason to stop.
                    let _full = writeln!(file, "{line}");
                }
                tell.send_modify(|said| said.ended = true);
            }));
        }
        let waited = timeout(PATIENCE, said.wait_for(|said| said.up.is_some() || said.ended)).await;
        let is_up = waited.is_ok_and(|said| said.is_ok_and(|said| said.up.is_some()));
        if !is_up {
            let last = said.borrow().last.clone();
            return Err(ProcessError::NotUp { name, last, log: log.to_owned() });
        }
        Ok(Self { name, child, log: log.to_owned(), said })
    }

    /// A field of the line that said that it is up.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let said = self.said.borrow();
        match said.up.as_ref()?.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// An address of that line.
    ///
    /// # Errors
    /// If there is none.
    pub fn address(&self, name: &str) -> Result<SocketAddr, ProcessError> {
        let address = self.field(name).and_then(|text| text.parse().ok());
        address.ok_or_else(|| ProcessError::NotUp {
            name: self.name,
            last: format!("it does not say its address {name}"),
            log: self.log.clone(),
        })
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it at once, as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// If that is not possible.
    pub async fn kill(mut self) -> Result<(), ProcessError> {
        self.child.kill().await.map_err(|error| ProcessError::System { name: self.name, error })
    }

    /// Sends it a signal, by its name without SIG.
    ///
    /// # Errors
    /// If that is not possible.
    pub async fn signal(&self, signal: &str) -> Result<(), ProcessError> {
        let Some(id) = self.child.id() else { return Ok(()) };
        // The standard library knows no signal but SIGKILL.
        let sent = Command::new("kill").args(["-s", signal, &id.to_string()]).status().await;
        sent.map(drop).map_err(|error| ProcessError::System { name: self.name, error })
    }

    /// Waits until it has ended and all that it said is in its log.
    ///
    /// # Errors
    /// If it does not end in time.
    pub async fn ended(mut self, patience: Duration) -> Result<ExitStatus, ProcessError> {
        let system = |error| ProcessError::System { name: self.name, error };
        let status = timeout(patience, self.child.wait())
            .await
            .map_err(|_| system(io::Error::from(io::ErrorKind::TimedOut)))?
            .map_err(system)?;
        // A child of its own may hold its stderr still.
        let _held = timeout(patience, self.said.wait_for(|said| said.ended)).await;
        Ok(status)
    }

    /// Asks it to stop (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// If it can't be asked or does not end in time.
    pub async fn stop(self, patience: Duration) -> Result<ExitStatus, ProcessError> {
        self.signal("TERM").await?;
        self.ended(patience).await
    }
}

impl Said {
    fn hear(&mut self, line: &str, up: &str) {
        line.clone_into(&mut self.last);
        let Ok(entry) = serde_json::from_str::<Value>(line) else { return };
        let Some(fields) = entry.get("fields") else { return };
        if fields.get("message").and_then(Value::as_str) == Some(up) {
            self.up = Some(fields.clone());
        }
    }
}
