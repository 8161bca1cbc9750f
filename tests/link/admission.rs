//! Admission of peers, and messages before the sign-on.

use std::time::Duration;

use titian::link::{DisconnectReason, Endpoint, Event, SessionPhase};
use titian::network::{SessionRules, SignOnBy};
use titian::values::ResponseCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::adapter::{Adapter, MILLI, listener, outcome, quick};
use super::messages::{management, request, response_to, rules, spec};
use super::peer::Peer;

fn failed(event: &Event) -> Option<DisconnectReason> {
    match event {
        Event::ConnectionClosed(_, reason) => Some(*reason),
        _ => None,
    }
}

#[tokio::test]
async fn a_peer_that_is_not_on_the_list_is_refused() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let allowed = vec!["192.0.2.1".parse().unwrap()];
    let endpoint = Endpoint::Listen { listener, allowed, tls: None };
    let mut adapter = Adapter::new(&spec, &rules, vec![endpoint]);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let peer = adapter
        .wait(|event| match event {
            Event::PeerRefused(_, peer) => Some(*peer),
            _ => None,
        })
        .await;
    assert_eq!(peer, address.ip());
    assert_eq!(stream.read(&mut [0; 64]).await.unwrap_or(0), 0, "nothing was sent");
}

#[tokio::test]
async fn the_switch_can_connect_and_either_side_can_sign_on() {
    let spec = spec("nusantara");
    let ours = quick(rules("nusantara"));
    let (mut adapter, address) = Adapter::listening(&spec, &ours).await;
    let _peer = Peer::connect(address, &spec, &ours).await;
    adapter.wait_until_up().await;

    let theirs = SessionRules { sign_on: SignOnBy::Switch, ..ours };
    let (mut adapter, address) = Adapter::listening(&spec, &theirs).await;
    let mut peer = Peer::new(TcpStream::connect(address).await.unwrap(), &spec, &theirs);
    peer.send(&management(&spec, "001", None)).await;
    adapter.wait_until_up().await;
    assert_eq!(spec.decode(peer.message().await.unwrap()).unwrap().mti().number(), 810);
}

#[tokio::test]
async fn messages_before_the_sign_on_are_reported_without_any_effect() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (first, address) = listener().await;
    let (second, other_address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other_address]);
    let mut signed_on = Peer::accept(&first, &spec, &rules).await;
    adapter.wait_until_up().await;
    adapter.send_all([5].into_iter()).await;
    let received = signed_on.message().await.unwrap();
    let mut unsigned = Peer::new(second.accept().await.unwrap().0, &spec, &rules);
    let sign_on = unsigned.message().await.unwrap();
    let reply = response_to(&spec.decode(received).unwrap(), &[]);
    for message in [request(&spec, 1), reply.clone()] {
        unsigned.send(&message).await;
        let reported = adapter
            .wait(|event| match event {
                Event::Unexpected { phase, message, .. } => Some((*phase, message.bytes().clone())),
                Event::Request { .. } | Event::Response { .. } => panic!("{event:?}"),
                _ => None,
            })
            .await;
        assert_eq!(reported, (SessionPhase::BeforeSignOn, message));
    }
    unsigned.respond(&sign_on).await;
    adapter.wait_until_up().await;
    unsigned.send(&reply).await;
    assert_eq!(adapter.wait(outcome).await, (5, "answered"), "on another link than its request");
}

#[tokio::test]
async fn invalid_bytes_before_the_sign_on_close_the_connection() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, address) = Adapter::listening(&spec, &rules).await;
    for (invalid, expected) in [
        (b"\x00\x08nonsense".as_slice(), "the peer sent an invalid message before the sign-on"),
        (b"\x00\x00", "framing error: the length is zero, but the network has no keep-alives"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(invalid).await.unwrap();
        assert_eq!(adapter.wait(failed).await.to_string(), expected);
    }
    let _peer = Peer::connect(address, &spec, &rules).await;
    adapter.wait_until_up().await;
}

#[tokio::test]
async fn a_refused_sign_on_is_retried_after_a_delay() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::new(listener.accept().await.unwrap().0, &spec, &rules);
    let sign_on = peer.message().await.unwrap();
    let refused = [(titian::iso8583::De::RESPONSE_CODE, "91")];
    let mut reply = bytes::BytesMut::new();
    let echoes = &rules.responses.echoes;
    spec.respond(&spec.decode(sign_on).unwrap(), echoes, &refused, &mut reply).unwrap();
    peer.send(&reply).await;
    let code = Some(ResponseCode::from_number(91));
    assert_eq!(adapter.wait(failed).await, DisconnectReason::SignOnRefused(code));
    let _peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.wait_until_up().await;
}

/// Silent connections (slow loris) do not block a peer that signs on.
#[tokio::test]
async fn a_thousand_silent_connections_do_not_block_a_sign_on() {
    let spec = spec("nusantara");
    let mut rules = quick(SessionRules { sign_on: SignOnBy::Switch, ..rules("nusantara") });
    rules.timers.sign_on = Duration::from_hours(1);
    let (mut adapter, address) = Adapter::listening(&spec, &rules).await;
    let mut silent = Vec::new();
    for count in 1..=1_000 {
        silent.push(TcpStream::connect(address).await.unwrap());
        if count > 16 {
            assert_eq!(
                adapter.wait(failed).await,
                DisconnectReason::TooManyConnections,
                "the oldest is closed"
            );
        }
    }
    let mut peer = Peer::new(TcpStream::connect(address).await.unwrap(), &spec, &rules);
    peer.send(&management(&spec, "001", None)).await;
    adapter.wait_until_up().await;
    assert!(peer.message().await.is_some());
}

#[tokio::test]
async fn a_connection_without_a_sign_on_in_time_is_closed() {
    let spec = spec("nusantara");
    let mut rules = quick(SessionRules { sign_on: SignOnBy::Switch, ..rules("nusantara") });
    rules.timers.sign_on = 20 * MILLI;
    let (mut adapter, address) = Adapter::listening(&spec, &rules).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(adapter.wait(failed).await, DisconnectReason::SignOnTimeout);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
}
