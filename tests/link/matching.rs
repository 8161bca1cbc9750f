//! Matching of responses to requests.

use bytes::Bytes;
use titian::iso8583::{De, Mti};
use titian::link::{CorrelationId, Event, LinkId, NotSent, OutgoingKind};
use titian::network::{LinkSelection, MatchingKey, SessionRules};

use super::adapter::{Adapter, listener, not_sent_reason, outcome, quick};
use super::messages::{financial, management, request, response_to, rules, spec};
use super::peer::{Peer, one_connection};

/// Returns a connection with the rules of a shipped network.
async fn connection_of(network: &str) -> (Adapter, Peer) {
    one_connection(&spec(network), &quick(rules(network))).await
}

#[tokio::test]
async fn responses_in_reverse_order_match_their_requests() {
    let (mut adapter, mut peer) = connection_of("nusantara").await;
    adapter.send_all(0..100).await;
    let received = peer.messages(100).await;
    for message in received.iter().rev() {
        peer.respond(message).await;
    }
    for number in (0..100).rev() {
        assert_eq!(adapter.wait(outcome).await, (number, "answered"));
    }
}

#[tokio::test]
async fn a_duplicate_response_is_unmatched() {
    let (mut adapter, mut peer) = connection_of("nusantara").await;
    adapter.send_all([1].into_iter()).await;
    let received = peer.message().await.unwrap();
    peer.respond(&received).await;
    peer.respond(&received).await;
    assert_eq!(adapter.wait(outcome).await, (1, "answered"));
    let unmatched = adapter
        .wait(|event| match event {
            Event::Unmatched { message, .. } => Some(message.bytes().clone()),
            _ => outcome(event).map(|again| panic!("{again:?}")),
        })
        .await;
    assert_eq!(unmatched, response_to(&adapter.spec.decode(received).unwrap(), &[]));
}

/// The STAN alone does not identify a request: a response with another day, bank or terminal does not match.
#[tokio::test]
async fn a_response_that_differs_in_any_element_of_the_key_is_unmatched() {
    let (mut adapter, mut peer) = connection_of("nusantara").await;
    adapter.send_all([1].into_iter()).await;
    let received = peer.message().await.unwrap();
    for (de, other) in [
        (De::TRANSMISSION, "1123120000"),
        (De::STAN, "000002"),
        (De::ACQUIRER, "0213"),
        (De::TERMINAL, "MOB00002"),
    ] {
        peer.respond_with(&received, &[(de, other)]).await;
        adapter
            .wait(|event| match event {
                Event::Unmatched { .. } => Some(()),
                _ => outcome(event).map(|ended| panic!("{de}: {ended:?}")),
            })
            .await;
    }
    // The amount is not part of the key. The owner checks it.
    peer.respond_with(&received, &[(De::AMOUNT, "000000000001")]).await;
    assert_eq!(adapter.wait(outcome).await, (1, "answered"));
}

#[tokio::test]
async fn the_local_time_identifies_requests_when_the_switch_overwrites_de7() {
    let (mut adapter, mut peer) = connection_of("holdfast").await;
    adapter.send_all(0..3).await;
    for received in peer.messages(3).await {
        peer.respond_with(&received, &[(De::TRANSMISSION, "1124235959")]).await;
    }
    for number in 0..3 {
        assert_eq!(adapter.wait(outcome).await, (number, "answered"));
    }
    adapter.send_all([9].into_iter()).await;
    let received = peer.message().await.unwrap();
    peer.respond_with(&received, &[(De::LOCAL_TIME, "190001")]).await;
    adapter.wait(|event| matches!(event, Event::Unmatched { .. }).then_some(())).await;
}

#[tokio::test]
async fn a_response_can_arrive_on_another_link_of_the_network() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (first, address) = listener().await;
    let (second, other_address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other_address]);
    let mut one = Peer::accept(&first, &spec, &rules).await;
    let mut other = Peer::accept(&second, &spec, &rules).await;
    adapter.wait_until_up().await;
    adapter.wait_until_up().await;
    adapter.send_all(0..10).await;
    let (received, others) = (one.messages(5).await, other.messages(5).await);
    for message in &received {
        other.respond(message).await;
    }
    for message in &others {
        one.respond(message).await;
    }
    let mut links = Vec::new();
    for _ in 0..10 {
        links.push(
            adapter
                .wait(|event| match event {
                    Event::Response { correlation_id, link, .. } => {
                        Some((correlation_id.0 % 2, *link))
                    }
                    _ => None,
                })
                .await,
        );
    }
    links.sort_unstable();
    let expected = [[(0, LinkId(1)); 5], [(1, LinkId(0)); 5]].concat();
    assert_eq!(
        links, expected,
        "requests are spread evenly, and each is answered on the other link"
    );
}

#[tokio::test]
async fn a_standby_link_is_used_only_while_the_first_is_down() {
    let spec = spec("nusantara");
    let mut rules =
        quick(SessionRules { link_selection: LinkSelection::FirstUp, ..rules("nusantara") });
    rules.limits.in_flight = 3;
    let (first, address) = listener().await;
    let (second, other_address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other_address]);
    let mut main = Peer::accept(&first, &spec, &rules).await;
    let mut standby = Peer::accept(&second, &spec, &rules).await;
    adapter.wait_until_up().await;
    adapter.wait_until_up().await;
    adapter.send_all(0..6).await;
    let received = main.messages(3).await;
    main.respond(&received[0]).await;
    assert_eq!(adapter.wait(outcome).await, (0, "answered"));
    assert_eq!(main.messages(1).await, [request(&spec, 3)], "the request waits for the first link");
    drop(main);
    drop(first);
    for received in standby.messages(2).await {
        standby.respond(&received).await;
    }
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        outcomes.push(adapter.wait(outcome).await);
    }
    outcomes.sort_unstable();
    let lost = [(1, "lost"), (2, "lost"), (3, "lost")];
    assert_eq!(outcomes, [lost.as_slice(), &[(4, "answered"), (5, "answered")]].concat());
}

#[tokio::test]
async fn a_request_with_a_key_in_flight_is_not_sent_and_the_first_request_continues() {
    let (mut adapter, mut peer) = connection_of("nusantara").await;
    let spec = adapter.spec.clone();
    adapter.send(8, request(&spec, 1)).await;
    adapter.send(16, request(&spec, 1)).await;
    // A repeat of another subject does not repeat our request.
    adapter.send(24, financial(&spec, 201, 1)).await;
    for correlation_id in [16, 24] {
        let refused = (CorrelationId(correlation_id), NotSent::KeyInFlight);
        assert_eq!(adapter.wait(not_sent_reason).await, refused);
    }
    let received = peer.message().await.unwrap();
    peer.respond(&received).await;
    assert_eq!(adapter.wait(outcome).await, (8, "answered"));
}

/// A status inquiry has the trace numbers of its request, and so have its repeats.
#[tokio::test]
async fn a_later_message_of_the_same_subject_replaces_the_one_in_flight() {
    let (mut adapter, mut peer) = connection_of("holdfast").await;
    let spec = adapter.spec.clone();
    for (correlation_id, replaced) in [(8, None), (10, Some(8)), (10, Some(10)), (10, Some(10))] {
        adapter.send(correlation_id, request(&spec, 1)).await;
        peer.message().await.unwrap();
        if let Some(replaced) = replaced {
            assert_eq!(adapter.wait(outcome).await, (replaced, "expired"));
        }
    }
    peer.respond(&request(&spec, 1)).await;
    assert_eq!(adapter.wait(outcome).await, (10, "answered"));
}

#[tokio::test]
async fn a_message_of_an_undefined_type_or_of_another_kind_than_stated_is_not_sent() {
    let (mut adapter, mut peer) = connection_of("nusantara").await;
    let spec = adapter.spec.clone();
    let key = MatchingKey::new(Mti::FINANCIAL_REQUEST);
    let (request, response) = (OutgoingKind::Request(key), OutgoingKind::Response(LinkId(0)));
    for (number, message, kind) in [
        (1, Bytes::from_static(b"nonsense"), request),
        (2, Bytes::from_static(b"9990"), response),
        (3, financial(&spec, 210, 3), request),
        (4, financial(&spec, 200, 4), response),
    ] {
        adapter.send_as(number, message, kind).await;
        let refused = (CorrelationId(number.into()), NotSent::InvalidMessage);
        assert_eq!(adapter.wait(not_sent_reason).await, refused);
    }
    adapter.send_all([5].into_iter()).await;
    assert_eq!(peer.message().await.unwrap(), financial(&spec, 200, 5), "nothing else was sent");
}

/// The key must identify a request, so a message without one of its elements has none.
#[test]
fn a_message_without_an_element_of_the_key_or_with_a_long_one_has_no_key() {
    let (spec, rules) = (spec("nusantara"), rules("nusantara"));
    let with_key = spec.decode(financial(&spec, 200, 1)).unwrap();
    assert!(MatchingKey::of(&with_key, &rules.response_key).is_some());
    let without = spec.decode(management(&spec, "301", None)).unwrap();
    assert!(MatchingKey::of(&without, &rules.response_key).is_none());
    let mut key = MatchingKey::new(Mti::FINANCIAL_REQUEST);
    assert!(key.push(&[0; MatchingKey::LENGTH_MAX]).is_some());
    assert!(key.push(&[0]).is_none());
}

/// A reversal and its repeats have the same key, so only one of them is in flight.
#[tokio::test]
async fn a_repeat_replaces_the_request_that_it_repeats() {
    let (mut adapter, mut peer) = connection_of("nusantara").await;
    let spec = adapter.spec.clone();
    adapter.send(1, financial(&spec, 420, 1)).await;
    peer.message().await.unwrap();
    adapter.send(1, financial(&spec, 421, 1)).await;
    let repeat = peer.message().await.unwrap();
    assert_eq!(adapter.wait(outcome).await, (1, "expired"));
    peer.respond(&repeat).await;
    assert_eq!(adapter.wait(outcome).await, (1, "answered"));
}
