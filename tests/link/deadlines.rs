//! Caps, turns and deadlines.

use std::num::NonZeroU32;

use titian::link::{Event, NotSent, Token};

use crate::adapter::{Adapter, MILLI, PATIENCE, ending, listener, quick};
use crate::messages::{financial, request, rules, spec};
use crate::peer::Peer;

fn refusal(event: &Event) -> Option<(Token, NotSent)> {
    match event {
        Event::NotSent(token, why) => Some((*token, *why)),
        _ => None,
    }
}

#[tokio::test]
async fn without_a_link_a_request_waits_until_its_deadline_and_no_longer() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    drop(listener);
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let deadline = adapter.in_a(30 * MILLI);
    adapter.send_until(1, request(&spec, 1), deadline).await;
    assert_eq!(adapter.wait(refusal).await, (Token(1), NotSent::Deadline));
    assert!(adapter.clock.now() >= deadline);
    // An answer waits for nothing: the switch has no more use for it on a line that comes later.
    adapter.send(2, financial(&spec, 210, 2)).await;
    assert_eq!(adapter.wait(refusal).await, (Token(2), NotSent::NoLink));
}

#[tokio::test]
async fn a_flood_over_the_caps_waits_in_a_bounded_queue_and_the_rest_is_refused() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.caps.in_flight = 10;
    rules.caps.waiting = 20;
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    adapter.send_all(0..1_000).await;
    for number in 30..1_000 {
        assert_eq!(adapter.wait(refusal).await, (Token(number), NotSent::Full));
    }
    let mut answered = 0;
    for _ in 0..3 {
        for asked in peer.messages(10).await {
            peer.answer(&asked).await;
        }
        for _ in 0..10 {
            assert_eq!(adapter.wait(ending).await.1, "answered");
            answered += 1;
        }
    }
    assert_eq!(answered, 30);
}

#[tokio::test]
async fn no_more_go_out_in_a_second_than_agreed() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.caps.per_second = NonZeroU32::new(500).unwrap();
    rules.caps.burst = NonZeroU32::new(5).unwrap();
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    let start = adapter.clock.now();
    adapter.send_all(0..105).await;
    assert_eq!(peer.messages(105).await.len(), 105);
    let took = adapter.clock.now().since(start);
    assert!(took >= 199 * MILLI && took < PATIENCE, "{took:?} for 100 beyond the burst");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_waited_for_no_longer_than_agreed() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.timers.answer = 30 * MILLI;
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    adapter.send_all([1].into_iter()).await;
    let asked = peer.message().await.unwrap();
    assert_eq!(adapter.wait(ending).await, (1, "expired"));
    peer.answer(&asked).await;
    adapter.wait(|event| matches!(event, Event::Unmatched { .. }).then_some(())).await;
    adapter.send_all([1].into_iter()).await;
    let asked = peer.message().await.unwrap();
    peer.answer(&asked).await;
    assert_eq!(adapter.wait(ending).await, (1, "answered"), "the key is free again");
}
