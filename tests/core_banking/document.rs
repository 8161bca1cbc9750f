//! The OpenAPI document is correct: the client's requests and the served ledger's replies match it, and the client understands
//! its examples.

use std::fs;

use serde_json::{Value, from_str};
use titian::core_banking::{CoreCommand, CoreReply, SignatureInput, SigningKey};
use titian::private_files::Access;
use titian::transfer::{AccountReply, CancelReply, PostingReply, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::hostile_core::{Action, HostileCore, http_response};
use super::support::{BUDI, Core, Folder, NOW, Port, SITI, account, id, partial_reversal, posting};

struct Document(Value);

impl Document {
    fn read() -> Self {
        let text = fs::read_to_string("specs/core-banking.openapi.yaml").unwrap();
        Self(serde_yaml::from_str(&text).unwrap())
    }

    fn at<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(name) => self.0.pointer(name.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    fn operation(&self, method: &str, path: &str) -> &Value {
        let path =
            if path.starts_with("/postings/") { "/postings/{id}" } else { "/accounts/{number}" };
        let operation = &self.0["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path}: not in the document");
        operation
    }

    /// Returns whether a value matches a schema. Supports the keywords that the document uses.
    fn accepts(&self, schema: &Value, value: &Value) -> bool {
        let schema = self.at(schema);
        match value {
            Value::Object(object) => {
                let known = &schema["properties"];
                let must = schema["required"].as_array().unwrap();
                must.iter().all(|name| object.contains_key(name.as_str().unwrap()))
                    && object.iter().all(|(name, value)| {
                        known[name].is_object() && self.accepts(&known[name], value)
                    })
            }
            Value::String(text) => {
                schema["type"] == "string"
                    && schema["enum"].as_array().is_none_or(|all| all.contains(value))
                    && schema["maxLength"].as_u64().is_none_or(|most| text.len() as u64 <= most)
                    && schema["minLength"].as_u64().is_none_or(|least| text.len() as u64 >= least)
                    && (schema["format"] != "uuid" || text.len() == 36)
            }
            _ => false,
        }
    }
}

fn commands() -> [CoreCommand; 5] {
    [
        CoreCommand::Post(posting(1, Side::Debit, SITI, 12_500_000)),
        CoreCommand::Post(posting(2, Side::Credit, BUDI, 1)),
        CoreCommand::Cancel(id(1)),
        CoreCommand::Account(id(7), account("12-34.5/6")),
        CoreCommand::Post(partial_reversal(3, 1, (Side::Credit, SITI), 600)),
    ]
}

/// Splits a request into method, path, headers and body.
fn parts(request: &str) -> (&str, &str, Vec<(&str, &str)>, &str) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let first: Vec<_> = lines.next().unwrap().split(' ').collect();
    let headers = lines.map(|line| line.split_once(": ").unwrap()).collect();
    (first[0], first[1], headers, body)
}

#[tokio::test]
async fn client_requests_match_the_document_and_never_vary() {
    let document = Document::read();
    let core = HostileCore::open([Action::Respond(http_response(503, ""))]).await;
    let mut port = Port::at(core.address, "timeout = \"10s\"\nconnections = 1");
    for command in commands().into_iter().chain(commands()) {
        port.send(command).await;
    }
    let sent = core.requests();
    for request in &sent {
        let (method, path, _, body) = parts(request);
        let operation = document.operation(method, path);
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match from_str::<Value>(body) {
            Ok(body) => assert!(document.accepts(schema, &body), "{request}"),
            Err(_) => assert!(schema.is_null() && body.is_empty(), "{request}"),
        }
    }
    assert_eq!(sent[..5], sent[5..]);
    let content =
        &document.operation("put", "/postings/")["requestBody"]["content"]["application/json"];
    for (example, request) in [("transfer", &sent[0]), ("partialReversal", &sent[4])] {
        let example = &content["examples"][example]["value"];
        let mine: Value = from_str(parts(request).3).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(example), keys(&mine));
        assert_eq!(example["narrative"], mine["narrative"]);
    }
}

#[tokio::test]
async fn requests_are_signed_as_documented() {
    let document = Document::read();
    let folder = Folder::new();
    let text = "a key of the bank and core";
    let file = folder.key_file("key", Access::Secret, text);
    let signed = format!("timeout = \"10s\"\nconnections = 1\nhmac_key_file = {file:?}");
    let hostile_core = HostileCore::open([Action::Respond(http_response(503, ""))]).await;
    let mut port = Port::at(hostile_core.address, &signed);
    for command in commands() {
        port.send(command).await;
    }
    let key = SigningKey::new(text.as_bytes()).unwrap();
    for request in hostile_core.requests() {
        let (method, path, headers, body) = parts(&request);
        let header = |scheme: &str| {
            let name =
                document.0["components"]["securitySchemes"][scheme]["name"].as_str().unwrap();
            let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
            found.unwrap().1
        };
        let timestamp = header("timestamp");
        let millis = timestamp.parse().unwrap();
        assert!((NOW..=port.clock.now().millis()).contains(&millis), "{timestamp}");
        assert_eq!(timestamp, millis.to_string());
        let input = SignatureInput { method, path, body: body.as_bytes(), timestamp };
        assert!(key.verifies(&input, header("signature")), "{request}");
    }
    // The served ledger accepts only requests that its key signed.
    let core = Core::open(&folder, Some(key)).await;
    let debit = posting(1, Side::Debit, SITI, 400);
    assert_eq!(core.port(&signed).post(&debit).await, PostingReply::Posted);
    fs::write(&file, "a key of another bank").unwrap();
    assert_eq!(core.port(&signed).post(&debit).await, PostingReply::Unknown);
    let unsigned = "timeout = \"10s\"\nconnections = 1";
    assert_eq!(core.port(unsigned).cancel(1).await, CancelReply::Unknown);
}

/// Returns status and body of the core's reply.
async fn reply(core: &Core, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(core.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn request(method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: core\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn body(number: u128, account: &str, value: &str) -> String {
    format!(
        r#"{{"transferId":"{}","direction":"debit","account":"{account}","amount":{{"value":"{value}","currency":"IDR"}},"counterparty":"014","narrative":"Interbank transfer to bank 014"}}"#,
        id(number)
    )
}

fn put(number: u128, account: &str, value: &str) -> String {
    request("PUT", &format!("/postings/{}", id(number)), &body(number, account, value))
}

/// Returns the body of a partial reversal.
fn part(of: u128, value: &str) -> String {
    body(of, SITI, value)
        .replace("debit", "credit")
        .replace("Interbank", "Reversal of interbank")
        .replace("014\"}", &format!("014\",\"reverses\":\"{}\"}}", id(of)))
}

fn put_part(number: u128, of: u128, value: &str) -> String {
    request("PUT", &format!("/postings/{}", id(number)), &part(of, value))
}

#[tokio::test]
async fn the_served_ledger_replies_as_documented() {
    let document = Document::read();
    let folder = Folder::new();
    let core = Core::open(&folder, None).await;
    let of = |method, number: u128| request(method, &format!("/postings/{}", id(number)), "");
    let cases = [
        (put(1, SITI, "4.00"), 201),
        (put(1, SITI, "4.00"), 200),
        (put(1, SITI, "5.00"), 409),
        (put_part(8, 1, "1.50"), 201),
        (put_part(8, 1, "1.50"), 200),
        (put_part(9, 1, "2.51"), 422),
        (put_part(10, 7, "1.00"), 422),
        (of("DELETE", 8), 200),
        (put(2, SITI, "1000.01"), 422),
        (of("GET", 1), 200),
        (of("GET", 2), 200),
        (of("DELETE", 1), 200),
        (of("DELETE", 3), 200),
        (put(1, SITI, "4.00"), 410),
        (of("GET", 1), 200),
        (request("GET", &format!("/accounts/{SITI}"), ""), 200),
        (request("GET", "/accounts/1000000003", ""), 200),
        (request("GET", "/accounts/9", ""), 404),
    ];
    for (request, expected) in cases {
        let (status, body) = reply(&core, &request).await;
        assert_eq!(status, expected, "{request}");
        let (method, path, ..) = parts(&request);
        let responses = &document.operation(method, path)["responses"];
        let schema = &responses[status.to_string()]["content"]["application/json"]["schema"];
        assert!(document.accepts(schema, &from_str(&body).unwrap()), "{request}: {body}");
    }
    assert_eq!(reply(&core, &of("GET", 7)).await.0, 404);
    // A body that is not a posting with this id moves no money.
    let whole = body(5, SITI, "4.00");
    for wrong in [
        body(6, SITI, "4.00"),
        body(5, SITI, "4.000"),
        body(5, "", "4.00"),
        whole.replace("bank 014", "bank 015"),
        whole.replace("{\"tra", "{\"no\":1,\"tra"),
        whole.replace('}', ""),
        part(5, "4.00"),
        String::new(),
    ] {
        let wrong = request("PUT", &format!("/postings/{}", id(5)), &wrong);
        assert_eq!(reply(&core, &wrong).await.0, 400, "{wrong}");
    }
    assert_eq!(reply(&core, &request("DELETE", "/postings/5", "")).await.0, 400);
    // The debit, and the debit that stands again after the cancel of its part.
    assert_eq!(folder.books().debited.count, 2);
    core.close().await;
}

#[tokio::test]
async fn the_client_understands_all_examples() {
    let document = Document::read();
    let mut count = 0;
    for (method, command) in
        [("put", &commands()[0]), ("delete", &commands()[2]), ("get", &commands()[3])]
    {
        let path = if method == "get" { "/accounts/" } else { "/postings/" };
        for (status, response) in document.operation(method, path)["responses"].as_object().unwrap()
        {
            let content = &response["content"]["application/json"];
            let Ok(said) = status.parse() else { continue };
            assert!(document.accepts(&content["schema"], &content["example"]), "{method} {status}");
            let example = content["example"].to_string();
            let example =
                example.replace("0190a4b5-c6d7-7e8f-8a0b-1c2d3e4f5061", &id(1).to_string());
            let core = HostileCore::open([Action::Respond(http_response(said, &example))]).await;
            let mut port = Port::at(core.address, "timeout = \"10s\"\nconnections = 1");
            let reply = port.send(command.clone()).await;
            let unknown = matches!(
                reply,
                CoreReply::Posting(_, PostingReply::Unknown)
                    | CoreReply::Cancel(_, CancelReply::Unknown)
                    | CoreReply::Account(_, AccountReply::Unknown)
            );
            assert!(!unknown, "{method} {status}: {example}");
            count += 1;
        }
    }
    assert_eq!(count, 5 + 2 + 3);
}
