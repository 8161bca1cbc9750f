//! Invalid input gets an error, and does not affect other clients.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::bank::Options;
use super::load::random_number;
use super::scenario::{Scenario, transfer};

const PATH: &str = "/v1.0/transfer-interbank";

#[tokio::test]
async fn invalid_http_and_idle_connections_block_no_client() {
    let scenario = Scenario::start(Options::default()).await;
    let mut idle = Vec::new();
    let mut noise = JoinSet::new();
    for seed in 0..1000 {
        // A low limit of open files gives fewer connections.
        let Ok(stream) = TcpStream::connect((scenario.bank.host, 8080)).await else { break };
        idle.push(stream);
        if seed % 20 == 0 {
            let mut stream = TcpStream::connect((scenario.bank.host, 8080)).await.unwrap();
            noise.spawn(async move {
                let bytes: Vec<_> =
                    (0..512).flat_map(|place| random_number(seed, place).to_le_bytes()).collect();
                // The adapter may close the connection before all is written.
                let _closed = stream.write_all(&bytes).await;
                let _closed = stream.shutdown().await;
                let mut result = Vec::new();
                let _closed = stream.read_to_end(&mut result).await;
                result.is_empty() || result.starts_with(b"HTTP/1.1 400")
            });
        }
    }
    println!("{} idle connections", idle.len());
    assert!(idle.len() > 400);
    assert!(noise.join_all().await.into_iter().all(|result| result));
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    assert_eq!(scenario.finish().await.switch.sent.0, 1);
}

#[tokio::test]
async fn an_invalid_request_is_refused_with_its_reason_and_moves_no_money() {
    let scenario = Scenario::start(Options::default()).await;
    let channel = Arc::clone(&scenario.bank.channel);
    let good: Value = serde_json::from_str(&channel.request_body(&transfer(1))).unwrap();
    let amount = |value: &str, currency: &str| json!({ "value": value, "currency": currency });
    let long = "A".repeat(16 * 1024);
    let mut number = 1;
    for (field, value, expected) in [
        ("amount", amount("0.00", "IDR"), (400, "4001801")),
        ("amount", amount("-1.00", "IDR"), (400, "4001801")),
        ("amount", amount("1.000", "IDR"), (400, "4001801")),
        ("amount", amount("1.00", "USD"), (400, "4001801")),
        ("amount", amount("100000000.01", "IDR"), (403, "4031802")),
        ("amount", json!(125_000), (400, "4001801")),
        ("beneficiaryAccountNo", Value::Null, (400, "4001802")),
        ("additionalInfo", json!({ "note": long }), (413, "4131800")),
    ] {
        number += 1;
        let mut body = good.clone();
        body[field] = value;
        let (status, result) = channel.post(PATH, number, &body.to_string()).await.unwrap();
        assert_eq!(
            (status, result["responseCode"].as_str().unwrap()),
            expected,
            "{field}: {result}"
        );
    }
    let (status, _) = channel.post(PATH, 90, "{\"amount\"").await.unwrap();
    assert_eq!(status, 400);
    assert_eq!(scenario.status(1).await, "07");
    // The switch knows the banks.
    let mut unknown = transfer(2);
    unknown.to.0 = "999".to_owned();
    assert_eq!(scenario.request_transfer(&unknown).await.0, 403);
    scenario.wait_for_status(2, "04").await;
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    let books = scenario.finish().await;
    assert_eq!((books.bank.debited.count, books.switch.sent.0), (2, 1));
}
