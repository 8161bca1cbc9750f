//! Once: the same request moves money once, however often it comes, and another under its numbers moves none.

use serde_json::json;
use std::sync::Arc;
use titian::rig::Wanted;
use tokio::task::JoinSet;

use crate::house::Plan;
use crate::stage::{Stage, wanted};

const PATH: &str = "/v1.0/transfer-interbank";

#[tokio::test]
async fn the_same_request_is_told_the_same_and_another_is_a_conflict_also_after_a_crash() {
    let mut stage = Stage::set(Plan::default()).await;
    let channel = Arc::clone(&stage.house.channel);
    let (_, first) = channel.ask(&wanted(1)).await.unwrap();
    assert_eq!(first["responseCode"], "2001800");
    for _ in 0..2 {
        let (status, again) = channel.ask(&wanted(1)).await.unwrap();
        assert_eq!((status, &again), (200, &first));
        // The transfer's number, under another request.
        let (status, again) = channel.post(PATH, 900, &channel.request(&wanted(1))).await.unwrap();
        assert_eq!((status, &again), (200, &first));
        let other = channel.request(&Wanted { minor: 100, ..wanted(1) });
        let (status, conflict) = channel.post(PATH, 1, &other).await.unwrap();
        assert_eq!((status, &conflict["responseCode"]), (409, &json!("4091800")));
        let (status, conflict) = channel.post(PATH, 901, &other).await.unwrap();
        assert_eq!((status, &conflict["responseCode"]), (409, &json!("4091801")));
        stage.house.kill().await;
        stage.house.start().await;
    }
    let books = stage.end().await;
    assert_eq!((books.bank.debited.count, books.switch.sent.0), (1, 1));
}

#[tokio::test]
async fn requests_that_are_the_same_at_the_same_time_are_one() {
    let stage = Stage::set(Plan::default()).await;
    stage.switch.fault(&[("0200", 1.0, json!({ "late": { "ms": 300 } }))]).await;
    let mut asked = JoinSet::new();
    for _ in 0..16 {
        let channel = Arc::clone(&stage.house.channel);
        asked.spawn(async move { channel.ask(&wanted(1)).await.unwrap() });
    }
    for (status, _) in asked.join_all().await {
        assert!([200, 202].contains(&status), "{status}");
    }
    stage.until_stands(1, "00").await;
    let books = stage.end().await;
    assert_eq!((books.bank.debited.count, books.switch.sent.0), (1, 1));
}
