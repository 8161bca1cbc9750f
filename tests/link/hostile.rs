//! Peers that send invalid messages, or too many.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use titian::link::{DisconnectReason, Event};
use tokio::io::AsyncWriteExt;

use super::adapter::{down_reason, outcome, quick};
use super::messages::{management, request, rules, spec};
use super::peer::one_connection;

#[tokio::test]
async fn an_invalid_message_is_reported_and_the_connection_stays_open() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    adapter.send_all([1].into_iter()).await;
    let received = peer.message().await.unwrap();
    let mut invalid = request(&spec, 2).to_vec();
    *invalid.last_mut().unwrap() = 0xFF;
    let frame = peer.framed(&request(&spec, 2)).len();
    let mut bytes = u16::try_from(invalid.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(&invalid);
    assert_eq!(bytes.len(), frame);
    peer.stream.write_all(&bytes).await.unwrap();
    peer.respond(&received).await;
    let reported = adapter
        .wait(|event| match event {
            Event::Malformed { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await;
    assert_eq!(reported, invalid);
    assert_eq!(adapter.wait(outcome).await, (1, "answered"));
}

/// When the owner reads no events, the links stop reading at a bound, and the peer's writes block.
#[tokio::test]
async fn an_owner_that_does_not_read_events_blocks_the_peer_within_a_bound() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    let frame = peer.framed(&request(&spec, 1));
    let flood = frame.repeat(100);
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    tokio::spawn(async move {
        loop {
            peer.stream.write_all(&flood).await.unwrap();
            count.fetch_add(100, Ordering::Relaxed);
        }
    });
    let blocked = blocked(&written).await;
    let mut delivered = 0;
    while delivered < blocked {
        if matches!(adapter.event().await, Event::Request { .. }) {
            delivered += 1;
        }
    }
    println!("{blocked} messages until the peer was blocked");
}

/// Waits until the peer cannot write. Returns the number of messages that it has written.
///
/// Peer, links and owner share one thread. Each turn of the owner lets the others go on if they can, thus 50,000 turns without a
/// message mean that they cannot, however slow the machine is.
async fn blocked(written: &AtomicUsize) -> usize {
    let (mut seen, mut turns) = (0, 0);
    while turns < 50_000 {
        tokio::task::yield_now().await;
        let now = written.load(Ordering::Relaxed);
        assert!(now < 5_000_000, "over half a gigabyte was read and not delivered");
        turns = if now == seen { turns + 1 } else { 0 };
        seen = now;
    }
    assert!(seen > 0);
    seen
}

#[tokio::test]
async fn a_flood_of_echo_requests_from_a_peer_that_does_not_read_closes_the_connection() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    let frame = peer.framed(&management(&spec, "301", None));
    let flood = frame.repeat(10_000);
    let flooding = tokio::spawn(async move {
        while peer.stream.write_all(&flood).await.is_ok() {}
        peer
    });
    assert_eq!(adapter.wait(down_reason).await, DisconnectReason::WriteTimeout);
    drop(flooding.await.unwrap());
}
