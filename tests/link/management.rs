//! Network management of the switch, and sign-off.

use bytes::BytesMut;
use titian::iso8583::{De, Frame};
use titian::link::{CorrelationId, Event, LinkId, LinkOrder, NotSent};
use titian::network::SessionRules;
use tokio::io::AsyncWriteExt;

use super::adapter::{Adapter, listener, not_sent_reason, outcome, quick};
use super::messages::{financial, management, request, response_to, rules, spec};
use super::peer::{Peer, one_connection};

#[tokio::test]
async fn network_management_requests_of_the_switch_are_answered_on_every_network() {
    for (network, rules, codes) in [
        ("nusantara", rules("nusantara"), ["001", "301", "201"].as_slice()),
        ("rendezvous", rules("rendezvous"), &["061", "270"]),
        ("holdfast", rules("holdfast"), &["001", "301", "201"]),
    ] {
        let (spec, rules) = (spec(network), quick(rules));
        let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
        for code in codes {
            let request = management(&spec, code, (*code == "201").then_some("1125"));
            peer.send(&request).await;
            if *code == "201" {
                answer_cut_over(&mut adapter, &rules, true).await;
            }
            let expected = response_to(&spec.decode(request).unwrap(), &[]);
            assert_eq!(peer.message().await.unwrap(), expected, "{network} {code}");
        }
    }
}

/// Answers the next cut-over, as the owner of the business date.
async fn answer_cut_over(adapter: &mut Adapter, rules: &SessionRules, is_done: bool) {
    let received = adapter
        .wait(|event| match event {
            Event::CutOver { message, .. } => Some(message.bytes().clone()),
            _ => None,
        })
        .await;
    let mut response = BytesMut::new();
    let message = adapter.spec.decode(received).unwrap();
    rules.write_response(&message, is_done, &mut response).unwrap();
    adapter.send(7, response.freeze()).await;
}

#[tokio::test]
async fn a_refused_cut_over_and_an_unknown_0800_get_the_code_of_a_refusal() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    for code in ["201", "999"] {
        peer.send(&management(&spec, code, None)).await;
        if code == "201" {
            answer_cut_over(&mut adapter, &rules, false).await;
        } else {
            adapter.wait(|event| matches!(event, Event::Unexpected { .. }).then_some(())).await;
        }
        let reply = peer.message().await.unwrap();
        let reply = spec.decode(reply).unwrap();
        assert_eq!(reply.field(De::RESPONSE_CODE).unwrap().reveal(), "40", "{code}");
    }
}

#[tokio::test]
async fn a_key_change_is_delivered_and_the_owner_responds() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    peer.send(&management(&spec, "101", None)).await;
    let (link, received) = adapter
        .wait(|event| match event {
            Event::KeyChange { link, message } => Some((*link, message.bytes().clone())),
            _ => None,
        })
        .await;
    let reply = response_to(&spec.decode(received).unwrap(), &[]);
    adapter.respond(9, reply.clone(), link).await;
    assert_eq!(peer.message().await.unwrap(), reply);
    adapter.wait(|event| matches!(event, Event::Sent(CorrelationId(9))).then_some(())).await;
}

#[tokio::test]
async fn keep_alives_of_holdfast_are_returned() {
    let (spec, rules) = (spec("holdfast"), quick(rules("holdfast")));
    let (_adapter, mut peer) = one_connection(&spec, &rules).await;
    for _ in 0..3 {
        peer.stream.write_all(&[0, 0]).await.unwrap();
        assert_eq!(peer.frame().await, Some(Frame::KeepAlive));
    }
}

/// Sign-off of a link waits for the responses in flight.
#[tokio::test]
async fn a_link_signs_off_when_nothing_is_in_flight_and_the_other_link_takes_over() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (first, address) = listener().await;
    let (second, other_address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other_address]);
    let mut draining = Peer::accept(&first, &spec, &rules).await;
    assert_eq!(adapter.wait_until_up().await, LinkId(0));
    adapter.send_all([1].into_iter()).await;
    let received = draining.message().await.unwrap();
    let mut active = Peer::accept(&second, &spec, &rules).await;
    adapter.wait_until_up().await;
    adapter.handle.order(LinkId(0), LinkOrder::SignOff).await.unwrap();
    adapter.send_all([2, 3].into_iter()).await;
    for received in active.messages(2).await {
        active.respond(&received).await;
        assert_eq!(adapter.wait(outcome).await.1, "answered");
    }
    // The draining link still accepts requests of the switch and carries the responses.
    draining.send(&request(&spec, 7)).await;
    let link = adapter
        .wait(|event| match event {
            Event::Request { link, .. } => Some(*link),
            _ => None,
        })
        .await;
    adapter.respond(7, financial(&spec, 210, 7), link).await;
    assert_eq!(draining.message().await.unwrap(), financial(&spec, 210, 7));
    draining.respond(&received).await;
    assert_eq!(adapter.wait(outcome).await, (1, "answered"));
    let sign_off = draining.message().await.unwrap();
    assert_eq!(
        spec.decode(sign_off.clone()).unwrap().field(De::NETWORK_CODE).unwrap().reveal(),
        "002"
    );
    draining.respond(&sign_off).await;
    assert!(draining.is_closed().await);
    adapter.handle.order(LinkId(0), LinkOrder::SignOn).await.unwrap();
    let _back = Peer::accept(&first, &spec, &rules).await;
    assert_eq!(adapter.wait_until_up().await, LinkId(0));
}

#[tokio::test]
async fn a_stop_signs_all_links_off_and_ends_the_events() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    adapter.send_all([1].into_iter()).await;
    let received = peer.message().await.unwrap();
    adapter.handle.stop().await.unwrap();
    adapter.send(2, request(&spec, 2)).await;
    assert_eq!(adapter.wait(not_sent_reason).await, (CorrelationId(2), NotSent::Draining));
    peer.respond(&received).await;
    let sign_off = peer.message().await.unwrap();
    peer.respond(&sign_off).await;
    let remaining = adapter.remaining_events().await;
    let outcomes: Vec<_> = remaining.iter().filter_map(outcome).collect();
    assert_eq!(outcomes, [(1, "answered")]);
}
