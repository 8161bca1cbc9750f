//! An HTTP client of one server. It keeps connections open: as many as there were requests at a time.

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

/// The most bytes of a response body.
const BODY_MAX: usize = 64 * 1024 * 1024;

/// The reason why a response is missing. The server may have done what was requested.
#[derive(Debug, Error)]
pub enum NoResponse {
    /// The server does not accept connections.
    #[error("cannot connect: {0}")]
    NotConnected(#[from] std::io::Error),
    /// The connection broke before the response.
    #[error("connection lost: {0}")]
    ConnectionLost(#[from] hyper::Error),
    /// The connection broke within the response.
    #[error("response incomplete: {0}")]
    Incomplete(#[from] axum::Error),
    /// The request is not valid HTTP.
    #[error("invalid request: {0}")]
    InvalidRequest(#[from] axum::http::Error),
    /// The response did not come in time.
    #[error("no response within {0:?}")]
    Timeout(Duration),
}

/// A client of one server.
pub struct HttpClient {
    server: SocketAddr,
    timeout: Duration,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl HttpClient {
    /// Makes a client that waits at most this long for each response.
    #[must_use]
    pub const fn new(server: SocketAddr, timeout: Duration) -> Self {
        Self { server, timeout, idle: Mutex::new(Vec::new()) }
    }

    /// Sends a request with a JSON body. Returns status and body of the response.
    ///
    /// # Errors
    /// If no complete response comes in time.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<(u16, Bytes), NoResponse> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.server.to_string())
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.into()))?;
        timeout(self.timeout, self.send_request(request))
            .await
            .map_err(|_| NoResponse::Timeout(self.timeout))?
    }

    async fn send_request(&self, request: Request<Body>) -> Result<(u16, Bytes), NoResponse> {
        let mut connection = match self.idle_connection() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        let status = response.status().as_u16();
        let body = to_bytes(Body::new(response.into_body()), BODY_MAX).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok((status, body))
    }

    /// Takes an idle connection that is still open.
    fn idle_connection(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if !connection.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    async fn connect(&self) -> Result<SendRequest<Body>, NoResponse> {
        let stream = TcpStream::connect(self.server).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await?;
        // The request in flight gets the error that ends the connection, so the driver's result is not needed.
        drop(tokio::spawn(driver));
        Ok(sender)
    }
}
