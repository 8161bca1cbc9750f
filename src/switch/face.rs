//! The face of the switch: TCP for banks, HTTP for its operator. All rules are the brain's.
//!
//! ```text
//! bank ─► line (frames, codec) ─► batch ─┐                    ┌─► batch ─► line (codec, frames) ─► bank
//!                                        ├─► desk (the brain) ┤
//! operator ─► admin ────────────► job ───┘                    └─► settlement files
//! ```
//! One task, the desk, has the brain; a task for each connection reads and writes. They hand each other what one wake-up
//! brought, in one piece, by channels with bounds. So there is no lock, and few system calls.
//!
//! A connection becomes a bank's by the first message on it that says which: DE32, or else DE33, of a request. Until then its
//! network management is answered and nothing else. A bank may have several connections: an answer goes where its
//! request came from, or on another one of the bank's if that is gone; what the switch asks goes to those that signed on, in turn.

mod admin;
mod clock;
mod codec;
mod desk;
mod files;
mod fixture;
mod line;
mod lines;
mod reference;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

pub use codec::{Codec, Unreadable, Unwritable};
pub use fixture::Fixture;
pub use reference::{NoReference, Reference};

use super::{Dialect, Faults};
use crate::iso8583::Framing;
use desk::{Desk, Heard};
use line::{Line, Speech};
use lines::Tally;

/// What a face is made with.
pub struct Setup {
    /// The rules of the network.
    pub dialect: Dialect,
    /// How its messages are framed.
    pub framing: Framing,
    /// How they are read and written.
    pub codec: Codec,
    /// Banks and accounts.
    pub fixture: Fixture,
    /// What goes wrong from the start.
    pub faults: Faults,
    /// Where settlement files are written when a business date ends.
    pub settlement: Option<PathBuf>,
    /// Decides the luck of faults and the traffic.
    pub seed: u64,
}

/// Connections that there may be; one more is closed at once. Fewer than the files that a process may usually open.
const LINES_MAX: u32 = 512;

/// Batches that may wait for the desk. With more, nothing is read from banks: they feel it.
const WAITING: usize = 256;

/// Wishes of the operator that may wait.
const JOBS: usize = 64;

/// How long no connection is accepted after that failed, as it does when there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections may take to write what is to be written when the switch stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Plays the switch until it is to stop.
pub async fn run(
    setup: Setup,
    banks: TcpListener,
    operator: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let (heard, inbox) = mpsc::channel(WAITING);
    let (jobs, wishes) = mpsc::channel(JOBS);
    let tally = Arc::new(Tally::default());
    let room = Arc::new(Semaphore::new(LINES_MAX as usize));
    let speech = Speech::new(setup.codec.clone(), &setup.framing, setup.dialect.header, &tally);
    let (files, writing) = setup.settlement.clone().map(files::writer).unzip();
    let writing = writing.map(tokio::spawn);
    let desk = Desk::new(setup, files, tally);
    let accepting = tokio::spawn(accept(banks, speech, heard, Arc::clone(&room)));
    let serving = tokio::spawn(admin::serve(operator, jobs));
    tokio::select! {
        () = desk.run(inbox, wishes) => {}
        () = stop => {}
    }
    // Without the desk every line says its last word and ends.
    accepting.abort();
    serving.abort();
    let _ = timeout(LAST_WORDS, room.acquire_many(LINES_MAX)).await;
    // Nor does it leave files any more: those that wait are written.
    if let Some(writing) = writing {
        let _ = writing.await;
    }
}

/// Takes connections on, each in a task of its own.
async fn accept(
    banks: TcpListener,
    speech: Speech,
    desk: mpsc::Sender<Heard>,
    room: Arc<Semaphore>,
) {
    for id in 1.. {
        let (stream, peer) = loop {
            match banks.accept().await {
                Ok(accepted) => break accepted,
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted for a while");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            tracing::warn!(%peer, "turned away: {LINES_MAX} connections are as many as there may be");
            continue;
        };
        tracing::info!(line = id, %peer, "connected");
        let (outlet, outgoing) = mpsc::channel(line::WAITING);
        if desk.send(Heard::Opened(id, outlet)).await.is_err() {
            return;
        }
        let line = Line { stream, speech: speech.on_line(id), desk: desk.clone(), outgoing };
        drop(tokio::spawn(async move {
            line.run().await;
            drop(place);
        }));
    }
}
