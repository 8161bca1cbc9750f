//! Core does not reply: nothing is sent without a debit, and nothing is guessed.

use serde_json::json;

use super::bank::{Core, Options, wait_until};
use super::proxy::CoreFault;
use super::scenario::{Scenario, transfer};

fn over_http() -> Options {
    Options { core: Core::Http, ..Options::default() }
}

/// Core has made no debit, or has made one and its reply is lost.
#[tokio::test]
async fn a_transfer_without_a_confirmed_debit_is_never_sent_and_rejected_after_the_cancel() {
    let scenario = async |fault, debits| {
        let scenario = Scenario::start(Options { wait: "3s", ..over_http() }).await;
        let core = scenario.bank.core.as_ref().unwrap();
        core.add_fault("PUT", fault, u32::MAX);
        core.add_fault("DELETE", CoreFault::ResponseLost, u32::MAX);
        assert_eq!(scenario.request_transfer(&transfer(1)).await, (202, "2021800".to_owned()));
        assert_eq!(scenario.status(1).await, "01");
        core.clear_faults_of("DELETE");
        scenario.wait_for_status(1, "06").await;
        let books = scenario.finish().await;
        assert_eq!(books.switch.sent, (0, 0), "{fault:?}");
        assert_eq!(books.bank.debited.count, debits, "{fault:?}");
        assert_eq!(books.bank.refunded.count, debits, "{fault:?}");
    };
    tokio::join!(scenario(CoreFault::RequestLost, 0), scenario(CoreFault::ResponseLost, 1));
}

#[tokio::test]
async fn a_refund_is_repeated_until_core_confirms_it_also_after_a_restart() {
    let mut scenario = Scenario::start(Options { wait: "3s", ..over_http() }).await;
    scenario.bank.core.as_ref().unwrap().add_fault("DELETE", CoreFault::RequestLost, u32::MAX);
    scenario.switch.set_faults(&[("0200", 1.0, json!({ "decline": { "rc": "51" } }))]).await;
    // The same request again gets the present status: on a slow machine the first may have come too early for it.
    wait_until("the transfer has failed", async || {
        scenario.request_transfer(&transfer(1)).await == (403, "4031814".to_owned())
    })
    .await;
    assert_eq!(scenario.status(1).await, "03", "it has failed, and the refund is not confirmed");
    scenario.bank.kill().await;
    scenario.bank.start().await;
    assert_eq!(scenario.status(1).await, "03");
    assert_eq!(scenario.bank.ledger().refunded.count, 0);
    scenario.bank.core.as_ref().unwrap().clear_faults();
    scenario.wait_for_status(1, "04").await;
    let books = scenario.finish().await;
    assert_eq!((books.bank.debited.count, books.bank.refunded.count), (1, 1));
}

#[tokio::test]
async fn a_credit_that_core_does_not_confirm_in_time_is_declined_and_reversed() {
    let set = vec!["network.override.inbound.respond_within=5s"];
    let scenario = Scenario::start(Options { set, ..over_http() }).await;
    let core = scenario.bank.core.as_ref().unwrap();
    core.add_fault("PUT", CoreFault::ResponseLost, u32::MAX);
    scenario.send_inbound_credit().await;
    scenario.wait_until_idle().await;
    core.clear_faults();
    scenario.send_inbound_credit().await;
    let books = scenario.finish().await;
    assert_eq!((books.bank.credited.count, books.bank.credits_reversed.count), (2, 1));
    assert_eq!(books.switch.received.0, 1);
}
