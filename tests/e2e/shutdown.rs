//! Clients that hang up, and the stop of the adapter.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::bank::{Options, TIMEOUT};
use super::scenario::{Scenario, transfer};

#[tokio::test]
async fn a_client_that_hangs_up_loses_no_transfer() {
    let scenario = Scenario::start(Options::default()).await;
    scenario.link.hold(*b"0210");
    let transfer = transfer(1);
    tokio::select! {
        result = scenario.bank.channel.submit(&transfer) => panic!("{result:?}"),
        () = scenario.bank.wait_for_metric("titian_channel_requests_waiting", |count| count == 1) => {}
    }
    scenario.link.release();
    scenario.wait_for_status(1, "00").await;
    let (status, _) = scenario.bank.channel.submit(&transfer).await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(scenario.finish().await.switch.sent.0, 1);
}

#[tokio::test]
async fn a_stop_under_load_completes_all_requests_and_signs_off() {
    const REQUESTS: u64 = 200;
    let mut scenario = Scenario::start(Options::default()).await;
    scenario.link.hold(*b"0210");
    let mut asked = JoinSet::new();
    for number in 1..=REQUESTS {
        let channel = Arc::clone(&scenario.bank.channel);
        asked.spawn(async move { channel.submit(&transfer(number)).await });
    }
    scenario
        .bank
        .wait_for_metric("titian_channel_requests_waiting", |count| count == REQUESTS)
        .await;
    let adapter = scenario.bank.adapter.take().unwrap();
    adapter.signal("TERM").await.unwrap();
    scenario.bank.wait_for_metric("titian_draining", |draining| draining == 1).await;
    let late = scenario.bank.channel.submit(&transfer(REQUESTS + 1)).await;
    assert!(late.is_none_or(|result| result.0 == 503), "no new request is accepted");
    scenario.link.release();
    let result = asked.join_all().await;
    assert!(
        result.iter().all(|result| result.as_ref().is_some_and(|result| result.0 == 200)),
        "{result:?}"
    );
    let status = adapter.wait_for_exit(TIMEOUT).await.unwrap();
    let log = scenario.bank.log();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(log.matches("\"reason\":\"signed off\"").count(), 2, "{log}");
    assert_eq!(scenario.compare(0).await.switch.sent.0, REQUESTS);
}
