//! When the switch is to stop.

use std::io::{self, Read};
use std::thread;

use tokio::signal::unix::{SignalKind, signal as on};
use tokio::sync::oneshot;

use crate::cli::failure::Failure;

/// Comes when somebody sends SIGTERM or Ctrl-C; with `at_end` also when stdin ends, as it does with the process that
/// holds its other end.
pub(super) fn signal(at_end: bool) -> Result<impl Future<Output = ()>, Failure> {
    let unheard = |error: io::Error| Failure::from(format!("signals can't be heard: {error}"));
    let mut terminate = on(SignalKind::terminate()).map_err(unheard)?;
    let mut interrupt = on(SignalKind::interrupt()).map_err(unheard)?;
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

/// In a thread that nobody waits for: it may read for ever.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (tell, end) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock().take(u64::MAX), &mut io::sink());
        let _ = tell.send(());
    });
    end
}
