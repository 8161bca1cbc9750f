//! A connection to core.

use std::io;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use crate::core_banking::settings::Http;

/// The buffer size of a connection, in bytes. A longer response head breaks the connection.
const BUFFER_MAX: usize = 32 * 1024;

/// A connection to core. Dropping it closes it.
pub(super) struct CoreConnection {
    sender: SendRequest<Body>,
    driver: AbortHandle,
}

impl Drop for CoreConnection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl CoreConnection {
    pub(super) async fn connect(core: &Http) -> io::Result<Self> {
        let stream = TcpStream::connect((core.host.as_str(), core.port)).await?;
        // With Nagle's algorithm a request would wait for the acknowledgement of the previous one.
        stream.set_nodelay(true)?;
        match &core.tls {
            None => Self::over(stream).await,
            Some(tls) => Self::over(tls.clone().connect(stream).await?).await,
        }
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> io::Result<Self> {
        let mut http = Builder::new();
        http.max_buf_size(BUFFER_MAX);
        let (sender, connection) =
            http.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // The request in flight receives the connection's error. Without one, the error does not matter.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, driver: driver.abort_handle() })
    }

    /// Sends a request and waits for the response head. The error contains the request if no byte of it was written.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<hyper::Response<Incoming>, TrySendError<Request<Body>>> {
        // Without the wait, a connection that has just finished the previous response refuses. If it is closed, the next call
        // fails too.
        let _closed = self.sender.ready().await;
        self.sender.try_send_request(request).await
    }
}
