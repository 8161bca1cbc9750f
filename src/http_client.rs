//! An HTTP client of one server. It keeps connections open: as many as there were requests at a time.

mod endpoint;

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

pub use endpoint::{Endpoint, escaped, form};

use crate::tls::TlsClient;

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

/// A server, and how it is reached.
#[derive(Clone)]
pub struct Server {
    /// The host with its port, as requests name it.
    host: String,
    address: SocketAddr,
    tls: Option<TlsClient>,
}

impl Server {
    /// Reads `http://HOST:PORT` or `https://HOST:PORT`. `authority` has the certificates that sign the server's, for https.
    ///
    /// # Errors
    /// The reason, if it is not of this form, the host is unknown, or https has no authority.
    pub fn parse(url: &str, authority: Option<&[u8]>) -> Result<Self, String> {
        let (scheme, rest) =
            url.split_once("://").ok_or("must be http://HOST:PORT or https://HOST:PORT")?;
        let host = rest.trim_end_matches('/');
        let name = host.rsplit_once(':').map(|(name, _)| name.trim_matches(['[', ']']));
        let name = name.filter(|name| !name.is_empty() && !host.contains('/'));
        let name = name.ok_or("must have a host and a port, and no path")?;
        let tls = match (scheme, authority) {
            ("http", _) => None,
            ("https", Some(authority)) => {
                Some(TlsClient::new(authority, None, name).map_err(|error| error.to_string())?)
            }
            ("https", None) => {
                return Err("needs the certificates that sign the server's".to_owned());
            }
            _ => return Err("must be http://HOST:PORT or https://HOST:PORT".to_owned()),
        };
        let found = host.to_socket_addrs().map_err(|error| error.to_string())?.next();
        let address = found.ok_or("the host has no address")?;
        Ok(Self { host: host.to_owned(), address, tls })
    }

    /// Looks up the server of an address. `authority` has the certificates that sign the server's, for https.
    ///
    /// # Errors
    /// The reason, if the host is unknown, or https has no valid authority.
    pub async fn find(endpoint: &Endpoint, authority: Option<&[u8]>) -> Result<Self, String> {
        let tls = match (endpoint.is_encrypted(), authority) {
            (false, _) => None,
            (true, Some(authority)) => {
                let tls = TlsClient::new(authority, None, endpoint.host());
                Some(tls.map_err(|error| error.to_string())?)
            }
            (true, None) => {
                return Err("needs the certificates that sign the server's".to_owned());
            }
        };
        let found = lookup_host((endpoint.host(), endpoint.port())).await;
        let address = found.map_err(|error| error.to_string())?.next();
        let address = address.ok_or("the host has no address")?;
        Ok(Self { host: endpoint.authority().to_owned(), address, tls })
    }
}

impl From<SocketAddr> for Server {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.to_string(), address, tls: None }
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A client of one server.
pub struct HttpClient {
    server: Server,
    timeout: Duration,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl HttpClient {
    /// Makes a client that waits at most this long for each response.
    #[must_use]
    pub fn new(server: impl Into<Server>, timeout: Duration) -> Self {
        Self { server: server.into(), timeout, idle: Mutex::new(Vec::new()) }
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
        let Response { status, body, .. } = self.exchange(method, path, headers, body).await?;
        Ok((status, body))
    }

    /// Sends a request with a JSON body. Returns the whole response.
    ///
    /// # Errors
    /// If no complete response comes in time.
    pub async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Response, NoResponse> {
        let request = self.request(method, path, headers, body)?;
        timeout(self.timeout, self.send_request(request))
            .await
            .map_err(|_| NoResponse::Timeout(self.timeout))?
    }

    /// Sends a request without a body, and returns the body of the response as it comes. Waits without end.
    ///
    /// # Errors
    /// If no response begins in time.
    pub async fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(u16, Body), NoResponse> {
        let request = self.request(Method::GET, path, headers, Bytes::new())?;
        let begin = async {
            let mut connection = Box::pin(self.connect()).await?;
            connection.ready().await?;
            let response = connection.send_request(request).await?;
            Ok((response.status().as_u16(), Body::new(response.into_body())))
        };
        timeout(self.timeout, begin).await.map_err(|_| NoResponse::Timeout(self.timeout))?
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Request<Body>, NoResponse> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &*self.server.host)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(request.body(Body::from(body.into()))?)
    }

    async fn send_request(&self, request: Request<Body>) -> Result<Response, NoResponse> {
        let mut connection = match self.idle_connection() {
            Some(connection) => connection,
            None => Box::pin(self.connect()).await?,
        };
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(Body::new(response.into_body()), BODY_MAX).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(Response { status, headers, body })
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
        let stream = TcpStream::connect(self.server.address).await?;
        stream.set_nodelay(true)?;
        match self.server.tls.clone() {
            None => begin(stream).await,
            Some(tls) => begin(tls.connect(stream).await?).await,
        }
    }
}

/// Begins HTTP on a connection.
async fn begin<S>(stream: S) -> Result<SendRequest<Body>, NoResponse>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, driver) = handshake(TokioIo::new(stream)).await?;
    // The request in flight gets the error that ends the connection, so the driver's result is not needed.
    drop(tokio::spawn(driver));
    Ok(sender)
}
