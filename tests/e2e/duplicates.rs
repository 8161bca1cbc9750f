//! Idempotency: a request moves money once, however often it is repeated. A different request under its ids moves none.

use serde_json::json;
use std::sync::Arc;
use titian::harness::TransferRequest;
use tokio::task::JoinSet;

use super::bank::Options;
use super::scenario::{Scenario, transfer};

const PATH: &str = "/v1.0/transfer-interbank";

#[tokio::test]
async fn a_repeated_request_gets_the_same_response_and_a_different_one_a_conflict_also_after_a_crash()
 {
    let mut scenario = Scenario::start(Options::default()).await;
    let channel = Arc::clone(&scenario.bank.channel);
    let (_, first) = channel.submit(&transfer(1)).await.unwrap();
    assert_eq!(first["responseCode"], "2001800");
    for _ in 0..2 {
        let (status, again) = channel.submit(&transfer(1)).await.unwrap();
        assert_eq!((status, &again), (200, &first));
        // The same partnerReferenceNo with another X-EXTERNAL-ID.
        let (status, again) =
            channel.post(PATH, 900, &channel.request_body(&transfer(1))).await.unwrap();
        assert_eq!((status, &again), (200, &first));
        let other = channel.request_body(&TransferRequest { minor: 100, ..transfer(1) });
        let (status, conflict) = channel.post(PATH, 1, &other).await.unwrap();
        assert_eq!((status, &conflict["responseCode"]), (409, &json!("4091800")));
        let (status, conflict) = channel.post(PATH, 901, &other).await.unwrap();
        assert_eq!((status, &conflict["responseCode"]), (409, &json!("4091801")));
        scenario.bank.kill().await;
        scenario.bank.start().await;
    }
    let books = scenario.finish().await;
    assert_eq!((books.bank.debited.count, books.switch.sent.0), (1, 1));
}

#[tokio::test]
async fn concurrent_equal_requests_are_one_transfer() {
    let scenario = Scenario::start(Options::default()).await;
    scenario.switch.set_faults(&[("0200", 1.0, json!({ "late": { "ms": 300 } }))]).await;
    let mut asked = JoinSet::new();
    for _ in 0..16 {
        let channel = Arc::clone(&scenario.bank.channel);
        asked.spawn(async move { channel.submit(&transfer(1)).await.unwrap() });
    }
    for (status, _) in asked.join_all().await {
        assert!([200, 202].contains(&status), "{status}");
    }
    scenario.wait_for_status(1, "00").await;
    let books = scenario.finish().await;
    assert_eq!((books.bank.debited.count, books.switch.sent.0), (1, 1));
}
