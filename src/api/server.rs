//! The listener: a bounded number of connections, and a stop that answers every open request.

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

use super::http::Api;
use super::port::ChannelPort;

/// The buffer of a connection, in bytes. A longer request head is refused (431).
const BUFFER_MAX: usize = 32 * 1024;

/// The pause after a connection could not be accepted, such as when too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The response to a connection over the limit, before it is closed.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 1\r\nconnection: close\r\ncontent-length: 68\r\n\r\n\
    {\"responseCode\":\"5030000\",\"responseMessage\":\"Too many connections\"}\n";

/// Serves the API until `stop` completes. Then it accepts no connection, closes idle ones, and returns when every open request
/// has its response. Connections without a complete request by then are closed.
pub async fn serve<D: ChannelPort>(
    listener: TcpListener,
    api: Arc<Api<D>>,
    stop: impl Future<Output = ()>,
) {
    let router = api.router();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).max_buf_size(BUFFER_MAX);
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
            Ok((stream, _)) if connections.len() < api.live().limits.connections => {
                // Otherwise a response waits for the acknowledgement of the previous one.
                let _slower = stream.set_nodelay(true);
                let service = TowerToHyperService::new(router.clone());
                http.header_read_timeout(api.live().limits.idle);
                let connection = http.serve_connection(TokioIo::new(stream), service);
                connections.spawn(run(graceful.watch(connection)));
            }
            Ok((stream, _)) => {
                // Best effort: the refusal must not wait for the client.
                let _failed = refuse(stream);
            }
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(api.request_time_max(), graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "incomplete requests cut off");
    }
}

async fn run(connection: impl Future<Output = hyper::Result<()>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection broken");
    }
}

fn refuse(stream: TcpStream) -> io::Result<()> {
    tracing::warn!("connection refused: limit reached");
    stream.into_std()?.write_all(FULL)
}
