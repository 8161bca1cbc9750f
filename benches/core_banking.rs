//! The cost of a posting: in the embedded ledger, compared with a bare loop that inserts as many rows as durably; and over HTTP,
//! compared with bare calls to a handler that gives the same reply.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark that can't continue stops"
)]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::routing::put;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde_json::json;
use titian::clock::Clock;
use titian::core_banking::{
    CoreCommand, CoreReply, Embedded, Ledger, LedgerKeys, Settings, books, serve, start,
};
use titian::settings::{Faults, Section, tree};
use titian::signing::{SigningKey, TrustedKey, TrustedKeys};
use titian::transfer::{Posting, PostingReply, Side};
use titian::values::{AccountNumber, Amount, Currency, Institution, TransferId, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// The number of accounts with postings.
const ACCOUNTS: u64 = 10_000;

/// The number of commands in flight.
const IN_FLIGHT: usize = 8_192;

/// How commands are repeated: the bench never does.
const REPEATS: &str = "first_delay = \"2s\"\nmax_delay = \"1m\"\njitter_percent = 20\nposting_tries = 3\n\
    cancel_tries = 60\nexception_repeat_interval = \"1h\"\n";

fn main() {
    // `cargo test --benches` runs this too, only to see that it works. It then measures little.
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, postings, calls) = if full { (5, 200_000, 40_000) } else { (1, 2_000, 500) };
    let folder = std::env::temp_dir().join(format!("titian-bench-bank-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    println!("ledger, {IN_FLIGHT} commands in flight; medians of {rounds} rounds of {postings}");
    let bare = median(rounds, |round| bare_inserts(&folder.join(format!("bare{round}")), postings));
    println!("{:>14}: {bare:.0}/s", "bare inserts");
    let mut longest = Duration::ZERO;
    let ours = median(rounds, |round| {
        let (rate, pause) = ledger(&folder, round, postings);
        longest = longest.max(pause);
        rate
    });
    println!(
        "{:>14}: {ours:.0}/s, ratio {:.2}, longest pause {longest:?}",
        "postings",
        ours / bare
    );
    println!(
        "\nHTTP, client and core in one process of two threads; medians of {rounds} rounds of {calls}"
    );
    for connections in [8, 64] {
        let bare = median(rounds, |_| over_http(connections, calls, Caller::Bare));
        let ours = median(rounds, |_| over_http(connections, calls, Caller::Port));
        let ratio = ours / bare;
        println!(
            "{connections:>4} connections: bare {bare:.0}/s, port {ours:.0}/s, ratio {ratio:.2}"
        );
    }
    let both = median(rounds, |round| core_over_http(&folder, round, calls));
    println!("  64 connections, to the served ledger: {both:.0}/s");
    fs::remove_dir_all(folder).unwrap();
}

fn median(rounds: usize, mut rate: impl FnMut(usize) -> f64) -> f64 {
    let mut rates: Vec<_> = (0..rounds).map(&mut rate).collect();
    rates.sort_by(f64::total_cmp);
    rates[rounds / 2]
}

/// Returns the rate of bare inserts of rows like the ledger's postings, with the ledger's number of rows in a transaction.
fn bare_inserts(path: &Path, count: u64) -> f64 {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full; CREATE TABLE postings (id BLOB PRIMARY KEY, \
         account TEXT, amount INTEGER, currency INTEGER, counterparty TEXT) STRICT, WITHOUT ROWID",
    )
    .unwrap();
    let begin = Instant::now();
    for first in (0..count).step_by(4_096) {
        db.execute_batch("BEGIN").unwrap();
        let mut insert =
            db.prepare_cached("INSERT INTO postings VALUES (?1, ?2, ?3, 360, '014')").unwrap();
        for number in first..(first + 4_096).min(count) {
            let id = u128::from(number).to_be_bytes();
            insert.execute((id, format!("{number:010}"), 100)).unwrap();
        }
        db.execute_batch("COMMIT").unwrap();
    }
    count as f64 / begin.elapsed().as_secs_f64()
}

fn embedded(folder: &Path, round: usize, kind: &str) -> Embedded {
    let accounts = folder.join("accounts.csv");
    let lines = (0..ACCOUNTS).map(|number| format!("{number:010},NAME,active,IDR,1000000000\n"));
    let text =
        "number,name,status,currency,opening_balance\n".to_owned() + &lines.collect::<String>();
    fs::write(&accounts, text).unwrap();
    Embedded { ledger: folder.join(format!("{kind}{round}.db")), accounts: Some(accounts) }
}

fn keys() -> LedgerKeys {
    let signing = SigningKey::from_seed(&[7; 32]);
    let trusted = TrustedKeys::new(vec![TrustedKey::always(signing.public())]);
    LedgerKeys { signing, trusted }
}

fn post(number: u64) -> CoreCommand {
    let account = format!("{:010}", number * 7_919 % ACCOUNTS);
    CoreCommand::Post(Posting {
        id: TransferId(number.into()),
        side: if number.is_multiple_of(2) { Side::Debit } else { Side::Credit },
        account: AccountNumber::from_ascii(account.as_bytes()).unwrap(),
        amount: Amount::new(100, Currency::IDR),
        counterparty: Institution::from_ascii(b"014").unwrap(),
        reverses: None,
    })
}

fn settings(text: &str) -> Settings {
    let tree = tree(
        "titian.toml",
        &format!("[core]\ndebit = \"titian\"\nverifies_card = false\n{REPEATS}{text}"),
    )
    .unwrap();
    let faults = Faults::default();
    let top = Section::top("titian.toml", &tree, &faults).unwrap();
    let settings = Settings::read(&top.section("core").unwrap());
    settings.unwrap_or_else(|| panic!("{faults:?}"))
}

/// Returns the postings a second, and the longest time without a reply.
async fn through(settings: Settings, count: u64) -> (f64, Duration) {
    let (handle, mut replies) = start(settings, &keys(), None, Clock::new()).unwrap();
    let begin = Instant::now();
    let (mut sent, mut reply_count, mut longest, mut last) = (0, 0, Duration::ZERO, begin);
    while reply_count < count {
        let room = IN_FLIGHT as u64 - (sent - reply_count);
        let next = (sent + room).min(count);
        handle.send((sent..next).map(post).collect());
        sent = next;
        let batch = replies.next().await.unwrap();
        let posted =
            |reply: &CoreReply| matches!(reply, CoreReply::Posting(_, PostingReply::Posted));
        assert!(batch.iter().all(posted));
        reply_count += batch.len() as u64;
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    let rate = count as f64 / begin.elapsed().as_secs_f64();
    handle.drain();
    assert!(replies.next().await.is_none());
    (rate, longest)
}

fn ledger(folder: &Path, round: usize, count: u64) -> (f64, Duration) {
    let Embedded { ledger, accounts } = embedded(folder, round, "ledger");
    let text = format!(
        "mode = \"embedded\"\nledger = \"sqlite://{}\"\naccounts_file = \"{}\"",
        ledger.display(),
        accounts.unwrap().display()
    );
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let done = runtime.block_on(through(settings(&text), count));
    check(&ledger, count);
    let begin = Instant::now();
    drop(Ledger::open(&Embedded { ledger, accounts: None }, &keys(), |_| {}).unwrap());
    println!("{:>14}: {:?} with {count} postings", "start", begin.elapsed());
    done
}

fn check(ledger: &Path, count: u64) {
    let books = books(ledger).unwrap()[&Currency::IDR];
    assert!(books.is_balanced() && books.debited.count + books.credited.count == count);
}

#[derive(Clone, Copy)]
enum Caller {
    Bare,
    Port,
}

fn core(address: SocketAddr, connections: usize) -> Settings {
    settings(&format!(
        "mode = \"http\"\nurl = \"http://{address}\"\ntimeout = \"30s\"\nconnections = {connections}"
    ))
}

/// Returns the calls a second to a handler that always replies 'posted'.
fn over_http(connections: usize, calls: u64, caller: Caller) -> f64 {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let posted = || async { Json(json!({"state": "posted"})) };
        let router = Router::new().route("/postings/{id}", put(posted));
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        match caller {
            Caller::Bare => bare_calls(address, connections, calls).await,
            Caller::Port => through(core(address, connections), calls).await.0,
        }
    })
}

/// Sends the same requests without a client.
async fn bare_calls(address: SocketAddr, connections: usize, calls: u64) -> f64 {
    let begin = Instant::now();
    let each = calls / connections as u64;
    let connections_open = (0..connections).map(|_| {
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let body = "x".repeat(206);
            let request = format!(
                "PUT /postings/00000000-0000-0000-0000-000000000001 HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let mut buffer = [0; 4096];
            for _ in 0..each {
                stream.write_all(request.as_bytes()).await.unwrap();
                let count = stream.read(&mut buffer).await.unwrap();
                assert!(buffer[..count].ends_with(b"}"));
            }
        })
    });
    for connection in connections_open.collect::<Vec<_>>() {
        connection.await.unwrap();
    }
    (each * connections as u64) as f64 / begin.elapsed().as_secs_f64()
}

/// Returns the postings a second over HTTP into a ledger.
fn core_over_http(folder: &Path, round: usize, calls: u64) -> f64 {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let embedded = embedded(folder, round, "core");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ledger = Ledger::open(&embedded, &keys(), |_| {}).unwrap();
        tokio::spawn(serve(listener, ledger, None, std::future::pending()));
        let (rate, _) = through(core(address, 64), calls).await;
        check(&embedded.ledger, calls);
        rate
    })
}
