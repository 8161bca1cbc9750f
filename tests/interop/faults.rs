//! What goes wrong on purpose, as our end of the line feels it; the money stays where both say that it is.

use std::time::Duration;

use titian::link::Event;
use titian::network::Incoming;

use crate::bank::{Bank, Ending};
use crate::simulator::Simulator;

async fn with(network: &str, action: &str) -> (Simulator, Bank) {
    let switch = Simulator::start(network, &[]);
    let bank = Bank::join(network, "213", switch.listen).await;
    switch.faults(&format!(r#"[{{"match": {{"mti": "0200"}}, "action": {action}}}]"#));
    (switch, bank)
}

/// Sends a transfer of 500 that was made an hour ago, so that no clock of the switch has its time.
async fn pay(bank: &mut Bank) -> Ending {
    let hour_ago = bank.clock.now().millis() - 3_600_000;
    let trace = bank.trace_at(titian::values::Moment::from_millis(hour_ago));
    let order = bank.order("008", "1000000001", 500);
    bank.transfer(&order, trace).await
}

#[tokio::test]
async fn an_answer_that_is_late_is_evidence() {
    let (switch, mut bank) = with("nusantara", r#"{"late": {"ms": 3000}}"#).await;
    assert_eq!(pay(&mut bank).await, Ending::Expired);
    let late = bank.unmatched().await;
    assert_eq!(bank.code(&late), "00");
    assert_eq!(switch.position("213"), -500);
}

#[tokio::test]
async fn an_answer_that_comes_twice_is_an_answer_and_evidence() {
    let (switch, mut bank) = with("nusantara", r#""duplicate""#).await;
    let Ending::Answered(answer) = pay(&mut bank).await else { panic!("no answer") };
    assert_eq!(bank.unmatched().await, answer);
    assert_eq!(switch.position("213"), bank.position);
}

#[tokio::test]
async fn an_answer_under_a_number_that_was_never_sent_belongs_to_nothing() {
    let (switch, mut bank) = with("nusantara", r#""unknown_stan""#).await;
    assert_eq!(pay(&mut bank).await, Ending::Expired);
    let stray = bank.unmatched().await;
    assert_eq!(bank.code(&stray), "00");
    assert_eq!(switch.position("213"), -500);
}

#[tokio::test]
async fn a_network_that_overwrites_the_time_is_matched_by_the_local_one() {
    let (_switch, mut bank) = with("nusantara", r#""overwrite_de7""#).await;
    assert_eq!(pay(&mut bank).await, Ending::Expired, "matched by DE7");
    let (switch, mut bank) = with("holdfast", r#""overwrite_de7""#).await;
    assert!(matches!(pay(&mut bank).await, Ending::Answered(_)), "matched by DE12 and DE13");
    assert_eq!(switch.position("213"), bank.position);
}

#[tokio::test]
async fn what_is_no_message_is_told_and_the_link_goes_on() {
    let (switch, mut bank) = with("nusantara", r#""garbage""#).await;
    assert_eq!(pay(&mut bank).await, Ending::Expired);
    bank.wait(|event| matches!(event, Event::Malformed { .. }).then_some(())).await;
    switch.faults("[]");
    assert_eq!(bank.pay("008", "1000000001", 200).await, "00");
    assert_eq!(switch.position("213"), -700);
}

#[tokio::test]
async fn a_line_that_is_cut_in_place_of_an_answer_loses_the_request_and_comes_back() {
    let (switch, mut bank) = with("nusantara", r#""disconnect""#).await;
    assert_eq!(pay(&mut bank).await, Ending::Lost);
    bank.wait(|event| matches!(event, Event::Up(_)).then_some(())).await;
    switch.faults("[]");
    assert_eq!(bank.pay("008", "1000000001", 200).await, "00");
    assert_eq!(switch.position("213"), -700);
}

#[tokio::test]
async fn an_answer_of_another_amount_is_no_answer_to_the_request() {
    let (switch, mut bank) = with("nusantara", r#""wrong_amount""#).await;
    let Ending::Answered(answer) = pay(&mut bank).await else { panic!("no answer") };
    let Incoming::Answer { heard, .. } = bank.read(&answer) else { panic!("no answer") };
    assert_eq!(heard.amount.unwrap().minor(), 501);
    assert_eq!(switch.position("213"), -500);
}

#[tokio::test]
async fn a_request_that_waits_is_overtaken_and_a_declined_one_moves_nothing() {
    let (switch, mut bank) = with("nusantara", r#"{"delay": {"ms": 300}}"#).await;
    let begin = bank.clock.now();
    assert!(matches!(pay(&mut bank).await, Ending::Answered(_)));
    assert!(bank.clock.now().since(begin) >= Duration::from_millis(300));
    switch.faults(r#"[{"match": {"mti": "0200"}, "action": {"decline": {"rc": "51"}}}]"#);
    assert_eq!(bank.pay("008", "1000000001", 900).await, "51");
    assert_eq!(switch.position("213"), bank.position);
    let rule = &switch.state()["faults"][0];
    assert_eq!((rule["matched"].as_u64(), rule["hits"].as_u64()), (Some(1), Some(1)));
}
