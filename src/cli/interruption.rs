//! Ctrl-C in a run of the harness, and what stays of the run.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use super::exit::Exit;
use super::failure::Failure;
use super::stop::no_handler;
use crate::harness::{AdminError, FolderError, HarnessError, OperatorError, ProcessError};

/// How long an error waits for the interruption that may have caused it.
const INTERRUPTION_DELAY: Duration = Duration::from_millis(200);

/// Completes at Ctrl-C and SIGTERM.
pub(super) fn interruption() -> Result<impl Future<Output = ()>, Failure> {
    let on = |kind| signal(kind).map_err(|error| no_handler(&error));
    let mut interrupt = on(SignalKind::interrupt())?;
    let mut terminate = on(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Runs `course` until it ends, or until `stop`. Returns `None` at `stop`; then all processes of the course have ended.
pub(super) async fn until_stopped<T>(
    mut stop: Pin<&mut impl Future<Output = ()>>,
    course: impl Future<Output = Result<T, Failure>>,
) -> Option<Result<T, Failure>> {
    let done = tokio::select! {
        biased;
        () = &mut stop => return None,
        done = course => done,
    };
    // Ctrl-C reaches the processes of the course too, so an error may be an effect of it that came first.
    if done.is_err() && timeout(INTERRUPTION_DELAY, stop).await.is_ok() {
        return None;
    }
    Some(done)
}

/// Ends a run: removes its folder, if that is a temporary one. It stays if the user wants to keep it, or if it has the logs
/// of a failure.
pub(super) fn leave(
    folder: &Path,
    is_temporary: bool,
    keep: bool,
    done: Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let mut stderr = io::stderr().lock();
    // The result of the run is decided: what cannot be removed or written does not change it.
    if let Ok(Exit::Interrupted) = done {
        let clear = if stderr.is_terminal() { "\r\x1b[K" } else { "" };
        let _ = writeln!(stderr, "{clear}interrupted: all processes have ended");
    }
    if is_temporary && (keep || done.is_err()) {
        let _ = writeln!(stderr, "files: {}", folder.display());
    } else if is_temporary && let Err(error) = fs::remove_dir_all(folder) {
        let _ = writeln!(stderr, "{}: cannot remove the folder: {error}", folder.display());
    }
    done
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        error.to_string().into()
    }
}

impl From<ProcessError> for Failure {
    fn from(error: ProcessError) -> Self {
        error.to_string().into()
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        Self::Negative(error.to_string())
    }
}

impl From<OperatorError> for Failure {
    fn from(error: OperatorError) -> Self {
        Self::Negative(error.to_string())
    }
}

impl From<HarnessError> for Failure {
    fn from(error: HarnessError) -> Self {
        match error {
            HarnessError::Process(error) => error.into(),
            HarnessError::Journal(error) => error.into(),
            error => Self::Negative(error.to_string()),
        }
    }
}
