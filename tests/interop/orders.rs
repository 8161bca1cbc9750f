//! Orders of operators, against the simulated switch.

use titian::link::{Event, LinkOrder, LinkPhase, OrderDone, OrderError};

use super::bank::{Bank, RequestOutcome};
use super::simulator::Simulator;

#[tokio::test]
async fn a_link_that_is_signed_off_by_hand_stays_off_and_signs_on_by_hand() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::join("nusantara", "213", switch.listen).await;
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
    let echo = bank.order_link(LinkOrder::Echo).await;
    assert!(matches!(echo, Ok(OrderDone::RoundTrip(_))), "{echo:?}");
    bank.order_link(LinkOrder::SignOff).await.unwrap();
    bank.wait_for_phase(LinkPhase::SignedOff).await;
    while switch.bank("213")["presence"] != "disconnected" {
        tokio::task::yield_now().await;
    }
    let message = payment(&mut bank);
    assert_eq!(bank.request(message).await, RequestOutcome::NotSent);
    assert_eq!(bank.order_link(LinkOrder::Drain).await, Err(OrderError::SignedOff));
    bank.order_link(LinkOrder::SignOn).await.unwrap();
    bank.wait_for_phase(LinkPhase::SignedOn).await;
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
    assert_eq!(switch.position("213"), -1_000);
}

#[tokio::test]
async fn a_drained_link_answers_the_switch_and_sends_no_request() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::join("nusantara", "213", switch.listen).await;
    // The responses are late, so that requests are in flight.
    switch.set_fault_rules(r#"[{"match": {"mti": "0200"}, "action": {"late": {"ms": 300}}}]"#);
    for id in 1..=20 {
        let message = payment(&mut bank);
        bank.send(id, message).await;
    }
    bank.wait_for(|event| matches!(event, Event::Sent(id) if id.0 == 20).then_some(())).await;
    bank.order_link(LinkOrder::Drain).await.unwrap();
    let message = payment(&mut bank);
    assert_eq!(bank.request(message).await, RequestOutcome::NotSent);
    for id in 1..=20 {
        assert_eq!(bank.outcome_of(id).await.name(), "response");
    }
    bank.wait_for_phase(LinkPhase::Drained).await;
    assert_eq!(switch.position("213"), -20 * 500);
    switch.set_fault_rules("[]");
    let echo = bank.order_link(LinkOrder::Echo).await;
    assert!(matches!(echo, Ok(OrderDone::RoundTrip(_))), "{echo:?}");
    bank.order_link(LinkOrder::SignOn).await.unwrap();
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
}

/// Builds a transfer request with new trace numbers.
fn payment(bank: &mut Bank) -> bytes::Bytes {
    let (order, trace) = (bank.order("008", "1000000001", 500), bank.trace());
    bank.build(|network, into| network.encode_request(&order, trace, into))
}
