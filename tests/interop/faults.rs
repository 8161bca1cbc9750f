//! Faults of the switch at our end of the connection. The books of bank and switch stay equal.

use std::time::Duration;

use titian::link::Event;
use titian::network::IncomingMessage;

use super::bank::{Bank, RequestOutcome};
use super::simulator::Simulator;

async fn with(network: &str, action: &str) -> (Simulator, Bank) {
    let switch = Simulator::start(network, &[]);
    let bank = Bank::join(network, "213", switch.listen).await;
    switch.set_fault_rules(&format!(r#"[{{"match": {{"mti": "0200"}}, "action": {action}}}]"#));
    (switch, bank)
}

/// Sends a transfer of 500 with a transmission time of an hour ago, which differs from the time of the switch.
async fn pay(bank: &mut Bank) -> RequestOutcome {
    let hour_ago = bank.clock.now().millis() - 3_600_000;
    let trace = bank.trace_at(titian::values::Moment::from_millis(hour_ago));
    let order = bank.order("008", "1000000001", 500);
    bank.transfer(&order, trace).await
}

#[tokio::test]
async fn a_late_response_is_reported_as_unmatched() {
    let (switch, mut bank) = with("nusantara", r#"{"late": {"ms": 15000}}"#).await;
    assert_eq!(pay(&mut bank).await, RequestOutcome::Expired);
    let late = bank.unmatched().await;
    assert_eq!(bank.code(&late), "00");
    assert_eq!(switch.position("213"), -500);
}

#[tokio::test]
async fn a_duplicate_response_is_reported_as_unmatched() {
    let (switch, mut bank) = with("nusantara", r#""duplicate""#).await;
    let RequestOutcome::Response(response) = pay(&mut bank).await else { panic!("no response") };
    assert_eq!(bank.unmatched().await, response);
    assert_eq!(switch.position("213"), bank.position);
}

#[tokio::test]
async fn a_response_with_an_unknown_stan_is_reported_as_unmatched() {
    let (switch, mut bank) = with("nusantara", r#""unknown_stan""#).await;
    assert_eq!(pay(&mut bank).await, RequestOutcome::Expired);
    let stray = bank.unmatched().await;
    assert_eq!(bank.code(&stray), "00");
    assert_eq!(switch.position("213"), -500);
}

#[tokio::test]
async fn a_network_that_overwrites_de7_is_matched_by_the_local_time() {
    let (_switch, mut bank) = with("nusantara", r#""overwrite_de7""#).await;
    assert_eq!(pay(&mut bank).await, RequestOutcome::Expired, "matched by DE7");
    let (switch, mut bank) = with("holdfast", r#""overwrite_de7""#).await;
    assert!(
        matches!(pay(&mut bank).await, RequestOutcome::Response(_)),
        "matched by DE12 and DE13"
    );
    assert_eq!(switch.position("213"), bank.position);
}

#[tokio::test]
async fn garbage_is_reported_and_the_link_stays_up() {
    let (switch, mut bank) = with("nusantara", r#""garbage""#).await;
    assert_eq!(pay(&mut bank).await, RequestOutcome::Expired);
    bank.wait_for(|event| matches!(event, Event::Malformed { .. }).then_some(())).await;
    switch.set_fault_rules("[]");
    assert_eq!(bank.pay("008", "1000000001", 200).await, "00");
    assert_eq!(switch.position("213"), -700);
}

#[tokio::test]
async fn a_connection_closed_instead_of_a_response_loses_the_request_and_is_made_again() {
    let (switch, mut bank) = with("nusantara", r#""disconnect""#).await;
    assert_eq!(pay(&mut bank).await, RequestOutcome::Lost);
    bank.wait_for(|event| matches!(event, Event::Up(_)).then_some(())).await;
    switch.set_fault_rules("[]");
    assert_eq!(bank.pay("008", "1000000001", 200).await, "00");
    assert_eq!(switch.position("213"), -700);
}

#[tokio::test]
async fn a_response_with_another_amount_is_read_with_that_amount() {
    let (switch, mut bank) = with("nusantara", r#""wrong_amount""#).await;
    let RequestOutcome::Response(response) = pay(&mut bank).await else { panic!("no response") };
    let IncomingMessage::Response { response: fields, .. } = bank.read(&response) else {
        panic!("no response")
    };
    assert_eq!(fields.amount.unwrap().minor(), 501);
    assert_eq!(switch.position("213"), -500);
}

#[tokio::test]
async fn a_delayed_request_takes_longer_and_a_declined_one_moves_no_money() {
    let (switch, mut bank) = with("nusantara", r#"{"delay": {"ms": 300}}"#).await;
    let begin = bank.clock.now();
    assert!(matches!(pay(&mut bank).await, RequestOutcome::Response(_)));
    assert!(bank.clock.now().since(begin) >= Duration::from_millis(300));
    switch.set_fault_rules(r#"[{"match": {"mti": "0200"}, "action": {"decline": {"rc": "51"}}}]"#);
    assert_eq!(bank.pay("008", "1000000001", 900).await, "51");
    assert_eq!(switch.position("213"), bank.position);
    let rule = &switch.state()["faults"][0];
    assert_eq!((rule["matched"].as_u64(), rule["hits"].as_u64()), (Some(1), Some(1)));
}
