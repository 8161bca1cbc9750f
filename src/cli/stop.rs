//! Signals of a long-running command: stop and reload.

use std::io;
use std::thread;

use tokio::signal::unix::{SignalKind, signal as on};
use tokio::sync::{mpsc, oneshot};

use super::failure::Failure;

fn no_handler(error: &io::Error) -> Failure {
    Failure::from(format!("cannot install a signal handler: {error}"))
}

/// Completes on SIGTERM or Ctrl-C; with `at_end` also at the end of stdin, which comes when the parent process ends.
pub(super) fn signal(at_end: bool) -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = on(SignalKind::terminate()).map_err(|error| no_handler(&error))?;
    let mut interrupt = on(SignalKind::interrupt()).map_err(|error| no_handler(&error))?;
    let end = at_end.then(end_of_stdin);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = async {
                match end {
                    Some(end) => drop(end.await),
                    None => std::future::pending().await,
                }
            } => {}
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

/// Reads stdin to its end in a thread of its own, which may block for ever.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (sender, end) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = sender.send(());
    });
    end
}
