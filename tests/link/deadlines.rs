//! Limits, queueing and deadlines.

use std::num::NonZeroU32;

use titian::link::{CorrelationId, Event, NotSent};

use super::adapter::{Adapter, MILLI, PATIENCE, listener, not_sent_reason, outcome, quick};
use super::messages::{financial, request, rules, spec};
use super::peer::one_connection;

#[tokio::test]
async fn without_a_link_a_request_waits_until_its_deadline() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    drop(listener);
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let deadline = adapter.deadline_in(30 * MILLI);
    adapter.send_until(1, request(&spec, 1), deadline).await;
    assert_eq!(adapter.wait(not_sent_reason).await, (CorrelationId(1), NotSent::DeadlinePassed));
    assert!(adapter.clock.now() >= deadline);
    // A response does not wait for a link: it is useless to the switch on a later connection.
    adapter.send(2, financial(&spec, 210, 2)).await;
    assert_eq!(adapter.wait(not_sent_reason).await, (CorrelationId(2), NotSent::NoLinkUp));
}

#[tokio::test]
async fn a_request_that_waits_for_a_link_can_be_withdrawn() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    drop(listener);
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let deadline = adapter.deadline_in(300 * MILLI);
    adapter.send_until(1, request(&spec, 1), deadline).await;
    adapter.send_until(2, request(&spec, 2), deadline).await;
    let mut withdrawn = [1, 7].map(CorrelationId).into();
    adapter.handle.try_withdraw(&mut withdrawn).unwrap();
    assert!(withdrawn.is_empty(), "the links have the command");
    assert_eq!(adapter.wait(not_sent_reason).await, (CorrelationId(1), NotSent::Withdrawn));
    assert_eq!(adapter.wait(not_sent_reason).await, (CorrelationId(2), NotSent::DeadlinePassed));
}

#[tokio::test]
async fn requests_over_the_limits_wait_in_a_bounded_queue_and_the_rest_is_refused() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.limits.in_flight = 10;
    rules.limits.queued = 20;
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    adapter.send_all(0..1_000).await;
    for number in 30..1_000 {
        assert_eq!(
            adapter.wait(not_sent_reason).await,
            (CorrelationId(number), NotSent::QueueFull)
        );
    }
    let mut answered = 0;
    for _ in 0..3 {
        for received in peer.messages(10).await {
            peer.respond(&received).await;
        }
        for _ in 0..10 {
            assert_eq!(adapter.wait(outcome).await.1, "answered");
            answered += 1;
        }
    }
    assert_eq!(answered, 30);
}

#[tokio::test]
async fn the_rate_limit_holds() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.limits.per_second = NonZeroU32::new(500).unwrap();
    rules.limits.burst = NonZeroU32::new(5).unwrap();
    let (adapter, mut peer) = one_connection(&spec, &rules).await;
    let start = adapter.clock.now();
    adapter.send_all(0..105).await;
    assert_eq!(peer.messages(105).await.len(), 105);
    let took = adapter.clock.now().since(start);
    assert!(took >= 199 * MILLI && took < PATIENCE, "{took:?} for 100 beyond the burst");
}

#[tokio::test]
async fn a_request_expires_after_the_response_timeout() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.timers.response = 30 * MILLI;
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    adapter.send_all([1].into_iter()).await;
    let received = peer.message().await.unwrap();
    assert_eq!(adapter.wait(outcome).await, (1, "expired"));
    peer.respond(&received).await;
    adapter.wait(|event| matches!(event, Event::Unmatched { .. }).then_some(())).await;
    // The key is free again. A slow machine may need more than one request until a response is in time.
    loop {
        adapter.send_all([1].into_iter()).await;
        let received = peer.message().await.unwrap();
        peer.respond(&received).await;
        match adapter.wait(outcome).await {
            (1, "answered") => break,
            other => assert_eq!(other, (1, "expired")),
        }
    }
}
