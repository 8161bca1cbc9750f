//! Answers and the requests that they belong to.

use titian::iso8583::De;
use titian::link::{Event, LinkId, NotSent, Token};
use titian::network::{SessionRules, Spread};

use crate::adapter::{Adapter, ending, listener, quick};
use crate::messages::{answer, financial, request, rules, spec};
use crate::peer::Peer;

async fn one_line(network: &str, rules: SessionRules) -> (Adapter, Peer) {
    let (spec, rules) = (spec(network), quick(rules));
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    (adapter, peer)
}

#[tokio::test]
async fn answers_in_reverse_order_find_their_requests() {
    let (mut adapter, mut peer) = one_line("nusantara", rules("nusantara")).await;
    adapter.send_all(0..100).await;
    let asked = peer.messages(100).await;
    for message in asked.iter().rev() {
        peer.answer(message).await;
    }
    for number in (0..100).rev() {
        assert_eq!(adapter.wait(ending).await, (number, "answered"));
    }
}

#[tokio::test]
async fn a_doubled_answer_is_an_answer_once_and_evidence_then() {
    let (mut adapter, mut peer) = one_line("nusantara", rules("nusantara")).await;
    adapter.send_all([1].into_iter()).await;
    let asked = peer.message().await.unwrap();
    peer.answer(&asked).await;
    peer.answer(&asked).await;
    assert_eq!(adapter.wait(ending).await, (1, "answered"));
    let evidence = adapter
        .wait(|event| match event {
            Event::Unmatched { message, .. } => Some(message.clone()),
            _ => ending(event).map(|again| panic!("{again:?}")),
        })
        .await;
    assert_eq!(evidence, answer(&adapter.spec.decode(asked).unwrap(), &[]));
}

/// STAN alone is never enough: an answer with the same STAN of another day, bank or terminal is another's.
#[tokio::test]
async fn an_answer_that_differs_in_any_element_of_the_key_is_not_taken_for_it() {
    let (mut adapter, mut peer) = one_line("nusantara", rules("nusantara")).await;
    adapter.send_all([1].into_iter()).await;
    let asked = peer.message().await.unwrap();
    for (de, other) in [
        (De::TRANSMISSION, "1123120000"),
        (De::STAN, "000002"),
        (De::ACQUIRER, "0213"),
        (De::TERMINAL, "MOB00002"),
    ] {
        peer.answer_with(&asked, &[(de, other)]).await;
        adapter
            .wait(|event| match event {
                Event::Unmatched { .. } => Some(()),
                _ => ending(event).map(|ended| panic!("{de}: {ended:?}")),
            })
            .await;
    }
    // Another amount is for the owner to see: the answer is to this request all the same.
    peer.answer_with(&asked, &[(De::AMOUNT, "000000000001")]).await;
    assert_eq!(adapter.wait(ending).await, (1, "answered"));
}

#[tokio::test]
async fn where_the_switch_overwrites_de7_the_local_time_tells_requests_apart() {
    let (mut adapter, mut peer) = one_line("holdfast", rules("holdfast")).await;
    adapter.send_all(0..3).await;
    for asked in peer.messages(3).await {
        peer.answer_with(&asked, &[(De::TRANSMISSION, "1124235959")]).await;
    }
    for number in 0..3 {
        assert_eq!(adapter.wait(ending).await, (number, "answered"));
    }
    adapter.send_all([9].into_iter()).await;
    let asked = peer.message().await.unwrap();
    peer.answer_with(&asked, &[(De::LOCAL_TIME, "190001")]).await;
    adapter.wait(|event| matches!(event, Event::Unmatched { .. }).then_some(())).await;
}

#[tokio::test]
async fn an_answer_may_come_on_another_link_of_the_network() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (first, address) = listener().await;
    let (second, other_address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other_address]);
    let mut one = Peer::accept(&first, &spec, &rules).await;
    let mut other = Peer::accept(&second, &spec, &rules).await;
    adapter.up().await;
    adapter.up().await;
    adapter.send_all(0..10).await;
    let (asked, others) = (one.messages(5).await, other.messages(5).await);
    for message in &asked {
        other.answer(message).await;
    }
    for message in &others {
        one.answer(message).await;
    }
    let mut links = Vec::new();
    for _ in 0..10 {
        links.push(
            adapter
                .wait(|event| match event {
                    Event::Answered { token, link, .. } => Some((token.0 % 2, *link)),
                    _ => None,
                })
                .await,
        );
    }
    links.sort_unstable();
    let expected = [[(0, LinkId(1)); 5], [(1, LinkId(0)); 5]].concat();
    assert_eq!(links, expected, "spread evenly, and each answered on the other link");
}

#[tokio::test]
async fn a_standby_link_is_used_only_while_the_first_is_down() {
    let spec = spec("nusantara");
    let mut rules = quick(SessionRules { spread: Spread::FirstUp, ..rules("nusantara") });
    rules.caps.in_flight = 3;
    let (first, address) = listener().await;
    let (second, other_address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other_address]);
    let mut main = Peer::accept(&first, &spec, &rules).await;
    let mut standby = Peer::accept(&second, &spec, &rules).await;
    adapter.up().await;
    adapter.up().await;
    adapter.send_all(0..6).await;
    let asked = main.messages(3).await;
    main.answer(&asked[0]).await;
    assert_eq!(adapter.wait(ending).await, (0, "answered"));
    assert_eq!(main.messages(1).await, [request(&spec, 3)], "it waits for the first link");
    drop(main);
    drop(first);
    for asked in standby.messages(2).await {
        standby.answer(&asked).await;
    }
    let mut endings = Vec::new();
    for _ in 0..5 {
        endings.push(adapter.wait(ending).await);
    }
    endings.sort_unstable();
    let lost = [(1, "lost"), (2, "lost"), (3, "lost")];
    assert_eq!(endings, [lost.as_slice(), &[(4, "answered"), (5, "answered")]].concat());
}

#[tokio::test]
async fn a_key_in_flight_is_the_senders_error_and_the_first_request_goes_on() {
    let (mut adapter, mut peer) = one_line("nusantara", rules("nusantara")).await;
    let spec = adapter.spec.clone();
    adapter.send(1, request(&spec, 1)).await;
    adapter.send(2, request(&spec, 1)).await;
    // A repeat under another token is no repeat of ours.
    adapter.send(3, financial(&spec, 201, 1)).await;
    adapter.send(4, management_request(&spec)).await;
    for (token, expected) in
        [(2, NotSent::KeyInFlight), (3, NotSent::KeyInFlight), (4, NotSent::NoKey)]
    {
        let refused = adapter
            .wait(|event| match event {
                Event::NotSent(token, why) => Some((*token, *why)),
                _ => None,
            })
            .await;
        assert_eq!(refused, (Token(token), expected));
    }
    let asked = peer.message().await.unwrap();
    peer.answer(&asked).await;
    assert_eq!(adapter.wait(ending).await, (1, "answered"));
}

fn management_request(spec: &titian::iso8583::Spec) -> bytes::Bytes {
    crate::messages::management(spec, "301", None)
}

/// A reversal is repeated under its own numbers, and one of them is waited for at a time.
#[tokio::test]
async fn a_repeat_takes_the_place_of_what_it_repeats() {
    let (mut adapter, mut peer) = one_line("nusantara", rules("nusantara")).await;
    let spec = adapter.spec.clone();
    adapter.send(1, financial(&spec, 420, 1)).await;
    peer.message().await.unwrap();
    adapter.send(1, financial(&spec, 421, 1)).await;
    let repeat = peer.message().await.unwrap();
    assert_eq!(adapter.wait(ending).await, (1, "expired"));
    peer.answer(&repeat).await;
    assert_eq!(adapter.wait(ending).await, (1, "answered"));
}
