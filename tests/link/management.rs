//! Network management from the switch, and signing off.

use titian::iso8583::{De, Frame};
use titian::link::{Event, LinkId, NotSent, Outgoing, Token};
use titian::values::MonthDay;
use tokio::io::AsyncWriteExt;

use crate::adapter::{Adapter, ending, listener, quick};
use crate::messages::{answer, financial, management, request, rules, spec};
use crate::peer::Peer;

#[tokio::test]
async fn the_switchs_own_0800_are_answered_at_once_on_every_network() {
    for (network, rules, codes) in [
        ("nusantara", rules("nusantara"), ["001", "301", "201"].as_slice()),
        ("rendezvous", rules("rendezvous"), &["061", "270"]),
        ("holdfast", rules("holdfast"), &["001", "301", "201"]),
    ] {
        let (spec, rules) = (spec(network), quick(rules));
        let (listener, address) = listener().await;
        let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
        let mut peer = Peer::accept(&listener, &spec, &rules).await;
        adapter.up().await;
        for code in codes {
            let asked = management(&spec, code, (*code == "201").then_some("1125"));
            peer.send(&asked).await;
            let expected = answer(&spec.decode(asked).unwrap(), &[]);
            assert_eq!(peer.message().await.unwrap(), expected, "{network} {code}");
        }
        if codes.contains(&"201") {
            let date = adapter
                .wait(|event| match event {
                    Event::CutOver { date, .. } => Some(*date),
                    _ => None,
                })
                .await;
            assert_eq!(date, MonthDay::new(11, 25).unwrap());
        }
    }
}

#[tokio::test]
async fn a_cut_over_without_a_date_and_an_unknown_0800_are_refused_and_told() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    for code in ["201", "999"] {
        peer.send(&management(&spec, code, None)).await;
        let reply = peer.message().await.unwrap();
        let reply = spec.decode(reply).unwrap();
        assert_eq!(reply.field(De::RESPONSE_CODE).unwrap().reveal(), "40", "{code}");
        adapter.wait(|event| matches!(event, Event::Unexpected { .. }).then_some(())).await;
    }
}

#[tokio::test]
async fn a_key_change_is_handed_up_and_answered_by_who_has_the_keys() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    peer.send(&management(&spec, "101", None)).await;
    let (link, asked) = adapter
        .wait(|event| match event {
            Event::KeyChange { link, message } => Some((*link, message.clone())),
            _ => None,
        })
        .await;
    let reply = answer(&spec.decode(asked).unwrap(), &[]);
    let deadline = adapter.in_a(crate::adapter::PATIENCE);
    let outgoing = Outgoing { token: Token(9), message: reply.clone(), deadline, via: Some(link) };
    adapter.handle.send(vec![outgoing]).await.unwrap();
    assert_eq!(peer.message().await.unwrap(), reply);
    adapter.wait(|event| matches!(event, Event::Sent(Token(9))).then_some(())).await;
}

#[tokio::test]
async fn keep_alives_of_holdfast_are_sent_back() {
    let (spec, rules) = (spec("holdfast"), quick(rules("holdfast")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    for _ in 0..3 {
        peer.stream.write_all(&[0, 0]).await.unwrap();
        assert_eq!(peer.frame().await, Some(Frame::KeepAlive));
    }
}

/// The operator takes a link out: what is under way comes to its end first.
#[tokio::test]
async fn a_link_is_signed_off_when_nothing_is_under_way_and_the_other_takes_over() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (first, address) = listener().await;
    let (second, other_address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other_address]);
    let mut leaving = Peer::accept(&first, &spec, &rules).await;
    assert_eq!(adapter.up().await, LinkId(0));
    adapter.send_all([1].into_iter()).await;
    let asked = leaving.message().await.unwrap();
    let mut staying = Peer::accept(&second, &spec, &rules).await;
    adapter.up().await;
    adapter.handle.sign_off(LinkId(0)).await.unwrap();
    adapter.send_all([2, 3].into_iter()).await;
    for asked in staying.messages(2).await {
        staying.answer(&asked).await;
        assert_eq!(adapter.wait(ending).await.1, "answered");
    }
    // The switch may still ask on the link that leaves, and is answered there.
    leaving.send(&request(&spec, 7)).await;
    let link = adapter
        .wait(|event| match event {
            Event::Request { link, .. } => Some(*link),
            _ => None,
        })
        .await;
    let deadline = adapter.in_a(crate::adapter::PATIENCE);
    let message = financial(&spec, 210, 7);
    let outgoing = Outgoing { token: Token(7), message, deadline, via: Some(link) };
    adapter.handle.send(vec![outgoing]).await.unwrap();
    assert_eq!(leaving.message().await.unwrap(), financial(&spec, 210, 7));
    leaving.answer(&asked).await;
    assert_eq!(adapter.wait(ending).await, (1, "answered"));
    let sign_off = leaving.message().await.unwrap();
    assert_eq!(
        spec.decode(sign_off.clone()).unwrap().field(De::NETWORK_CODE).unwrap().reveal(),
        "002"
    );
    leaving.answer(&sign_off).await;
    assert!(leaving.is_closed().await);
    adapter.handle.sign_on(LinkId(0)).await.unwrap();
    let _back = Peer::accept(&first, &spec, &rules).await;
    assert_eq!(adapter.up().await, LinkId(0));
}

#[tokio::test]
async fn a_drain_signs_all_links_off_and_ends_the_events() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    adapter.send_all([1].into_iter()).await;
    let asked = peer.message().await.unwrap();
    adapter.handle.drain().await.unwrap();
    adapter.send(2, request(&spec, 2)).await;
    let refused = adapter
        .wait(|event| match event {
            Event::NotSent(token, why) => Some((*token, *why)),
            _ => None,
        })
        .await;
    assert_eq!(refused, (Token(2), NotSent::Draining));
    peer.answer(&asked).await;
    let sign_off = peer.message().await.unwrap();
    peer.answer(&sign_off).await;
    let rest = adapter.rest().await;
    let endings: Vec<_> = rest.iter().filter_map(ending).collect();
    assert_eq!(endings, [(1, "answered")]);
}
