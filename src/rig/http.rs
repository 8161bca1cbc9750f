//! HTTP as a client: connections to one server that are kept open, as many as are used at a time.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Method, Request, header};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Bytes of an answer's body at most.
const BODY_MAX: usize = 64 * 1024 * 1024;

/// Why there is no answer. What was asked may have been done.
#[derive(Debug, Error)]
pub enum NoAnswer {
    /// Nobody listens, or no longer.
    #[error("no connection: {0}")]
    NotConnected(#[from] std::io::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    /// The answer's body broke off.
    #[error("the answer broke off: {0}")]
    BrokeOff(#[from] axum::Error),
    /// The request can't be written.
    #[error("no request: {0}")]
    Unsayable(#[from] axum::http::Error),
    /// Nothing came in time.
    #[error("no answer within {0:?}")]
    Late(Duration),
}

/// A client of one server.
pub struct Client {
    server: SocketAddr,
    patience: Duration,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl Client {
    /// A client that waits this long for each answer.
    #[must_use]
    pub const fn new(server: SocketAddr, patience: Duration) -> Self {
        Self { server, patience, idle: Mutex::new(Vec::new()) }
    }

    /// Asks, and gives status and body of the answer.
    ///
    /// # Errors
    /// If there is none.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<(u16, Bytes), NoAnswer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.server.to_string())
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.into()))?;
        timeout(self.patience, self.exchange(request))
            .await
            .map_err(|_| NoAnswer::Late(self.patience))?
    }

    async fn exchange(&self, request: Request<Body>) -> Result<(u16, Bytes), NoAnswer> {
        let mut line = match self.idle_line() {
            Some(line) => line,
            None => self.connect().await?,
        };
        line.ready().await?;
        let response = line.send_request(request).await?;
        let status = response.status().as_u16();
        let body = to_bytes(Body::new(response.into_body()), BODY_MAX).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Ok((status, body))
    }

    /// A connection that is open still.
    fn idle_line(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(line) = idle.pop() {
            if !line.is_closed() {
                return Some(line);
            }
        }
        None
    }

    async fn connect(&self) -> Result<SendRequest<Body>, NoAnswer> {
        let stream = TcpStream::connect(self.server).await?;
        stream.set_nodelay(true)?;
        let (line, connection) = handshake(TokioIo::new(stream)).await?;
        // How it ends is told to the request under way.
        drop(tokio::spawn(connection));
        Ok(line)
    }
}
