//! How much may be asked for, and what is said at each bound.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::channel::{Asks, Channel, STAMP, STATUS, TRANSFER, order};
use super::house::{House, Says, soon};

#[tokio::test]
async fn a_body_of_16_kib_is_read_and_a_byte_more_is_not() {
    let house = House::open("").await;
    let mut channel = Channel::open(house.address).await;
    let of = |length: usize| {
        let mut asks = Asks::new(TRANSFER, &order("T1")).header("x-external-id", "1");
        asks.body.resize(length, b' ');
        asks
    };
    let most = channel.sign(&of(16 * 1024), STAMP);
    assert_eq!(channel.send(&most).await.code(), "2001800");
    let more = channel.sign(&of(16 * 1024 + 1), STAMP);
    let reply = channel.send(&more).await;
    assert_eq!((reply.status, reply.code()), (413, "4131800"));
    // A length that is only said.
    let mut channel = Channel::open(house.address).await;
    let said = format!(
        "POST {TRANSFER} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n"
    );
    channel.write(said.as_bytes()).await;
    assert_eq!(channel.reply().await.status, 413);
    // One that is not said.
    let mut channel = Channel::open(house.address).await;
    let chunk = "x".repeat(0x4000);
    let chunked = format!(
        "POST {TRANSFER} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n4000\r\n{chunk}\r\n1\r\nx\r\n"
    );
    channel.write(chunked.as_bytes()).await;
    assert_eq!(channel.reply().await.status, 413);
}

#[tokio::test]
async fn who_asks_too_fast_or_for_too_much_at_a_time_is_told_to_wait() {
    let house = House::open("rate = 1\nburst = 2\npartner_in_flight = 1").await;
    let mut channel = Channel::open(house.address).await;
    house.desk.says(Says::Nothing);
    let first = channel.signed(TRANSFER, "1", &order("T1"));
    channel.write(&first.bytes()).await;
    house.desk.taken(1).await;
    let mut second = Channel::open(house.address).await;
    let at_a_time = second.ask(TRANSFER, "2", &order("T2")).await;
    let too_fast = second.ask(TRANSFER, "3", &order("T3")).await;
    for (reply, message) in
        [(at_a_time, "Too Many Requests. Too many at a time"), (too_fast, "Too Many Requests")]
    {
        assert_eq!((reply.status, reply.code()), (429, "4291800"));
        assert_eq!(reply.json["responseMessage"], message);
        assert!(reply.head.contains("retry-after: 1\r\n"));
    }
    assert_eq!(house.desk.settle_all(), 1);
    assert_eq!(channel.reply().await.code(), "2001800");
    assert_eq!(house.desk.orders().len(), 1);
}

#[tokio::test]
async fn over_the_bound_of_all_requests_one_is_told_at_once() {
    let house = House::open("in_flight = 1").await;
    let mut channel = Channel::open(house.address).await;
    let mut second = Channel::open(house.address).await;
    house.desk.says(Says::Nothing);
    let first = channel.signed(TRANSFER, "1", &order("T1"));
    channel.write(&first.bytes()).await;
    house.desk.taken(1).await;
    let full = second.ask(STATUS, "2", &json!({"originalPartnerReferenceNo": "T1"})).await;
    assert_eq!((full.status, full.code()), (503, "5033600"));
    house.desk.settle_all();
    assert_eq!(channel.reply().await.code(), "2001800");
    assert_eq!(
        second.ask(STATUS, "2", &json!({"originalPartnerReferenceNo": "T1"})).await.status,
        200
    );
}

#[tokio::test]
async fn token_requests_have_a_rate_of_their_own() {
    let house = House::open("").await;
    let mut channel = Channel::bare(house.address);
    let wrong = Channel::token_request().header("x-signature", "AAAA");
    let mut codes = std::collections::BTreeMap::new();
    for _ in 0..60 {
        *codes.entry(channel.send(&wrong).await.code().to_owned()).or_insert(0) += 1;
    }
    assert!(codes["4017300"] >= 20 && codes["4297300"] >= 1, "{codes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_keep_nobody_out() {
    // Two descriptors each, in this one process.
    let most = usize::try_from(descriptors()).unwrap().saturating_sub(200) / 2;
    let many = most.min(10_000);
    assert!(many >= 400, "the system allows {} descriptors", descriptors());
    let house = House::open("idle = \"10m\"\nwait = \"1s\"\ninquiry_wait = \"1s\"").await;
    let mut idle = Vec::new();
    for number in 0..many {
        let mut stream = soon(TcpStream::connect(house.address)).await.unwrap();
        if number % 2 == 0 {
            soon(stream.write_all(b"POST /v1.0/transfer-interbank HTTP/1.1\r\nhost:"))
                .await
                .unwrap();
        }
        idle.push(stream);
    }
    let mut channel = Channel::open(house.address).await;
    assert_eq!(channel.ask(TRANSFER, "1", &order("T1")).await.code(), "2001800");
    println!("{many} idle connections");
    soon(house.stop()).await.unwrap();
    drop(idle);
}

/// How many files this process may have open.
fn descriptors() -> u64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(1024)
}

#[tokio::test]
async fn a_connection_over_the_bound_is_told_and_closed_and_an_idle_one_is_closed() {
    let house = House::open("connections = 1\nidle = \"100ms\"").await;
    let mut first = TcpStream::connect(house.address).await.unwrap();
    let mut second = TcpStream::connect(house.address).await.unwrap();
    let mut told = String::new();
    soon(second.read_to_string(&mut told)).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 503 ") && told.ends_with("\"}\n"), "{told}");
    let length: usize =
        told.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert_eq!(told.split("\r\n\r\n").nth(1).unwrap().len(), length);
    soon(first.read_to_string(&mut told)).await.unwrap();
    // Its place is free again as soon as its task has ended.
    let open = async {
        loop {
            let mut channel = Channel::bare(house.address);
            let request = Channel::token_request();
            channel.write(&request.bytes()).await;
            if channel.reply().await.status == 200 {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), open).await.expect("a place comes free");
}
