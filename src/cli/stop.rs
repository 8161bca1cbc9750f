//! When a program that goes on and on is to stop, and when it is to read its settings again.

use std::io;
use std::thread;

use tokio::signal::unix::{SignalKind, signal as on};
use tokio::sync::{mpsc, oneshot};

use super::failure::Failure;

fn unheard(error: &io::Error) -> Failure {
    Failure::from(format!("signals can't be heard: {error}"))
}

/// Comes when somebody sends SIGTERM or Ctrl-C; with `at_end` also when stdin ends, as it does with the process that
/// holds its other end.
pub(super) fn signal(at_end: bool) -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = on(SignalKind::terminate()).map_err(|error| unheard(&error))?;
    let mut interrupt = on(SignalKind::interrupt()).map_err(|error| unheard(&error))?;
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

/// Something comes whenever somebody sends SIGHUP.
pub(super) fn again() -> Result<mpsc::Receiver<()>, Failure> {
    let mut hangup = on(SignalKind::hangup()).map_err(|error| unheard(&error))?;
    let (tell, again) = mpsc::channel(1);
    drop(tokio::spawn(async move {
        while hangup.recv().await.is_some() && tell.send(()).await.is_ok() {}
    }));
    Ok(again)
}

/// In a thread that nobody waits for: it may read for ever.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (tell, end) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = tell.send(());
    });
    end
}
