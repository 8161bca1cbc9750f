//! The limits of requests, and the response at each limit.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::channel::{Channel, STATUS, TIMESTAMP, TRANSFER, TestRequest, order};
use super::fake_port::{ApiServer, PortBehavior, in_time};

#[tokio::test]
async fn a_body_of_16_kib_is_read_and_a_byte_more_is_not() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::open(server.address).await;
    let of = |length: usize| {
        let mut request = TestRequest::new(TRANSFER, &order("T1")).header("x-external-id", "1");
        request.body.resize(length, b' ');
        request
    };
    let most = channel.sign(&of(16 * 1024), TIMESTAMP);
    assert_eq!(channel.send(&most).await.code(), "2001800");
    let more = channel.sign(&of(16 * 1024 + 1), TIMESTAMP);
    let reply = channel.send(&more).await;
    assert_eq!((reply.status, reply.code()), (413, "4131800"));
    // Content-Length without a body.
    let mut channel = Channel::open(server.address).await;
    let declared = format!(
        "POST {TRANSFER} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n"
    );
    channel.write(declared.as_bytes()).await;
    assert_eq!(channel.reply().await.status, 413);
    // Chunked, without Content-Length.
    let mut channel = Channel::open(server.address).await;
    let chunk = "x".repeat(0x4000);
    let chunked = format!(
        "POST {TRANSFER} HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n4000\r\n{chunk}\r\n1\r\nx\r\n"
    );
    channel.write(chunked.as_bytes()).await;
    assert_eq!(channel.reply().await.status, 413);
}

#[tokio::test]
async fn a_partner_over_its_rate_or_concurrency_gets_429() {
    let server = ApiServer::start("rate = 1\nburst = 2\npartner_in_flight = 1").await;
    let mut channel = Channel::open(server.address).await;
    let mut second = Channel::open(server.address).await;
    server.port.set_behavior(PortBehavior::NoResponse);
    let first = channel.signed(TRANSFER, "1", &order("T1"));
    channel.write(&first.bytes()).await;
    server.port.accepted(1).await;
    let concurrent = second.ask(TRANSFER, "2", &order("T2")).await;
    // A slow machine may need more requests to be too fast.
    let too_fast = loop {
        let reply = second.ask(TRANSFER, "3", &order("T3")).await;
        if reply.json != concurrent.json {
            break reply;
        }
    };
    for (reply, message) in [
        (concurrent, "Too Many Requests. Too many concurrent requests"),
        (too_fast, "Too Many Requests"),
    ] {
        assert_eq!((reply.status, reply.code()), (429, "4291800"));
        assert_eq!(reply.json["responseMessage"], message);
        assert!(reply.head.contains("retry-after: 1\r\n"));
    }
    assert_eq!(server.port.settle_all(), 1);
    assert_eq!(channel.reply().await.code(), "2001800");
    assert_eq!(server.port.orders().len(), 1);
}

#[tokio::test]
async fn over_the_limit_of_all_requests_the_response_is_503_at_once() {
    let server = ApiServer::start("in_flight = 1").await;
    let mut channel = Channel::open(server.address).await;
    let mut second = Channel::open(server.address).await;
    server.port.set_behavior(PortBehavior::NoResponse);
    let first = channel.signed(TRANSFER, "1", &order("T1"));
    channel.write(&first.bytes()).await;
    server.port.accepted(1).await;
    let full = second.ask(STATUS, "2", &json!({"originalPartnerReferenceNo": "T1"})).await;
    assert_eq!((full.status, full.code()), (503, "5033600"));
    server.port.settle_all();
    assert_eq!(channel.reply().await.code(), "2001800");
    assert_eq!(
        second.ask(STATUS, "2", &json!({"originalPartnerReferenceNo": "T1"})).await.status,
        200
    );
}

#[tokio::test]
async fn token_requests_have_their_own_rate() {
    let server = ApiServer::start("").await;
    let mut channel = Channel::bare(server.address);
    let wrong = Channel::token_request().header("x-signature", "AAAA");
    let mut codes = std::collections::BTreeMap::new();
    // 20 at once, then 10 a second. A slow machine needs more requests to be too fast.
    while !codes.contains_key("4297300") {
        *codes.entry(channel.send(&wrong).await.code().to_owned()).or_insert(0) += 1;
    }
    assert!(codes["4017300"] >= 20 && codes.len() == 2, "{codes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_block_no_client() {
    // Each connection has two descriptors in this process.
    let most = usize::try_from(descriptors()).unwrap().saturating_sub(200) / 2;
    let many = most.min(10_000);
    assert!(many >= 400, "the system allows {} descriptors", descriptors());
    let server = ApiServer::start("idle = \"10m\"\nwait = \"1s\"\ninquiry_wait = \"1s\"").await;
    let mut idle = Vec::new();
    for number in 0..many {
        let mut stream = in_time(TcpStream::connect(server.address)).await.unwrap();
        if number % 2 == 0 {
            in_time(stream.write_all(b"POST /v1.0/transfer-interbank HTTP/1.1\r\nhost:"))
                .await
                .unwrap();
        }
        idle.push(stream);
    }
    let mut channel = Channel::open(server.address).await;
    assert_eq!(channel.ask(TRANSFER, "1", &order("T1")).await.code(), "2001800");
    println!("{many} idle connections");
    in_time(server.stop()).await.unwrap();
    drop(idle);
}

/// Returns the limit of open files of this process.
fn descriptors() -> u64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(1024)
}

#[tokio::test]
async fn a_connection_over_the_limit_gets_503_and_an_idle_one_is_closed() {
    let server = ApiServer::start("connections = 1\nidle = \"100ms\"").await;
    let (mut first, mut response) = loop {
        let first = TcpStream::connect(server.address).await.unwrap();
        let mut second = TcpStream::connect(server.address).await.unwrap();
        let mut response = String::new();
        in_time(second.read_to_string(&mut response)).await.unwrap();
        // On a slow machine the first may have been closed as idle before the second came.
        if !response.is_empty() {
            break (first, response);
        }
    };
    assert!(response.starts_with("HTTP/1.1 503 ") && response.ends_with("\"}\n"), "{response}");
    let length: usize =
        response.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert_eq!(response.split("\r\n\r\n").nth(1).unwrap().len(), length);
    in_time(first.read_to_string(&mut response)).await.unwrap();
    // Its permit is free again as soon as its task has ended.
    let request = Channel::token_request().bytes();
    let open = async {
        let mut response = String::new();
        while !response.starts_with("HTTP/1.1 200 ") {
            response.clear();
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            // The server may close the connection first.
            let _closed = stream.write_all(&request).await;
            let _closed = in_time(stream.read_to_string(&mut response)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), open).await.expect("the permit is released");
}
