//! Peers that send invalid messages, or too many.

use titian::link::{DisconnectReason, Event};
use tokio::io::AsyncWriteExt;

use crate::adapter::{down_reason, outcome, quick};
use crate::messages::{management, request, rules, spec};
use crate::peer::one_connection;

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
    let flood = frame.repeat(10_000);
    let mut written = 0;
    let mut last = 0;
    // A write that blocks for so long waits for the owner, not for the kernel.
    while let Ok(write) =
        tokio::time::timeout(std::time::Duration::from_millis(300), peer.stream.write_all(&flood))
            .await
    {
        write.unwrap();
        written += 1;
        assert!(written < 1_000, "over a gigabyte was read and not delivered");
    }
    while last < written * 10_000 {
        if matches!(adapter.event().await, Event::Request { .. }) {
            last += 1;
        }
    }
    println!("{written} times 10,000 messages until the peer was blocked");
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
