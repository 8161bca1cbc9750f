//! What a stream of bytes can do to messages.

use std::sync::Arc;

use bytes::BytesMut;
use titian::link::{End, Event};
use tokio::io::AsyncWriteExt;

use crate::adapter::{Adapter, ending, listener, quick};
use crate::messages::{answer, request, rules, spec, stan};
use crate::peer::Peer;

#[tokio::test]
async fn bytes_that_come_one_at_a_time_are_the_same_message_on_every_network() {
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
        let reply = answer(&spec.decode(sign_on).unwrap(), &[]);
        dribble(&mut peer, &reply).await;
        adapter.up().await;
        adapter.send_all([42].into_iter()).await;
        let asked = peer.message().await.unwrap();
        let reply = answer(&spec.decode(asked).unwrap(), &[]);
        dribble(&mut peer, &reply).await;
        assert_eq!(adapter.wait(ending).await, (42, "answered"), "{network}");
    }
}

async fn dribble(peer: &mut Peer, message: &[u8]) {
    for byte in peer.framed(message) {
        peer.stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn ten_thousand_frames_in_one_write_are_ten_thousand_messages_in_their_order() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
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
                Event::Request { message, .. } => Some(message.clone()),
                _ => None,
            })
            .await;
        assert_eq!(stan(&spec, &message), number);
    }
    drop(writing.await.unwrap());
}

#[tokio::test]
async fn half_a_frame_and_a_cut_line_are_no_message_and_what_was_asked_is_lost() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    adapter.send_all([1].into_iter()).await;
    let asked = peer.message().await.unwrap();
    let reply = answer(&spec.decode(asked).unwrap(), &[]);
    let frame = peer.framed(&reply);
    peer.stream.write_all(&frame[..frame.len() - 1]).await.unwrap();
    drop(peer);
    assert_eq!(adapter.wait(ending).await, (1, "lost"));
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    peer.send(&reply).await;
    let evidence = adapter
        .wait(|event| match event {
            Event::Unmatched { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await;
    assert_eq!(evidence, reply, "its answer on the next line is evidence, whole");
}

#[tokio::test]
async fn a_frame_of_4_gib_announced_ends_the_session_before_any_of_it_comes() {
    let (_, text) = titian::iso8583::Spec::SHIPPED[0];
    let text = text.replace("framing: { length: big2", "framing: { length: big4");
    let spec = Arc::new(titian::iso8583::Spec::parse("big4", &text).unwrap());
    let rules = quick(rules("nusantara"));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    peer.stream.write_all(&[0xFF; 4]).await.unwrap();
    let end = adapter
        .wait(|event| match event {
            Event::Down(_, end) => Some(*end),
            _ => None,
        })
        .await;
    assert!(matches!(end, End::Framing(_)), "{end}");
    assert!(peer.is_closed().await);
}
