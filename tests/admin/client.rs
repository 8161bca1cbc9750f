//! A browser: a client with cookies and the CSRF token of its session.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

/// The name of the session cookie.
pub(crate) const COOKIE: &str = "__Host-titian";

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }

    /// Returns the name of a problem.
    pub(crate) fn problem(&self) -> String {
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        let kind = self.json()["type"].as_str().unwrap().to_owned();
        kind.strip_prefix("urn:titian:problem:").unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let set = lines.filter(|(own, _)| own.eq_ignore_ascii_case("set-cookie"));
        set.filter_map(|(_, cookie)| cookie.split(';').next()?.split_once('='))
    }
}

/// A client.
#[derive(Clone)]
pub(crate) struct Client {
    server: SocketAddr,
    from: Ipv4Addr,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) csrf: Option<String>,
}

impl Client {
    /// A client at 127.0.0.`host`.
    pub(crate) fn new(server: SocketAddr, host: u8) -> Self {
        let from = Ipv4Addr::new(127, 0, 0, host);
        Self { server, from, cookies: Vec::new(), csrf: None }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], Some(body)).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None).await
    }

    /// Sends a request with the cookies and the CSRF token, and keeps those of the response.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        self.send_text(method, path, headers, &body.map(Value::to_string).unwrap_or_default()).await
    }

    /// Sends a request with a body of any kind.
    pub(crate) async fn send_text(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut lines = vec![
            format!("{method} {path} HTTP/1.1"),
            format!("host: {}", self.server),
            "connection: close".to_owned(),
            format!("content-length: {}", body.len()),
        ];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        lines.extend(self.csrf.iter().map(|csrf| format!("x-csrf-token: {csrf}")));
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies: Vec<_> = cookies.collect();
        if !cookies.is_empty() {
            lines.push(format!("cookie: {}", cookies.join("; ")));
        }
        let request = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        let reply = self.exchange(&request).await;
        for (name, value) in reply.cookies() {
            self.cookies.retain(|(own, _)| own != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        if reply.status == 200
            && let Ok(Value::Object(body)) = serde_json::from_str(&reply.text)
            && let Some(csrf) = body.get("csrf_token").and_then(Value::as_str)
        {
            self.csrf = Some(csrf.to_owned());
        }
        reply
    }

    async fn exchange(&self, request: &str) -> Reply {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::V4(self.from), 0)).unwrap();
        let mut stream = socket.connect(self.server).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_owned(), text: body.to_owned() }
    }
}
