//! The switch is unreachable, before or during transfers.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::bank::{Options, wait_until};
use super::scenario::{Scenario, transfer};

#[tokio::test]
async fn without_a_link_requests_are_refused_and_the_link_comes_back_by_itself() {
    let mut scenario = Scenario::start(Options::default()).await;
    assert_eq!(scenario.request_transfer(&transfer(1)).await.0, 200);
    scenario.link.cut();
    scenario.bank.wait_for_metric("titian_link_up", |links| links == 0).await;
    assert!(!scenario.bank.probe.is_ready().await, "/readyz is 503");
    for number in 2..=11 {
        assert_eq!(scenario.request_transfer(&transfer(number)).await, (503, "5031800".to_owned()));
        assert_eq!(scenario.status(number).await, "07", "no transfer exists");
    }
    // The adapter starts without a link too.
    scenario.bank.kill().await;
    scenario.bank.try_start().await.unwrap();
    assert_eq!(scenario.request_transfer(&transfer(12)).await.0, 503);
    scenario.link.reconnect();
    scenario.bank.wait_until_ready().await;
    assert_eq!(scenario.request_transfer(&transfer(13)).await.0, 200);
    assert_eq!(
        scenario.request_transfer(&transfer(2)).await.0,
        200,
        "a refused request can be sent again"
    );
    let books = scenario.finish().await;
    assert_eq!((books.switch.sent.0, books.bank.debited.count), (3, 3));
}

#[tokio::test]
async fn transfers_in_flight_when_all_links_break_are_reversed_when_one_is_up_again() {
    let scenario = Scenario::start(Options { wait: "3s", ..Options::default() }).await;
    scenario.link.hold(*b"0210");
    let mut asked = JoinSet::new();
    for number in 1..=20 {
        let channel = Arc::clone(&scenario.bank.channel);
        asked.spawn(async move { channel.submit(&transfer(number)).await.unwrap().0 });
    }
    wait_until("the switch has all transfers", async || {
        scenario.switch.admin.totals("213").await.unwrap().sent.0 == 20
    })
    .await;
    scenario.link.cut();
    for status in asked.join_all().await {
        assert_eq!(status, 202, "the outcome is unknown");
    }
    assert_eq!(scenario.bank.probe.metric("titian_transfers_open").await.unwrap(), 20);
    scenario.link.release();
    scenario.link.reconnect();
    for number in 1..=20 {
        scenario.wait_for_status(number, "04").await;
    }
    let books = scenario.finish().await;
    assert_eq!((books.switch.sent.0, books.bank.refunded.count), (0, 20));
}

/// One request can be in flight on each of two links. Their responses are held back, so the other requests wait until half of
/// their time is over.
#[tokio::test]
async fn a_request_that_is_not_written_in_time_is_refunded_and_never_sent() {
    let set = vec!["network.override.session.limits.in_flight=1"];
    let options = Options { set, response: "10s", ..Options::default() };
    let scenario = Scenario::start(options).await;
    scenario.link.hold(*b"0210");
    let mut asked = JoinSet::new();
    for number in 1..=10 {
        let channel = Arc::clone(&scenario.bank.channel);
        asked.spawn(async move { (number, channel.submit(&transfer(number)).await.unwrap().0) });
    }
    for left in (0..10).rev() {
        let (number, status) = asked.join_next().await.unwrap().unwrap();
        let expected = if left >= 2 { (503, "04") } else { (200, "00") };
        assert_eq!(status, expected.0);
        scenario.wait_for_status(number, expected.1).await;
        if left == 2 {
            scenario.link.release();
        }
    }
    let books = scenario.finish().await;
    assert_eq!((books.switch.sent.0, books.bank.refunded.count), (2, 8));
}
