//! The HTTP client of the provider: a connection a request, encrypted except on this machine. It follows no redirect.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Builder as RequestBuilder;
use axum::http::{Request, StatusCode, header};
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::http_client::Endpoint;
use crate::tls::{TlsClient, TlsError};

/// The longest time of a request, with the connection.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a response body.
const BODY_MAX: usize = 256 * 1024;

/// The most bytes of a response head.
const BUFFER_MAX: usize = 32 * 1024;

/// Why the provider did not respond.
#[derive(Debug, Error)]
pub(super) enum HttpError {
    #[error("console.oidc.authority_file is missing, and the address is https://")]
    NoAuthority,
    #[error("connect failed: {0}")]
    Connect(#[from] io::Error),
    #[error("{0}")]
    Tls(#[from] TlsError),
    #[error("connection broken: {0}")]
    Broken(#[from] hyper::Error),
    #[error("response body incomplete or too long: {0}")]
    Body(axum::Error),
    #[error("no response within {TIMEOUT:?}")]
    Timeout,
    #[error("status {0}")]
    Status(StatusCode),
    #[error("request can't be built: {0}")]
    Build(#[from] axum::http::Error),
}

/// The client.
#[derive(Debug)]
pub(super) struct ProviderHttp {
    /// The certificate authority, in PEM.
    authority: Option<String>,
}

impl ProviderHttp {
    pub(super) const fn new(authority: Option<String>) -> Self {
        Self { authority }
    }

    /// Returns the body of an address.
    pub(super) async fn get(&self, from: &Endpoint) -> Result<Bytes, HttpError> {
        self.respond(from, Request::get(from.target()), Body::empty()).await
    }

    /// Sends a form, with the value of the header `Authorization`, and returns the body of the response.
    pub(super) async fn post(
        &self,
        to: &Endpoint,
        authorization: &str,
        form: String,
    ) -> Result<Bytes, HttpError> {
        let request = Request::post(to.target())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::AUTHORIZATION, authorization);
        self.respond(to, request, Body::from(form)).await
    }

    async fn respond(
        &self,
        to: &Endpoint,
        request: RequestBuilder,
        body: Body,
    ) -> Result<Bytes, HttpError> {
        let request = request
            .header(header::HOST, to.authority())
            .header(header::ACCEPT, "application/json")
            .body(body)?;
        let response = timeout(TIMEOUT, self.connected(to, request)).await;
        let (status, body) = response.map_err(|_| HttpError::Timeout)??;
        if status == StatusCode::OK { Ok(body) } else { Err(HttpError::Status(status)) }
    }

    async fn connected(
        &self,
        to: &Endpoint,
        request: Request<Body>,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let stream = TcpStream::connect((to.host(), to.port())).await?;
        if !to.is_encrypted() {
            return over(stream, request).await;
        }
        let authority = self.authority.as_ref().ok_or(HttpError::NoAuthority)?;
        let tls = TlsClient::new(authority.as_bytes(), None, to.host())?;
        over(tls.connect(stream).await?, request).await
    }
}

/// Sends a request over a connection, and reads the response.
async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Body>,
) -> Result<(StatusCode, Bytes), HttpError> {
    let mut http = Builder::new();
    http.max_buf_size(BUFFER_MAX);
    let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await?;
    // The request receives the connection's error.
    let driver = tokio::spawn(async move { drop(connection.await) });
    let _ends = EndsTask(driver.abort_handle());
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = to_bytes(Body::new(response.into_body()), BODY_MAX).await;
    Ok((status, body.map_err(HttpError::Body)?))
}

/// Ends a task when it is dropped.
struct EndsTask(AbortHandle);

impl Drop for EndsTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}
