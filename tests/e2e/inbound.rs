//! Inbound transfers: a repeated credit is posted once, and a reversal before its original bars it.

use serde_json::json;

use super::bank::{Options, TestBank, wait_until};
use super::scenario::{Scenario, transfer};

#[tokio::test]
async fn a_repeated_credit_gets_the_same_response_and_is_posted_once_also_after_a_crash() {
    let mut scenario = Scenario::start(Options::default()).await;
    let rrn = scenario.send_inbound_credit().await;
    scenario.wait_until_idle().await;
    for _ in 0..2 {
        for _ in 0..3 {
            scenario
                .switch
                .admin
                .send_inbound(&json!({ "kind": "repeat", "rrn": rrn }))
                .await
                .unwrap();
            scenario.wait_until_idle().await;
        }
        scenario.bank.kill().await;
        scenario.bank.start().await;
    }
    scenario.switch.admin.send_inbound(&json!({ "kind": "reversal", "rrn": rrn })).await.unwrap();
    scenario.wait_until_idle().await;
    let books = scenario.finish().await;
    assert_eq!((books.bank.credited.count, books.bank.credits_reversed.count), (1, 1));
    assert_eq!(books.switch.received.0, 0);
}

/// Two banks, each with an adapter. The request of one is held on the link of the other until the reversal has overtaken it.
#[tokio::test]
async fn a_reversal_before_its_original_bars_it() {
    let scenario = Scenario::start(Options::default()).await;
    let mut payer = TestBank::prepare(
        Options { bank: "014", response: "800ms", ..Options::default() },
        scenario.switch.listen,
    )
    .await;
    payer.start().await;
    scenario.link.hold(*b"0200");
    let mut transfer = transfer(1);
    transfer.to = ("213".to_owned(), "5550000002".to_owned());
    let (status, _) = payer.channel.submit(&transfer).await.unwrap();
    assert_eq!(status, 403, "the transfer is reversed");
    scenario.wait_until_idle().await;
    let answered = async |count| {
        let name = "titian_inbound_responses_total{result=\"declined\"}";
        scenario.bank.wait_for_metric(name, |result| result == count).await;
    };
    answered(0).await;
    scenario.link.release();
    answered(1).await;
    wait_until("the payer is idle", || payer.is_idle()).await;
    wait_until("the payer is refunded", async || payer.ledger().refunded.count == 1).await;
    assert!(payer.stop().await.success());
    payer.verify().await;
    payer.clear();
    let books = scenario.finish().await;
    assert_eq!((books.bank.credited.count, books.switch.received.0), (0, 0));
}
