//! The listener: connections within a bound, and an end that answers everyone.

use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::desk::Desk;
use super::http::Api;

/// Bytes that a connection keeps of what it reads and writes; a head that is longer is refused (431).
const BUFFER_MAX: usize = 32 * 1024;

/// How long the listener rests when the system has no room for a connection.
const REST: Duration = Duration::from_millis(100);

/// What a connection over the bound is told before it is closed.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 1\r\nconnection: close\r\ncontent-length: 68\r\n\r\n\
    {\"responseCode\":\"5030000\",\"responseMessage\":\"Too many connections\"}\n";

/// Serves the API until `stop` comes; then nothing new is taken, idle connections are closed, and it returns when every
/// request that was under way is answered. Whoever has not sent its request by the time that takes is cut off.
pub async fn serve<D: Desk>(
    listener: TcpListener,
    api: Arc<Api<D>>,
    stop: impl Future<Output = ()>,
) {
    let router = api.router();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(api.limits.idle).max_buf_size(BUFFER_MAX);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) if connections.len() < api.limits.connections => {
                // Without it an answer waits for the acknowledgement of the one before.
                let _slower = stream.set_nodelay(true);
                let service = TowerToHyperService::new(router.clone());
                let connection = http.serve_connection(TokioIo::new(stream), service);
                connections.spawn(run(graceful.watch(connection)));
            }
            Ok((stream, _)) => {
                // Whether it hears that is not for us to wait for.
                let _unheard = refuse(stream);
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(REST).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(api.longest(), graceful.shutdown()).await.is_err() {
        tracing::warn!(cut = connections.len(), "connections without a whole request are cut");
    }
}

async fn run(connection: impl Future<Output = hyper::Result<()>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection broke");
    }
}

fn refuse(stream: TcpStream) -> io::Result<()> {
    tracing::warn!("a connection over the bound is closed");
    stream.into_std()?.write_all(FULL)
}
