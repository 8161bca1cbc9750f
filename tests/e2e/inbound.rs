//! What other banks send: a credit that comes again is one, and a reversal that comes first bars its original.

use serde_json::json;

use crate::house::{House, Plan, until};
use crate::stage::{Stage, wanted};

#[tokio::test]
async fn a_credit_that_comes_again_is_answered_the_same_and_made_once_also_after_a_crash() {
    let mut stage = Stage::set(Plan::default()).await;
    let rrn = stage.be_paid().await;
    stage.until_quiet().await;
    for _ in 0..2 {
        for _ in 0..3 {
            stage.switch.operator.inbound(&json!({ "kind": "repeat", "rrn": rrn })).await.unwrap();
            stage.until_quiet().await;
        }
        stage.house.kill().await;
        stage.house.start().await;
    }
    stage.switch.operator.inbound(&json!({ "kind": "reversal", "rrn": rrn })).await.unwrap();
    stage.until_quiet().await;
    let books = stage.end().await;
    assert_eq!((books.bank.credited.count, books.bank.taken_back.count), (1, 1));
    assert_eq!(books.switch.received.0, 0);
}

/// Two banks, each with an adapter: what one sends is kept back on the other's line until the reversal has passed it by.
#[tokio::test]
async fn a_reversal_that_comes_before_its_original_bars_it() {
    let stage = Stage::set(Plan::default()).await;
    let mut payer =
        House::build(Plan { bank: "014", ..Plan::default() }, stage.switch.listen).await;
    payer.start().await;
    stage.link.keep(*b"0200");
    let mut wanted = wanted(1);
    wanted.to = ("213".to_owned(), "5550000002".to_owned());
    let (status, _) = payer.channel.ask(&wanted).await.unwrap();
    assert_eq!(status, 403, "it is reversed");
    stage.until_quiet().await;
    let answered = async |count| {
        let name = "titian_answers_total{answer=\"declined\"}";
        stage.house.until_metric(name, |told| told == count).await;
    };
    answered(0).await;
    stage.link.let_go();
    answered(1).await;
    until("the payer is done", || payer.is_quiet()).await;
    until("the payer has its money back", async || payer.ledger().given_back.count == 1).await;
    assert!(payer.stop().await.success());
    payer.verify().await;
    payer.clear();
    let books = stage.end().await;
    assert_eq!((books.bank.credited.count, books.switch.received.0), (0, 0));
}
