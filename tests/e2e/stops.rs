//! Who leaves in the middle: a client, the adapter.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::house::{PATIENCE, Plan};
use crate::stage::{Stage, wanted};

#[tokio::test]
async fn a_client_that_hangs_up_takes_nothing_with_it() {
    let stage = Stage::set(Plan::default()).await;
    stage.switch.fault(&[("0200", 1.0, json!({ "late": { "ms": 500 } }))]).await;
    let wanted = wanted(1);
    tokio::select! {
        told = stage.house.channel.ask(&wanted) => panic!("{told:?}"),
        () = stage.house.until_metric("titian_channels_waiting", |count| count == 1) => {}
    }
    stage.until_stands(1, "00").await;
    let (status, _) = stage.house.channel.ask(&wanted).await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(stage.end().await.switch.sent.0, 1);
}

#[tokio::test]
async fn a_stop_under_load_answers_everyone_and_signs_off() {
    const REQUESTS: u64 = 200;
    let set = vec!["network.change.timers.response=20s", "api.wait=20s"];
    let mut stage = Stage::set(Plan { set, ..Plan::default() }).await;
    stage.switch.fault(&[("0200", 1.0, json!({ "late": { "ms": 2000 } }))]).await;
    let mut asked = JoinSet::new();
    for number in 1..=REQUESTS {
        let channel = Arc::clone(&stage.house.channel);
        asked.spawn(async move { channel.ask(&wanted(number)).await });
    }
    stage.house.until_metric("titian_channels_waiting", |count| count == REQUESTS).await;
    let adapter = stage.house.adapter.take().unwrap();
    adapter.signal("TERM").await.unwrap();
    stage.house.until_metric("titian_draining", |draining| draining == 1).await;
    let late = stage.house.channel.ask(&wanted(REQUESTS + 1)).await;
    assert!(late.is_none_or(|told| told.0 == 503), "nothing new is taken on");
    let told = asked.join_all().await;
    assert!(told.iter().all(|told| told.as_ref().is_some_and(|told| told.0 == 200)), "{told:?}");
    let status = adapter.ended(PATIENCE).await.unwrap();
    let log = stage.house.log();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(log.matches("\"end\":\"SignedOff\"").count(), 2, "{log}");
    assert_eq!(stage.compare(0).await.switch.sent.0, REQUESTS);
}
