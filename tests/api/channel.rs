//! A test client: signs requests by SNAP and reads the responses.

use std::fmt::Write as _;
use std::net::SocketAddr;

use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding, Signer};
use serde_json::{Value, json};
use sha2::Sha256;
use titian::api::{SignatureKey, SignedRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fake_port::in_time;
use super::key::MOBILE;

pub(crate) const TRANSFER: &str = "/v1.0/transfer-interbank";
pub(crate) const STATUS: &str = "/v1.0/transfer/status";
pub(crate) const INQUIRY: &str = "/v1.0/account-inquiry-external";
pub(crate) const TOKEN: &str = "/v1.0/access-token/b2b";

/// `NOW` in the time zone of the channel.
pub(crate) const TIMESTAMP: &str = "2026-11-25T01:30:00+07:00";

/// A complete transfer request.
pub(crate) fn order(reference: &str) -> Value {
    json!({
        "partnerReferenceNo": reference,
        "amount": {"value": "125000.00", "currency": "IDR"},
        "beneficiaryAccountName": "Siti Rahayu",
        "beneficiaryAccountNo": "8881234567",
        "beneficiaryBankCode": "014",
        "sourceAccountNo": "1230004567",
        "transactionDate": TIMESTAMP,
        "currency": "IDR",
        "originatorInfos": [{"originatorCustomerName": "Budi Santoso", "originatorBankCode": "110"}],
        "customerReference": "rent",
        "feeType": "OUR",
        "additionalInfo": {},
    })
}

/// Changes a value, by its JSON pointer.
pub(crate) fn changed(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) json: Value,
}

impl Reply {
    pub(crate) fn code(&self) -> &str {
        self.json["responseCode"].as_str().unwrap()
    }

    /// Returns status and body, for snapshots.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.status, serde_json::to_string_pretty(&self.json).unwrap())
    }
}

/// A request.
#[derive(Clone)]
pub(crate) struct TestRequest {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl TestRequest {
    pub(crate) fn new(path: &str, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self {
            method: "POST",
            path: path.to_owned(),
            headers,
            body: serde_json::to_vec(body).unwrap(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: titian\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "content-length: {}\r\n\r\n", self.body.len()).unwrap();
        [head.as_bytes(), &self.body].concat()
    }
}

pub(crate) struct Channel {
    address: SocketAddr,
    stream: Option<TcpStream>,
    pub(crate) token: String,
}

impl Channel {
    /// Connects and gets a token.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let mut channel = Self { address, stream: None, token: String::new() };
        let reply = channel.send(&Self::token_request()).await;
        assert_eq!(reply.code(), "2007300", "{}", reply.json);
        reply.json["accessToken"].as_str().unwrap().clone_into(&mut channel.token);
        channel
    }

    /// Uses the token of another client.
    pub(crate) fn with(address: SocketAddr, token: &str) -> Self {
        Self { address, stream: None, token: token.to_owned() }
    }

    pub(crate) fn bare(address: SocketAddr) -> Self {
        Self { address, stream: None, token: String::new() }
    }

    pub(crate) fn token_request() -> TestRequest {
        let key = SigningKey::<Sha256>::new(MOBILE.clone());
        let signature = key.sign(format!("client-1|{TIMESTAMP}").as_bytes());
        TestRequest::new(TOKEN, &json!({"grantType": "client_credentials"}))
            .header("x-client-key", "client-1")
            .header("x-timestamp", TIMESTAMP)
            .header("x-signature", &base64(&signature.to_bytes()))
    }

    /// Makes a complete, signed request.
    pub(crate) fn signed(&self, path: &str, external: &str, body: &Value) -> TestRequest {
        self.sign(&TestRequest::new(path, body).header("x-external-id", external), TIMESTAMP)
    }

    pub(crate) fn sign(&self, request: &TestRequest, timestamp: &str) -> TestRequest {
        let signed = SignedRequest {
            method: request.method,
            path: &request.path,
            token: &self.token,
            body: &request.body,
            timestamp,
        };
        let key = SignatureKey::new(super::settings::SECRET.as_bytes()).unwrap();
        request
            .clone()
            .header("authorization", &format!("Bearer {}", self.token))
            .header("x-partner-id", "MOBILE")
            .header("channel-id", "95221")
            .header("x-timestamp", timestamp)
            .header("x-signature", &key.sign(&signed))
    }

    pub(crate) async fn ask(&mut self, path: &str, external: &str, body: &Value) -> Reply {
        let request = self.signed(path, external, body);
        self.send(&request).await
    }

    pub(crate) async fn send(&mut self, request: &TestRequest) -> Reply {
        self.write(&request.bytes()).await;
        self.reply().await
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        if self.stream.is_none() {
            self.stream = Some(in_time(TcpStream::connect(self.address)).await.unwrap());
        }
        in_time(self.stream.as_mut().unwrap().write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn reply(&mut self) -> Reply {
        let stream = self.stream.as_mut().unwrap();
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            let read = in_time(stream.read_buf(&mut bytes)).await.unwrap();
            assert!(read > 0, "closed before the response: {}", String::from_utf8_lossy(&bytes));
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        let length: usize = length.parse().unwrap();
        while bytes.len() < end + length {
            assert!(in_time(stream.read_buf(&mut bytes)).await.unwrap() > 0);
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let json = serde_json::from_slice(&bytes[end..]).unwrap_or(Value::Null);
        if head.contains("connection: close") {
            self.stream = None;
        }
        Reply { status, head, json }
    }

    /// Returns whether the server has closed the connection.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        !matches!(in_time(self.stream.as_mut().unwrap().read(&mut byte)).await, Ok(1..))
    }

    pub(crate) fn hang_up(&mut self) {
        self.stream = None;
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    Base64::encode_string(bytes)
}
