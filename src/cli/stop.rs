//! Signals of a long-running command: stop and reload.

use std::io;

use tokio::signal::unix::{SignalKind, signal as on};
use tokio::sync::mpsc;

use super::failure::Failure;

/// Returns the failure of a signal handler that is not installed.
pub(super) fn no_handler(error: &io::Error) -> Failure {
    Failure::from(format!("cannot install a signal handler: {error}"))
}

/// Completes on SIGTERM or Ctrl-C.
pub(super) fn signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = on(SignalKind::terminate()).map_err(|error| no_handler(&error))?;
    let mut interrupt = on(SignalKind::interrupt()).map_err(|error| no_handler(&error))?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Receives an item for each SIGHUP.
pub(super) fn reload() -> Result<mpsc::Receiver<()>, Failure> {
    let mut hangup = on(SignalKind::hangup()).map_err(|error| no_handler(&error))?;
    let (sender, reloads) = mpsc::channel(1);
    drop(tokio::spawn(async move {
        while hangup.recv().await.is_some() && sender.send(()).await.is_ok() {}
    }));
    Ok(reloads)
}
