//! The client of the admin API.

use std::path::PathBuf;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use clap::Args;
use futures_util::StreamExt;
use serde_json::Value;

use super::session::{Session, default_file};
use crate::cli::failure::Failure;
use crate::http_client::{HttpClient, Response, Server};
use crate::private_files::{self, Access};
use crate::secrets::without_line_end;

/// The server, and what shows who asks.
#[derive(Args)]
pub(super) struct ServerOption {
    /// The address of the console and the admin API
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081", global = true)]
    server: String,

    /// The certificates that sign the server's, for https
    #[arg(long, value_name = "FILE", global = true)]
    authority: Option<PathBuf>,

    /// Where the session is kept
    #[arg(long, value_name = "FILE", global = true)]
    session: Option<PathBuf>,

    /// A bearer token instead of a session
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,

    /// Print the server's answer
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// A client with what shows who asks.
pub(super) struct Client<'o> {
    option: &'o ServerOption,
    http: HttpClient,
}

impl<'o> Client<'o> {
    pub(super) fn new(option: &'o ServerOption) -> Result<Self, Failure> {
        let authority = option.authority.as_ref().map(|file| {
            std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
        });
        let server = Server::parse(&option.server, authority.transpose()?.as_deref());
        let server = server.map_err(|reason| format!("--server {}: {reason}", option.server))?;
        Ok(Self { option, http: HttpClient::new(server, TIMEOUT) })
    }

    fn session_file(&self) -> PathBuf {
        self.option.session.clone().unwrap_or_else(default_file)
    }

    /// Sends a request without any session.
    pub(super) async fn send_unsigned(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Response, Failure> {
        self.exchange(method, path, &[], body).await
    }

    /// Sends a request in the name of the person who signed in, or with the token.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Failure> {
        let headers = self.identity()?;
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.exchange(method, path, &headers, body.unwrap_or(&Value::Null)).await
    }

    /// Returns the headers that show who asks.
    fn identity(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        if let Some(file) = &self.option.token_file {
            let token =
                private_files::read(file, Access::Secret).map_err(|fault| fault.to_string())?;
            return Ok(vec![("authorization", format!("Bearer {}", without_line_end(&token)))]);
        }
        let session = Session::read(&self.session_file(), &self.option.server)?;
        Ok(vec![("cookie", session.cookie), ("x-csrf-token", session.csrf_token)])
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Response, Failure> {
        let text = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let sent = self.http.exchange(method, path, headers, text).await;
        let response = sent
            .map_err(|error| Failure::Negative(format!("{}{path}: {error}", self.option.server)))?;
        if response.status < 400 { Ok(response) } else { Err(refused(&response)) }
    }

    /// Keeps the session that a sign-in opened.
    pub(super) fn keep(&self, response: &Response) -> Result<(), Failure> {
        let cookie = cookie(&response.headers);
        let body = json(response)?;
        let token = body.get("csrf_token").and_then(Value::as_str);
        let (Some(cookie), Some(token)) = (cookie, token) else {
            return Err(Failure::Negative("the server opened no session".to_owned()));
        };
        let server = self.option.server.clone();
        Session { server, cookie, csrf_token: token.to_owned() }.write(&self.session_file())
    }

    /// Forgets the session.
    pub(super) fn forget(&self) {
        Session::remove(&self.session_file());
    }
}

/// The longest time of a request.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// Returns the JSON of an answer.
pub(super) fn json(response: &Response) -> Result<Value, Failure> {
    serde_json::from_slice(&response.body)
        .map_err(|error| Failure::Negative(format!("the server's answer is not JSON: {error}")))
}

/// Returns the session cookie that an answer sets.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let set = headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let mut pairs = set.filter_map(|cookie| cookie.split(';').next());
    pairs.find(|pair| pair.starts_with("__Host-")).map(str::to_owned)
}

/// Returns the failure of a request that was refused, from its problem.
fn refused(response: &Response) -> Failure {
    let problem: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |name| problem.get(name).and_then(Value::as_str).unwrap_or_default();
    let line = match (text("title"), text("detail")) {
        ("", "") => format!("the server refused the request with status {}", response.status),
        (title, detail) => format!("{title}: {detail}"),
    };
    Failure::Negative(line)
}

/// Server-sent events, one after another.
pub(super) struct Events {
    body: axum::body::BodyDataStream,
    text: Vec<u8>,
}

impl Client<'_> {
    /// Opens the stream of events.
    pub(super) async fn events(&self) -> Result<Events, Failure> {
        let path = "/admin/v1/events";
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Negative(format!("{}{path}: {error}", self.option.server))
        };
        let headers = self.identity()?;
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let opened = self.http.open(path, &headers).await;
        let (status, body) = opened.map_err(|error| failed(&error))?;
        if status == 200 {
            return Ok(Events { body: body.into_data_stream(), text: Vec::new() });
        }
        Err(failed(&format!("status {status}")))
    }
}

impl Events {
    /// Returns the name and the data of the next event; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<(String, String)>, Failure> {
        loop {
            if let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                let event = String::from_utf8_lossy(&event);
                let field = |name: &str| {
                    let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().map(|value| value.trim_start().to_owned()).unwrap_or_default()
                };
                return Ok(Some((field("event:"), field("data:"))));
            }
            match self.body.next().await {
                None => return Ok(None),
                Some(Ok(bytes)) => self.text.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    return Err(Failure::Negative(format!("events: connection lost: {error}")));
                }
            }
        }
    }
}
