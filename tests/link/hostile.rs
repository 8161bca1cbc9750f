//! A peer that sends what is no message, or too much.

use titian::link::Event;
use tokio::io::AsyncWriteExt;

use crate::adapter::{Adapter, ending, listener, quick};
use crate::messages::{management, request, rules, spec};
use crate::peer::Peer;

#[tokio::test]
async fn one_poisoned_message_is_evidence_and_the_line_goes_on() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    adapter.send_all([1].into_iter()).await;
    let asked = peer.message().await.unwrap();
    let mut poison = request(&spec, 2).to_vec();
    *poison.last_mut().unwrap() = 0xFF;
    let frame = peer.framed(&request(&spec, 2)).len();
    let mut bytes = u16::try_from(poison.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(&poison);
    assert_eq!(bytes.len(), frame);
    peer.stream.write_all(&bytes).await.unwrap();
    peer.answer(&asked).await;
    let evidence = adapter
        .wait(|event| match event {
            Event::Malformed { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await;
    assert_eq!(evidence, poison);
    assert_eq!(adapter.wait(ending).await, (1, "answered"));
}

/// The owner takes no events: after a bound nothing is read any more, and the peer's writes stand still.
#[tokio::test]
async fn an_owner_that_takes_nothing_makes_the_peer_wait_and_nothing_grows() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    let frame = peer.framed(&request(&spec, 1));
    let flood: Vec<u8> = frame.iter().copied().cycle().take(frame.len() * 10_000).collect();
    let mut written = 0;
    let mut last = 0;
    // Each write waits until the kernel takes it; one that waits this long waits for the owner.
    while let Ok(write) =
        tokio::time::timeout(std::time::Duration::from_millis(300), peer.stream.write_all(&flood))
            .await
    {
        write.unwrap();
        written += 1;
        assert!(written < 1_000, "over a gigabyte was read for nobody");
    }
    while last < written * 10_000 {
        if matches!(adapter.event().await, Event::Request { .. }) {
            last += 1;
        }
    }
    println!("{written} times 10,000 messages until the peer had to wait");
}

#[tokio::test]
async fn a_flood_of_echoes_from_a_peer_that_does_not_read_ends_the_line() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    let frame = peer.framed(&management(&spec, "301", None));
    let flood: Vec<u8> = frame.iter().copied().cycle().take(frame.len() * 10_000).collect();
    let flooding = tokio::spawn(async move {
        while peer.stream.write_all(&flood).await.is_ok() {}
        peer
    });
    let end = adapter
        .wait(|event| match event {
            Event::Down(_, end) => Some(*end),
            _ => None,
        })
        .await;
    assert_eq!(end, titian::link::End::Stalled);
    drop(flooding.await.unwrap());
}
