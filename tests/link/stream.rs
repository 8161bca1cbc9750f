//! Messages in arbitrary pieces of the byte stream.

use std::sync::Arc;

use bytes::BytesMut;
use titian::link::{DisconnectReason, Event};
use tokio::io::AsyncWriteExt;

use super::adapter::{Adapter, down_reason, listener, outcome, quick};
use super::messages::{request, response_to, rules, spec, stan};
use super::peer::{Peer, connect_over, one_connection};

#[tokio::test]
async fn single_bytes_are_assembled_to_messages_on_every_network() {
    for (network, rules) in [
        ("nusantara", rules("nusantara")),
        ("rendezvous", rules("rendezvous")),
        ("holdfast", rules("holdfast")),
    ] {
        let (spec, rules) = (spec(network), quick(rules));
        let (listener, address) = listener().await;
        let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
        let mut peer = Peer::new(listener.accept().await.unwrap().0, &spec, &rules);
        let sign_on = peer.message().await.unwrap();
        let reply = response_to(&spec.decode(sign_on).unwrap(), &[]);
        send_bytewise(&mut peer, &reply).await;
        adapter.wait_until_up().await;
        adapter.send_all([42].into_iter()).await;
        let received = peer.message().await.unwrap();
        let reply = response_to(&spec.decode(received).unwrap(), &[]);
        send_bytewise(&mut peer, &reply).await;
        assert_eq!(adapter.wait(outcome).await, (42, "answered"), "{network}");
    }
}

async fn send_bytewise(peer: &mut Peer, message: &[u8]) {
    for byte in peer.framed(message) {
        peer.stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn ten_thousand_frames_in_one_write_arrive_as_ten_thousand_messages_in_order() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    let mut all = BytesMut::new();
    for number in 0..10_000 {
        let frame = peer.framed(&request(&spec, number));
        all.extend_from_slice(&frame);
    }
    let writing = tokio::spawn(async move {
        peer.stream.write_all(&all).await.unwrap();
        peer
    });
    for number in 0..10_000 {
        let message = adapter
            .wait(|event| match event {
                Event::Request { message, .. } => Some(message.bytes().clone()),
                _ => None,
            })
            .await;
        assert_eq!(stan(&spec, &message), number);
    }
    drop(writing.await.unwrap());
}

#[tokio::test]
async fn an_incomplete_frame_is_dropped_and_the_request_is_lost() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, _) = listener().await;
    let (mut adapter, mut peer) = connect_over(&listener, &spec, &rules).await;
    adapter.send_all([1].into_iter()).await;
    let received = peer.message().await.unwrap();
    let reply = response_to(&spec.decode(received).unwrap(), &[]);
    let frame = peer.framed(&reply);
    peer.stream.write_all(&frame[..frame.len() - 1]).await.unwrap();
    drop(peer);
    assert_eq!(adapter.wait(outcome).await, (1, "lost"));
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.wait_until_up().await;
    peer.send(&reply).await;
    let unmatched = adapter
        .wait(|event| match event {
            Event::Unmatched { message, .. } => Some(message.bytes().clone()),
            _ => None,
        })
        .await;
    assert_eq!(unmatched, reply, "the response on the next connection is unmatched");
}

#[tokio::test]
async fn a_frame_length_of_4_gib_closes_the_connection_at_once() {
    let (_, text) = titian::iso8583::Spec::SHIPPED[0];
    let text = text.replace("framing: { length: big2", "framing: { length: big4");
    let spec = Arc::new(titian::iso8583::Spec::parse("big4", &text).unwrap());
    let rules = quick(rules("nusantara"));
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    peer.stream.write_all(&[0xFF; 4]).await.unwrap();
    let reason = adapter.wait(down_reason).await;
    assert!(matches!(reason, DisconnectReason::FramingError(_)), "{reason}");
    assert!(peer.is_closed().await);
}
