//! A core that violates the specification. The port treats no invalid reply as a reply, and sends no command twice.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use titian::core_banking::{CoreCommand, CoreReply, Counts};
use titian::transfer::{AccountReply, CancelReply, PostingReply, PriorPosting, Refusal, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::support::{Port, SITI, account, id, posting};

/// The core's reaction to a request.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Sends the response and continues.
    Respond(String),
    /// Sends the response and closes the connection.
    RespondAndClose(String),
    /// Sends the text and then nothing more.
    Hang(String),
}

/// The core. It performs its actions in order, and repeats the last one for all further requests.
#[derive(Clone)]
pub(crate) struct HostileCore {
    pub(crate) address: SocketAddr,
    actions: Arc<Mutex<VecDeque<Action>>>,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl HostileCore {
    pub(crate) async fn open(actions: impl IntoIterator<Item = Action>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let core = Self {
            address: listener.local_addr().unwrap(),
            actions: Arc::new(Mutex::new(actions.into_iter().collect())),
            requests: Arc::default(),
            connections: Arc::default(),
        };
        let serving = core.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *serving.connections.lock().unwrap() += 1;
                tokio::spawn(serving.clone().serve_connection(stream));
            }
        });
        core
    }

    /// Returns the complete requests received.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the number of connections.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    fn action(&self) -> Action {
        let mut actions = self.actions.lock().unwrap();
        if actions.len() > 1 { actions.pop_front().unwrap() } else { actions[0].clone() }
    }

    async fn serve_connection(self, mut stream: TcpStream) {
        while let Some(request) = request(&mut stream).await {
            self.requests.lock().unwrap().push(request);
            match self.action() {
                Action::Respond(text) => stream.write_all(text.as_bytes()).await.unwrap(),
                Action::RespondAndClose(text) => {
                    let _ = stream.write_all(text.as_bytes()).await;
                    return;
                }
                Action::Hang(text) => {
                    stream.write_all(text.as_bytes()).await.unwrap();
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// Reads a request, head and body.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => text += std::str::from_utf8(&buffer[..count]).unwrap(),
            _ => return None,
        }
    }
}

pub(crate) fn http_response(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn post() -> CoreCommand {
    CoreCommand::Post(posting(1, Side::Debit, SITI, 400))
}

/// Sends a command to a core that performs one action. Returns the reply, the counts, and the number of requests received.
async fn send_to(command: CoreCommand, action: Action) -> (CoreReply, Counts, usize) {
    let timeouts: &[_] = match action {
        // Such a core is waited for. On a slow machine the request may not have arrived when the time is over.
        Action::Hang(_) => &["250ms", "5s", "60s"],
        Action::Respond(_) | Action::RespondAndClose(_) => &["60s"],
    };
    let mut last = None;
    for timeout in timeouts {
        let core = HostileCore::open([action.clone()]).await;
        let mut port = Port::at(core.address, &format!("timeout = \"{timeout}\"\nconnections = 1"));
        let reply = port.send(command.clone()).await;
        let received = core.requests().len();
        last = Some((reply, port.counts(), received));
        if received > 0 {
            break;
        }
    }
    last.unwrap()
}

fn unknown(command: &CoreCommand) -> CoreReply {
    match command {
        CoreCommand::Post(posting) => CoreReply::Posting(posting.id, PostingReply::Unknown),
        CoreCommand::Cancel(id) => CoreReply::Cancel(*id, CancelReply::Unknown),
        CoreCommand::CancelPart(part) => {
            CoreReply::PartCancel(part.transfer_id, CancelReply::Unknown)
        }
        CoreCommand::Account(id, _) => CoreReply::Account(*id, AccountReply::Unknown),
    }
}

#[tokio::test]
async fn a_missing_reply_is_unknown_and_the_command_was_sent_once() {
    let half = http_response(201, "{\"id\"");
    let half = half.replace("content-length: 5", "content-length: 99");
    let actions = [
        Action::Hang(String::new()),
        Action::Hang("HTTP/1.1 201 Cre".to_owned()),
        Action::Hang(half.clone()),
        Action::RespondAndClose(String::new()),
        Action::RespondAndClose("HTTP/1.1 201 Created\r\ncontent-le".to_owned()),
        Action::RespondAndClose(half),
        Action::RespondAndClose("SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned()),
        Action::Respond("\0\u{1}garbage\r\n\r\n".to_owned()),
        Action::Respond(format!("HTTP/1.1 201 Created\r\nx: {}\r\n\r\n", "x".repeat(100_000))),
        Action::Respond(http_response(201, &" ".repeat(17_000))),
        Action::Respond(
            "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
        ),
    ];
    for action in actions {
        for command in
            [post(), CoreCommand::Cancel(id(1)), CoreCommand::Account(id(7), account(SITI))]
        {
            let (reply, counts, sent) = send_to(command.clone(), action.clone()).await;
            assert_eq!((reply, sent), (unknown(&command), 1), "{action:?}");
            assert_eq!(counts, Counts { no_reply: 1, ..Counts::default() }, "{action:?}");
        }
    }
}

#[tokio::test]
async fn a_reply_outside_the_specification_is_unknown() {
    let mine = id(1).to_string();
    let another = id(2).to_string();
    let state = |of: &str, state: &str| format!(r#"{{"id":"{of}","state":"{state}"}}"#);
    let wrong = [
        http_response(200, "<html>Welcome</html>"),
        http_response(201, ""),
        http_response(201, "{}"),
        http_response(201, "null"),
        http_response(201, &state(&another, "posted")),
        http_response(201, &state(&mine, "refused")),
        http_response(200, &state(&mine, "cancelled")),
        http_response(200, &state(&mine, "POSTED")),
        http_response(200, &(state(&mine, "posted") + "{}")),
        http_response(202, &state(&mine, "posted")),
        http_response(204, ""),
        http_response(302, &state(&mine, "posted")),
        http_response(400, &state(&mine, "posted")),
        http_response(404, r#"{"reason":"other"}"#),
        http_response(409, "conflict"),
        http_response(410, "<html>Gone</html>"),
        http_response(410, &state(&mine, "posted")),
        http_response(410, &state(&another, "cancelled")),
        http_response(422, "{}"),
        http_response(422, r#"{"reason":7}"#),
        http_response(500, &state(&mine, "posted")),
        http_response(503, r#"{"reason":"insufficient_funds"}"#),
    ];
    for wrong in wrong {
        let (reply, counts, sent) = send_to(post(), Action::Respond(wrong.clone())).await;
        assert_eq!((reply, sent), (unknown(&post()), 1), "{wrong}");
        assert_eq!(counts, Counts { unrecognized: 1, ..Counts::default() }, "{wrong}");
    }
    let cancels = [
        http_response(200, "{}"),
        http_response(200, r#"{"was":"gone"}"#),
        http_response(200, &format!(r#"{{"id":"{another}","was":"posted"}}"#)),
        http_response(204, ""),
        http_response(404, ""),
        http_response(409, r#"{"reason":"other"}"#),
    ];
    for wrong in cancels {
        let command = CoreCommand::Cancel(id(1));
        assert_eq!(
            send_to(command.clone(), Action::Respond(wrong.clone())).await.0,
            unknown(&command),
            "{wrong}"
        );
    }
    let active = r#""name":"SITI","status":"active","currency":"IDR""#;
    let accounts = [
        http_response(200, "{}"),
        http_response(200, r#"{"name":"","status":"active","currency":"IDR"}"#),
        http_response(200, r#"{"name":"SITI","status":"open","currency":"IDR"}"#),
        http_response(200, &format!(r#"{{{active},"balance":{{"value":"1","currency":"IDR"}}}}"#)),
        http_response(
            200,
            &format!(r#"{{{active},"balance":{{"value":"1.00","currency":"USD"}}}}"#),
        ),
        http_response(404, "no such path"),
    ];
    for wrong in accounts {
        let command = CoreCommand::Account(id(7), account(SITI));
        assert_eq!(
            send_to(command.clone(), Action::Respond(wrong.clone())).await.0,
            unknown(&command),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn replies_with_extra_fields_and_other_reasons_are_understood() {
    let reply_to_post = |status, body: &str| {
        let said = http_response(status, body);
        async move {
            match send_to(post(), Action::Respond(said)).await.0 {
                CoreReply::Posting(_, reply) => reply,
                reply => panic!("{reply:?}"),
            }
        }
    };
    let more = r#"{"state":"posted","bookedAt":"2026-11-24","entries":[1,2]}"#;
    assert_eq!(reply_to_post(201, more).await, PostingReply::Posted);
    let own = r#"{"reason":"customer_is_deceased","text":"…"}"#;
    assert_eq!(reply_to_post(422, own).await, PostingReply::Refused(Refusal::Other));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        8\r\n{\"state\"\r\na\r\n: \"posted\"\r\n1\r\n}\r\n0\r\n\r\n";
    let (reply, ..) = send_to(post(), Action::Respond(chunked.to_owned())).await;
    assert_eq!(reply, CoreReply::Posting(id(1), PostingReply::Posted));
}

#[tokio::test]
async fn a_connection_is_reused_and_reopened_after_core_closes_it() {
    let was = http_response(200, r#"{"was":"absent"}"#);
    let close = was.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let actions = [
        Action::Respond(was.clone()),
        Action::Respond(was.clone()),
        // Closed without and with a `connection: close` header.
        Action::RespondAndClose(was.clone()),
        Action::Respond(was.clone()),
        Action::RespondAndClose(close),
        Action::Respond(was),
    ];
    let core = HostileCore::open(actions).await;
    let mut port = Port::at(core.address, "timeout = \"10s\"\nconnections = 1");
    for number in 0..20 {
        let reply = port.cancel(number).await;
        // If core closes while the next request is written, the reply is unknown and the connection is reopened.
        if reply == CancelReply::Unknown {
            assert!((3..=5).contains(&number), "{number}");
        }
    }
    assert_eq!(core.connections(), 3);
    let counts = port.counts();
    assert_eq!(counts.replied + counts.no_reply, 20);
    assert!(counts.no_reply <= 2, "{counts:?}");
}

#[tokio::test]
async fn an_extra_response_is_never_taken_for_the_next_reply() {
    let absent = http_response(200, r#"{"was":"absent"}"#);
    let actions = [
        Action::Respond(absent.repeat(2)),
        Action::Respond(http_response(200, r#"{"was":"posted"}"#)),
    ];
    let core = HostileCore::open(actions).await;
    let mut port = Port::at(core.address, "timeout = \"10s\"\nconnections = 1");
    assert_eq!(port.cancel(1).await, CancelReply::Cancelled(PriorPosting::Absent));
    let second = port.cancel(2).await;
    assert!(
        [CancelReply::Cancelled(PriorPosting::Posted), CancelReply::Unknown].contains(&second),
        "{second:?}"
    );
}

#[tokio::test]
async fn an_unreachable_core_is_unknown_until_it_starts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut port = Port::at(address, "timeout = \"10s\"\nconnections = 2");
    assert_eq!(port.cancel(1).await, CancelReply::Unknown);
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await.unwrap();
        stream.write_all(http_response(200, r#"{"was":"absent"}"#).as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(port.cancel(1).await, CancelReply::Cancelled(PriorPosting::Absent));
    assert_eq!(port.counts(), Counts { replied: 1, no_reply: 1, ..Counts::default() });
}
