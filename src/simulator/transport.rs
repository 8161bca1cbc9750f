//! The transport of the simulated switch: TCP for banks, HTTP for its admin interface. All rules are in the model.
//!
//! ```text
//! bank ─► connection (frames, codec) ─► batch ─┐                ┌─► batch ─► connection (codec, frames) ─► bank
//!                                              ├─► model task ──┤
//! admin interface ────────────────────► job ───┘                └─► settlement files
//! ```
//! One task owns the model; each connection has a task that reads and writes. They pass each other whole batches over bounded
//! channels: all that one wake-up brought. So there are no locks, and few system calls.
//!
//! A connection belongs to the bank that the first request on it names, in DE32 or else DE33. Before that, the switch answers
//! its network management and refuses everything else. A bank may have several connections. A response goes back on the
//! connection of its request, or on another one of the bank if that is closed. Requests of the switch take the bank's
//! signed-on connections in turn.

mod admin;
mod codec;
mod connection;
mod connections;
mod fixture;
mod model_task;
mod odd_encoding;
mod reference;
mod settlement_files;
mod setup;
mod text_elements;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

pub use codec::{Codec, WriteError};
pub use fixture::Fixture;
pub use reference::{Reference, ReferenceUnavailable};
pub use setup::Setup;
pub use text_elements::ReadError;

use connection::{BankConnection, MessageStream};
use connections::ErrorCounters;
use model_task::{ConnectionEvent, ModelTask};

/// The most connections; the switch closes any further one at once. Fewer than the usual limit of open files of a process.
const CONNECTIONS_MAX: u32 = 512;

/// The most batches that wait for the model. At the bound, connections are not read, so that TCP slows the banks down.
const WAITING_BATCHES: usize = 256;

/// The most admin jobs that wait for the model.
const WAITING_JOBS: usize = 64;

/// The pause after a failure to accept a connection, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections may take at shutdown to write what is queued.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the simulated switch until `stop` completes.
pub async fn run(
    setup: Setup,
    banks: TcpListener,
    admin: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let (events, event_queue) = mpsc::channel(WAITING_BATCHES);
    let (jobs, job_queue) = mpsc::channel(WAITING_JOBS);
    let counters = Arc::new(ErrorCounters::default());
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
    let messages =
        MessageStream::new(setup.codec.clone(), &setup.framing, setup.rules.header, &counters);
    let (files, writing) = setup.settlement_dir.clone().map(settlement_files::writer).unzip();
    let writing = writing.map(tokio::spawn);
    let model_task = ModelTask::new(setup, files, counters);
    let accepting = tokio::spawn(accept(banks, messages, events, Arc::clone(&permits)));
    let serving = tokio::spawn(admin::serve(admin, jobs));
    tokio::select! {
        () = model_task.run(event_queue, job_queue) => {}
        () = stop => {}
    }
    // The model task is gone: each connection writes what is queued, and ends.
    accepting.abort();
    serving.abort();
    let _ = timeout(SHUTDOWN_TIMEOUT, permits.acquire_many(CONNECTIONS_MAX)).await;
    // No more files are queued: the writer finishes those that wait.
    if let Some(writing) = writing {
        let _ = writing.await;
    }
}

/// Accepts connections. Each gets a task.
async fn accept(
    banks: TcpListener,
    messages: MessageStream,
    events: mpsc::Sender<ConnectionEvent>,
    permits: Arc<Semaphore>,
) {
    for id in 1.. {
        let (stream, peer) = loop {
            match banks.accept().await {
                Ok(accepted) => break accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            tracing::warn!(%peer, limit = CONNECTIONS_MAX, "connection refused: too many connections");
            continue;
        };
        tracing::info!(connection = id, %peer, "connection accepted");
        let (outgoing, outgoing_queue) = mpsc::channel(connection::WAITING_BATCHES);
        if events.send(ConnectionEvent::Opened(id, outgoing)).await.is_err() {
            return;
        }
        let connection = BankConnection {
            stream,
            messages: messages.on_connection(id),
            events: events.clone(),
            outgoing: outgoing_queue,
        };
        drop(tokio::spawn(async move {
            connection.run().await;
            drop(permit);
        }));
    }
}
