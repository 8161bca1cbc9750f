//! A core that does what no core should: whatever comes, nothing is taken for an answer that isn't one, and no question is put
//! twice.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use titian::bank::{Ask, Counts, Told};
use titian::transfer::{AccountAnswer, CancelAnswer, PostingAnswer, Refusal, Side, Was};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::house::{Port, SITI, account, id, posting};

/// What the core does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Says this, and goes on.
    Say(String),
    /// Says this, and closes.
    Last(String),
    /// Says this, and then nothing more.
    Hang(String),
}

/// The core. It does what it is told, in order, and with every further request what it was told last.
#[derive(Clone)]
pub(crate) struct Nasty {
    pub(crate) address: SocketAddr,
    acts: Arc<Mutex<VecDeque<Act>>>,
    asked: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Nasty {
    pub(crate) async fn open(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let core = Self {
            address: listener.local_addr().unwrap(),
            acts: Arc::new(Mutex::new(acts.into_iter().collect())),
            asked: Arc::default(),
            connections: Arc::default(),
        };
        let own = core.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *own.connections.lock().unwrap() += 1;
                tokio::spawn(own.clone().line(stream));
            }
        });
        core
    }

    /// The requests that came, whole.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    fn act(&self) -> Act {
        let mut acts = self.acts.lock().unwrap();
        if acts.len() > 1 { acts.pop_front().unwrap() } else { acts[0].clone() }
    }

    async fn line(self, mut stream: TcpStream) {
        while let Some(request) = request(&mut stream).await {
            self.asked.lock().unwrap().push(request);
            match self.act() {
                Act::Say(text) => stream.write_all(text.as_bytes()).await.unwrap(),
                Act::Last(text) => {
                    let _ = stream.write_all(text.as_bytes()).await;
                    return;
                }
                Act::Hang(text) => {
                    stream.write_all(text.as_bytes()).await.unwrap();
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// A request, head and body.
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

pub(crate) fn says(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn post() -> Ask {
    Ask::Post(posting(1, Side::Debit, SITI, 400))
}

async fn told(ask: Ask, act: Act) -> (Told, Counts, usize) {
    let core = Nasty::open([act]).await;
    let mut port = Port::at(core.address, "timeout = \"250ms\"\nconnections = 1");
    let told = port.ask(ask).await;
    (told, port.counts(), core.asked().len())
}

fn unknown(ask: &Ask) -> Told {
    match ask {
        Ask::Post(posting) => Told::Posting(posting.id, PostingAnswer::None),
        Ask::Cancel(id) => Told::Cancel(*id, CancelAnswer::None),
        Ask::Account(id, _) => Told::Account(*id, AccountAnswer::None),
    }
}

#[tokio::test]
async fn no_answer_is_unknown_and_the_question_was_put_once() {
    let half = says(201, "{\"transferId\"");
    let half = half.replace("content-length: 13", "content-length: 99");
    let acts = [
        Act::Hang(String::new()),
        Act::Hang("HTTP/1.1 201 Cre".to_owned()),
        Act::Hang(half.clone()),
        Act::Last(String::new()),
        Act::Last("HTTP/1.1 201 Created\r\ncontent-le".to_owned()),
        Act::Last(half),
        Act::Last("SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned()),
        Act::Say("\0\u{1}garbage\r\n\r\n".to_owned()),
        Act::Say(format!("HTTP/1.1 201 Created\r\nx: {}\r\n\r\n", "x".repeat(100_000))),
        Act::Say(says(201, &" ".repeat(17_000))),
        Act::Say("HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned()),
    ];
    for act in acts {
        for ask in [post(), Ask::Cancel(id(1)), Ask::Account(id(7), account(SITI))] {
            let (told, counts, asked) = told(ask.clone(), act.clone()).await;
            assert_eq!((told, asked), (unknown(&ask), 1), "{act:?}");
            assert_eq!(counts, Counts { silent: 1, ..Counts::default() }, "{act:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_said_in_so_many_words_is_unknown() {
    let mine = id(1).to_string();
    let another = id(2).to_string();
    let state = |of: &str, state: &str| format!(r#"{{"transferId":"{of}","state":"{state}"}}"#);
    let wrong = [
        says(200, "<html>Welcome</html>"),
        says(201, ""),
        says(201, "{}"),
        says(201, "null"),
        says(201, &state(&another, "posted")),
        says(201, &state(&mine, "refused")),
        says(200, &state(&mine, "cancelled")),
        says(200, &state(&mine, "POSTED")),
        says(200, &(state(&mine, "posted") + "{}")),
        says(202, &state(&mine, "posted")),
        says(204, ""),
        says(302, &state(&mine, "posted")),
        says(400, &state(&mine, "posted")),
        says(404, r#"{"reason":"other"}"#),
        says(409, "conflict"),
        says(410, "<html>Gone</html>"),
        says(410, &state(&mine, "posted")),
        says(410, &state(&another, "cancelled")),
        says(422, "{}"),
        says(422, r#"{"reason":7}"#),
        says(500, &state(&mine, "posted")),
        says(503, r#"{"reason":"insufficient_funds"}"#),
    ];
    for wrong in wrong {
        let (told, counts, asked) = told(post(), Act::Say(wrong.clone())).await;
        assert_eq!((told, asked), (unknown(&post()), 1), "{wrong}");
        assert_eq!(counts, Counts { unclear: 1, ..Counts::default() }, "{wrong}");
    }
    let cancels = [
        says(200, "{}"),
        says(200, r#"{"was":"gone"}"#),
        says(200, &format!(r#"{{"transferId":"{another}","was":"posted"}}"#)),
        says(204, ""),
        says(404, ""),
        says(409, r#"{"reason":"other"}"#),
    ];
    for wrong in cancels {
        let ask = Ask::Cancel(id(1));
        assert_eq!(told(ask.clone(), Act::Say(wrong.clone())).await.0, unknown(&ask), "{wrong}");
    }
    let active = r#""name":"SITI","status":"active","currency":"IDR""#;
    let accounts = [
        says(200, "{}"),
        says(200, r#"{"name":"","status":"active","currency":"IDR"}"#),
        says(200, r#"{"name":"SITI","status":"open","currency":"IDR"}"#),
        says(200, &format!(r#"{{{active},"balance":{{"value":"1","currency":"IDR"}}}}"#)),
        says(200, &format!(r#"{{{active},"balance":{{"value":"1.00","currency":"USD"}}}}"#)),
        says(404, "no such path"),
    ];
    for wrong in accounts {
        let ask = Ask::Account(id(7), account(SITI));
        assert_eq!(told(ask.clone(), Act::Say(wrong.clone())).await.0, unknown(&ask), "{wrong}");
    }
}

#[tokio::test]
async fn what_a_bank_may_say_otherwise_is_understood() {
    let answer = |status, body: &str| {
        let said = says(status, body);
        async move {
            match told(post(), Act::Say(said)).await.0 {
                Told::Posting(_, answer) => answer,
                told => panic!("{told:?}"),
            }
        }
    };
    let more = r#"{"state":"posted","bookedAt":"2026-11-24","entries":[1,2]}"#;
    assert_eq!(answer(201, more).await, PostingAnswer::Posted);
    let own = r#"{"reason":"customer_is_deceased","text":"…"}"#;
    assert_eq!(answer(422, own).await, PostingAnswer::Refused(Refusal::Other));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        8\r\n{\"state\"\r\na\r\n: \"posted\"\r\n1\r\n}\r\n0\r\n\r\n";
    let (told, ..) = told(post(), Act::Say(chunked.to_owned())).await;
    assert_eq!(told, Told::Posting(id(1), PostingAnswer::Posted));
}

#[tokio::test]
async fn a_connection_is_kept_and_one_that_core_closes_is_made_again() {
    let was = says(200, r#"{"was":"absent"}"#);
    let close = was.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let acts = [
        Act::Say(was.clone()),
        Act::Say(was.clone()),
        // Closed without a word, and with one.
        Act::Last(was.clone()),
        Act::Say(was.clone()),
        Act::Last(close),
        Act::Say(was),
    ];
    let core = Nasty::open(acts).await;
    let mut port = Port::at(core.address, "timeout = \"10s\"\nconnections = 1");
    for number in 0..20 {
        let told = port.cancel(number).await;
        // Closed as the next question was written: unknown, and the connection made again.
        if told == CancelAnswer::None {
            assert!((3..=5).contains(&number), "{number}");
        }
    }
    assert_eq!(core.connections(), 3);
    let counts = port.counts();
    assert_eq!(counts.answered + counts.silent, 20);
    assert!(counts.silent <= 2, "{counts:?}");
}

#[tokio::test]
async fn an_answer_too_many_is_none_to_the_next_question() {
    let absent = says(200, r#"{"was":"absent"}"#);
    let acts = [Act::Say(absent.repeat(2)), Act::Say(says(200, r#"{"was":"posted"}"#))];
    let core = Nasty::open(acts).await;
    let mut port = Port::at(core.address, "timeout = \"10s\"\nconnections = 1");
    assert_eq!(port.cancel(1).await, CancelAnswer::Was(Was::Absent));
    let second = port.cancel(2).await;
    assert!([CancelAnswer::Was(Was::Posted), CancelAnswer::None].contains(&second), "{second:?}");
}

#[tokio::test]
async fn a_core_that_is_away_is_unknown_until_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut port = Port::at(address, "timeout = \"10s\"\nconnections = 2");
    assert_eq!(port.cancel(1).await, CancelAnswer::None);
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await.unwrap();
        stream.write_all(says(200, r#"{"was":"absent"}"#).as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(port.cancel(1).await, CancelAnswer::Was(Was::Absent));
    assert_eq!(port.counts(), Counts { answered: 1, silent: 1, ..Counts::default() });
}
