//! The switch can't be reached, for a while or in the middle.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::house::{Plan, until};
use crate::stage::{Stage, wanted};

#[tokio::test]
async fn without_a_link_nothing_is_sent_or_kept_and_it_comes_back_by_itself() {
    let mut stage = Stage::set(Plan::default()).await;
    assert_eq!(stage.pay(&wanted(1)).await.0, 200);
    stage.link.cut();
    stage.house.until_metric("titian_links_up", |links| links == 0).await;
    assert!(!stage.house.watcher.is_ready().await, "/readyz says so");
    for number in 2..=11 {
        assert_eq!(stage.pay(&wanted(number)).await, (503, "5031800".to_owned()));
        assert_eq!(stage.stands(number).await, "07", "nothing was begun");
    }
    // It starts without a link too.
    stage.house.kill().await;
    stage.house.try_start().await.unwrap();
    assert_eq!(stage.pay(&wanted(12)).await.0, 503);
    stage.link.mend();
    stage.house.until_ready().await;
    assert_eq!(stage.pay(&wanted(13)).await.0, 200);
    assert_eq!(stage.pay(&wanted(2)).await.0, 200, "it is new");
    let books = stage.end().await;
    assert_eq!((books.switch.sent.0, books.bank.debited.count), (3, 3));
}

#[tokio::test]
async fn what_is_under_way_when_all_links_break_is_reversed_when_one_is_back() {
    let stage = Stage::set(Plan::default()).await;
    stage.switch.fault(&[("0200", 1.0, json!({ "late": { "ms": 600 } }))]).await;
    let mut asked = JoinSet::new();
    for number in 1..=20 {
        let channel = Arc::clone(&stage.house.channel);
        asked.spawn(async move { channel.ask(&wanted(number)).await.unwrap().0 });
    }
    until("the switch has all", async || {
        stage.switch.operator.books("213").await.unwrap().sent.0 == 20
    })
    .await;
    stage.link.cut();
    for status in asked.join_all().await {
        assert_eq!(status, 202, "nobody knows");
    }
    assert_eq!(stage.house.watcher.metric("titian_transfers_open").await.unwrap(), 20);
    stage.link.mend();
    for number in 1..=20 {
        stage.until_stands(number, "04").await;
    }
    let books = stage.end().await;
    assert_eq!((books.switch.sent.0, books.bank.given_back.count), (0, 20));
}

/// Two requests may be on the way at a time, and answers are late: the others wait for their turn in vain.
#[tokio::test]
async fn what_is_not_written_in_time_is_given_back_and_never_sent() {
    let set = vec!["network.change.session.caps.in_flight=1"];
    let stage = Stage::set(Plan { set, ..Plan::default() }).await;
    stage.switch.fault(&[("0200", 1.0, json!({ "late": { "ms": 600 } }))]).await;
    let mut asked = JoinSet::new();
    for number in 1..=10 {
        let channel = Arc::clone(&stage.house.channel);
        asked.spawn(async move { (number, channel.ask(&wanted(number)).await.unwrap().0) });
    }
    for (number, status) in asked.join_all().await {
        let stands = match status {
            200 => "00",
            503 => "04",
            other => panic!("{other}"),
        };
        stage.until_stands(number, stands).await;
    }
    let books = stage.end().await;
    assert_eq!((books.switch.sent.0, books.bank.given_back.count), (2, 8));
}
