//! Who gets in, and how far before a sign-on.

use std::time::Duration;

use titian::link::{End, Endpoint, Event, Premature};
use titian::network::{SessionRules, Starter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::adapter::{Adapter, MILLI, ending, listener, quick};
use crate::messages::{answer, management, request, rules, spec};
use crate::peer::Peer;

fn failed(event: &Event) -> Option<End> {
    match event {
        Event::Failed(_, end) => Some(*end),
        _ => None,
    }
}

#[tokio::test]
async fn a_peer_that_is_not_on_the_list_is_turned_away() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let allowed = vec!["192.0.2.1".parse().unwrap()];
    let endpoint = Endpoint::Listen { listener, allowed, tls: None };
    let mut adapter = Adapter::new(&spec, &rules, vec![endpoint]);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let peer = adapter
        .wait(|event| match event {
            Event::TurnedAway(_, peer) => Some(*peer),
            _ => None,
        })
        .await;
    assert_eq!(peer, address.ip());
    assert_eq!(stream.read(&mut [0; 64]).await.unwrap_or(0), 0, "it was told nothing");
}

#[tokio::test]
async fn the_switch_may_connect_and_either_side_sign_on() {
    let spec = spec("nusantara");
    let ours = quick(rules("nusantara"));
    let (mut adapter, address) = Adapter::listening(&spec, &ours).await;
    let _peer = Peer::connect(address, &spec, &ours).await;
    adapter.up().await;

    let theirs = SessionRules { sign_on: Starter::They, ..ours };
    let (mut adapter, address) = Adapter::listening(&spec, &theirs).await;
    let mut peer = Peer::new(TcpStream::connect(address).await.unwrap(), &spec, &theirs);
    peer.send(&management(&spec, "001", None)).await;
    adapter.up().await;
    assert_eq!(spec.decode(peer.message().await.unwrap()).unwrap().mti().number(), 810);
}

#[tokio::test]
async fn messages_before_the_sign_on_are_recorded_and_nothing_else_is_done_with_them() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (first, address) = listener().await;
    let (second, other_address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other_address]);
    let mut good = Peer::accept(&first, &spec, &rules).await;
    adapter.up().await;
    adapter.send_all([5].into_iter()).await;
    let asked = good.message().await.unwrap();
    let mut early = Peer::new(second.accept().await.unwrap().0, &spec, &rules);
    let sign_on = early.message().await.unwrap();
    let reply = answer(&spec.decode(asked).unwrap(), &[]);
    for message in [request(&spec, 1), reply.clone()] {
        early.send(&message).await;
        let recorded = adapter
            .wait(|event| match event {
                Event::Unexpected { premature, message, .. } => Some((*premature, message.clone())),
                Event::Request { .. } | Event::Answered { .. } => panic!("{event:?}"),
                _ => None,
            })
            .await;
        assert_eq!(recorded, (Premature::Yes, message));
    }
    early.answer(&sign_on).await;
    adapter.up().await;
    early.send(&reply).await;
    assert_eq!(adapter.wait(ending).await, (5, "answered"), "on another link than it was asked");
}

#[tokio::test]
async fn garbage_before_the_sign_on_ends_the_connection_in_a_frame_or_out_of_one() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, address) = Adapter::listening(&spec, &rules).await;
    for (garbage, expected) in [
        (b"\x00\x08nonsense".as_slice(), "the peer sent what is no message before any sign-on"),
        (
            b"\x00\x00",
            "the peer broke the framing: the length is zero, and keep-alives are not agreed",
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        assert_eq!(adapter.wait(failed).await.to_string(), expected);
    }
    let _peer = Peer::connect(address, &spec, &rules).await;
    adapter.up().await;
}

#[tokio::test]
async fn a_peer_that_refuses_our_sign_on_is_tried_again_after_the_backoff() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::new(listener.accept().await.unwrap().0, &spec, &rules);
    let sign_on = peer.message().await.unwrap();
    let refused = [(titian::iso8583::De::RESPONSE_CODE, "91")];
    let mut reply = bytes::BytesMut::new();
    let echoes = &rules.answers.echoes;
    spec.respond(&spec.decode(sign_on).unwrap(), echoes, &refused, &mut reply).unwrap();
    peer.send(&reply).await;
    assert_eq!(adapter.wait(failed).await, End::SignOnRefused);
    let _peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
}

/// Slow loris: they hold connections and say nothing. The one that does its sign-on gets in at once.
#[tokio::test]
async fn a_thousand_connections_that_say_nothing_keep_nobody_out() {
    let spec = spec("nusantara");
    let mut rules = quick(SessionRules { sign_on: Starter::They, ..rules("nusantara") });
    rules.timers.sign_on = Duration::from_hours(1);
    let (mut adapter, address) = Adapter::listening(&spec, &rules).await;
    let mut silent = Vec::new();
    for count in 1..=1_000 {
        silent.push(TcpStream::connect(address).await.unwrap());
        if count > 16 {
            assert_eq!(adapter.wait(failed).await, End::Crowded, "the oldest is closed");
        }
    }
    let mut peer = Peer::new(TcpStream::connect(address).await.unwrap(), &spec, &rules);
    peer.send(&management(&spec, "001", None)).await;
    adapter.up().await;
    assert!(peer.message().await.is_some());
}

#[tokio::test]
async fn who_does_not_sign_on_in_time_is_closed() {
    let spec = spec("nusantara");
    let mut rules = quick(SessionRules { sign_on: Starter::They, ..rules("nusantara") });
    rules.timers.sign_on = 20 * MILLI;
    let (mut adapter, address) = Adapter::listening(&spec, &rules).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(adapter.wait(failed).await, End::SignOnTimeout);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
}
