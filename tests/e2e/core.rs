//! Core does not answer: nothing is sent without a debit, and nothing is guessed.

use serde_json::json;

use crate::house::{Core, Plan};
use crate::proxy::Fault;
use crate::stage::{Stage, wanted};

fn over_http() -> Plan {
    Plan { core: Core::Http, ..Plan::default() }
}

/// Core has no debit, or has one that it does not speak of.
#[tokio::test]
async fn what_core_does_not_confirm_is_never_sent_and_refused_when_core_confirms_the_cancel() {
    let scenario = async |fault, debits| {
        let stage = Stage::set(over_http()).await;
        let core = stage.house.core.as_ref().unwrap();
        core.fault("PUT", fault, 3);
        core.fault("DELETE", Fault::Mute, 1);
        assert_eq!(stage.pay(&wanted(1)).await, (202, "2021800".to_owned()));
        assert_eq!(stage.stands(1).await, "01");
        stage.until_stands(1, "06").await;
        let books = stage.end().await;
        assert_eq!(books.switch.sent, (0, 0), "{fault:?}");
        assert_eq!(books.bank.debited.count, debits, "{fault:?}");
        assert_eq!(books.bank.given_back.count, debits, "{fault:?}");
    };
    tokio::join!(scenario(Fault::Silent, 0), scenario(Fault::Mute, 1));
}

#[tokio::test]
async fn a_refund_is_asked_for_until_core_confirms_it_also_by_the_next_start() {
    let mut stage = Stage::set(over_http()).await;
    stage.house.core.as_ref().unwrap().fault("DELETE", Fault::Silent, u32::MAX);
    stage.switch.fault(&[("0200", 1.0, json!({ "decline": { "rc": "51" } }))]).await;
    let told = stage.pay(&wanted(1)).await;
    assert_eq!(told, (403, "4031814".to_owned()));
    assert_eq!(stage.stands(1).await, "03", "it has failed, and the money is on its way back");
    stage.house.kill().await;
    stage.house.start().await;
    assert_eq!(stage.stands(1).await, "03");
    assert_eq!(stage.house.ledger().given_back.count, 0);
    stage.house.core.as_ref().unwrap().mend();
    stage.until_stands(1, "04").await;
    let books = stage.end().await;
    assert_eq!((books.bank.debited.count, books.bank.given_back.count), (1, 1));
}

#[tokio::test]
async fn a_credit_that_core_does_not_confirm_in_time_is_declined_and_must_not_stand() {
    let set = vec!["network.change.inbound.answer_within=1500ms"];
    let stage = Stage::set(Plan { set, ..over_http() }).await;
    let core = stage.house.core.as_ref().unwrap();
    core.fault("PUT", Fault::Mute, 1);
    stage.be_paid().await;
    stage.until_quiet().await;
    stage.be_paid().await;
    let books = stage.end().await;
    assert_eq!((books.bank.credited.count, books.bank.taken_back.count), (2, 1));
    assert_eq!(books.switch.received.0, 1);
}
