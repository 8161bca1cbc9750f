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

use crate::bank::settings::Http;

/// Bytes that a connection keeps of what it reads and writes; a head that is longer breaks it.
const BUFFER_MAX: usize = 32 * 1024;

/// A connection. It is closed when this is dropped.
pub(super) struct Line {
    sender: SendRequest<Body>,
    driver: AbortHandle,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Line {
    pub(super) async fn connect(core: &Http) -> io::Result<Self> {
        let stream = TcpStream::connect((core.host.as_str(), core.port)).await?;
        // Without it a request waits for the acknowledgement of the one before.
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
        // How it ends is told to the request under way; without one nobody needs to know.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, driver: driver.abort_handle() })
    }

    /// Sends a request and waits for the head of its answer. In the error is the request, if no byte of it was written.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<hyper::Response<Incoming>, TrySendError<Request<Body>>> {
        // Without the wait a connection that is just done with the last answer refuses. That it is closed is said again below.
        let _closed = self.sender.ready().await;
        self.sender.try_send_request(request).await
    }
}
