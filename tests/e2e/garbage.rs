//! What comes from outside and makes no sense is told so, and takes nothing with it.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::house::Plan;
use crate::load::drawn;
use crate::stage::{Stage, wanted};

const PATH: &str = "/v1.0/transfer-interbank";

#[tokio::test]
async fn bytes_that_are_no_http_and_idle_connections_are_in_nobodys_way() {
    let stage = Stage::set(Plan::default()).await;
    let mut idle = Vec::new();
    let mut noise = JoinSet::new();
    for seed in 0..1000 {
        // Where a process may open few files, there are fewer.
        let Ok(stream) = TcpStream::connect((stage.house.host, 8080)).await else { break };
        idle.push(stream);
        if seed % 20 == 0 {
            let mut stream = TcpStream::connect((stage.house.host, 8080)).await.unwrap();
            noise.spawn(async move {
                let bytes: Vec<_> =
                    (0..512).flat_map(|place| drawn(seed, place).to_le_bytes()).collect();
                // It may be closed before all is written.
                let _closed = stream.write_all(&bytes).await;
                let _closed = stream.shutdown().await;
                let mut told = Vec::new();
                let _closed = stream.read_to_end(&mut told).await;
                told.is_empty() || told.starts_with(b"HTTP/1.1 400")
            });
        }
    }
    println!("{} idle connections", idle.len());
    assert!(idle.len() > 400);
    assert!(noise.join_all().await.into_iter().all(|told| told));
    assert_eq!(stage.pay(&wanted(1)).await.0, 200);
    assert_eq!(stage.end().await.switch.sent.0, 1);
}

#[tokio::test]
async fn a_request_that_cannot_be_is_refused_by_its_reason_and_moves_nothing() {
    let stage = Stage::set(Plan::default()).await;
    let channel = Arc::clone(&stage.house.channel);
    let good: Value = serde_json::from_str(&channel.request(&wanted(1))).unwrap();
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
        let (status, told) = channel.post(PATH, number, &body.to_string()).await.unwrap();
        assert_eq!((status, told["responseCode"].as_str().unwrap()), expected, "{field}: {told}");
    }
    let (status, _) = channel.post(PATH, 90, "{\"amount\"").await.unwrap();
    assert_eq!(status, 400);
    assert_eq!(stage.stands(1).await, "07");
    // The switch knows which banks there are.
    let mut unknown = wanted(2);
    unknown.to.0 = "999".to_owned();
    assert_eq!(stage.pay(&unknown).await.0, 403);
    stage.until_stands(2, "04").await;
    assert_eq!(stage.pay(&wanted(1)).await.0, 200);
    let books = stage.end().await;
    assert_eq!((books.bank.debited.count, books.switch.sent.0), (2, 1));
}
