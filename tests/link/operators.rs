//! Orders of operators over real sockets.

use titian::iso8583::De;
use titian::link::{Event, LinkId, LinkOrder, LinkPhase, LinkState, OrderDone, OrderError};
use tokio::net::TcpStream;

use super::adapter::{Adapter, listener, outcome, quick};
use super::messages::{rules, spec};
use super::peer::{Peer, connect_over, one_connection};

const LINK: LinkId = LinkId(0);

/// Waits until the state of the first link is as wanted.
async fn wait_for_state(
    adapter: &Adapter,
    mut is_wanted: impl FnMut(&LinkState) -> bool,
) -> LinkState {
    let mut states = adapter.handle.follow_states();
    let wanted = states.wait_for(|states| is_wanted(&states[0])).await.unwrap();
    wanted[0].clone()
}

#[tokio::test]
async fn a_signed_off_link_runs_on_and_is_signed_on_again() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (listener, address) = listener().await;
    let (mut adapter, mut peer) = connect_over(&listener, &spec, &rules).await;
    let state = wait_for_state(&adapter, |state| state.phase == LinkPhase::SignedOn).await;
    assert_eq!((&*state.address, state.peer), (address.to_string().as_str(), Some(address)));
    let order = |order| adapter.handle.order(LINK, order);
    assert_eq!(order(LinkOrder::SignOff).await, Ok(OrderDone::Accepted));
    assert_eq!(adapter.handle.states()[0].phase, LinkPhase::SigningOff);
    assert_eq!(order(LinkOrder::SignOff).await, Err(OrderError::SigningOff));
    let sign_off = peer.message().await.unwrap();
    peer.respond(&sign_off).await;
    assert!(peer.is_closed().await);
    let state = wait_for_state(&adapter, |state| state.phase == LinkPhase::SignedOff).await;
    assert_eq!(state.peer, None);
    assert_eq!(order(LinkOrder::SignOff).await, Err(OrderError::SignedOff));
    assert_eq!(order(LinkOrder::Echo).await, Err(OrderError::SignedOff));
    assert_eq!(order(LinkOrder::SignOn).await, Ok(OrderDone::Accepted));
    let _peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.wait(|event| matches!(event, Event::Down(..)).then_some(())).await;
    adapter.wait_until_up().await;
}

#[tokio::test]
async fn a_listening_link_that_is_signed_off_closes_every_connection() {
    let (spec, rules) = (spec("nusantara"), quick(rules("nusantara")));
    let (mut adapter, address) = Adapter::listening(&spec, &rules).await;
    adapter.handle.order(LINK, LinkOrder::SignOff).await.unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    assert!(Peer::new(stream, &spec, &rules).is_closed().await);
    adapter.handle.order(LINK, LinkOrder::SignOn).await.unwrap();
    let _peer = Peer::connect(address, &spec, &rules).await;
    adapter.wait_until_up().await;
}

#[tokio::test]
async fn a_drain_in_the_middle_of_traffic_loses_nothing() {
    const COUNT: u32 = 2_000;
    let (spec, mut rules) = (spec("nusantara"), quick(rules("nusantara")));
    rules.limits.in_flight = 50;
    rules.limits.queued = COUNT as usize;
    rules.limits.per_second = std::num::NonZeroU32::new(1_000_000).unwrap();
    let (first, address) = listener().await;
    let (second, other) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address, other]);
    let mut drained = Peer::accept(&first, &spec, &rules).await;
    adapter.wait_until_up().await;
    adapter.send_all(0..COUNT).await;
    // 50 requests are in flight on the only link; all others wait.
    let mut received = drained.messages(50).await;
    adapter.handle.order(LINK, LinkOrder::Drain).await.unwrap();
    assert_eq!(adapter.handle.states()[0].in_flight, 50);
    let mut active = Peer::accept(&second, &spec, &rules).await;
    let active = tokio::spawn(async move {
        let mut count = 0;
        while count < COUNT - 50 {
            let message = active.message().await.unwrap();
            active.respond(&message).await;
            count += 1;
        }
        active
    });
    for message in received.drain(..) {
        drained.respond(&message).await;
    }
    for _ in 0..COUNT {
        assert_eq!(adapter.wait(outcome).await.1, "answered");
    }
    let state = wait_for_state(&adapter, |state| state.phase == LinkPhase::Drained).await;
    assert_eq!((state.messages[0].mti.number(), state.messages[0].sent), (200, 50));
    // The session lives: the next message on the drained link is the echo, not a request.
    let adapter = &adapter;
    let echo = async { adapter.handle.order(LINK, LinkOrder::Echo).await };
    let answer = async {
        let message = drained.message().await.unwrap();
        let code = spec.decode(message.clone()).unwrap();
        assert_eq!(code.field(De::NETWORK_CODE).unwrap().reveal(), "301");
        drained.respond(&message).await;
    };
    let (result, ()) = tokio::join!(echo, answer);
    assert!(matches!(result, Ok(OrderDone::RoundTrip(_))), "{result:?}");
    drop(active.await.unwrap());
}

#[tokio::test]
async fn an_echo_that_the_switch_does_not_answer_has_a_result_too() {
    let (spec, mut rules) = (spec("nusantara"), quick(rules("nusantara")));
    rules.timers.echo_response = 20 * super::adapter::MILLI;
    let (adapter, mut peer) = one_connection(&spec, &rules).await;
    let result = adapter.handle.order(LINK, LinkOrder::Echo).await;
    assert_eq!(result, Err(OrderError::EchoTimeout));
    assert!(peer.message().await.is_some(), "an echo");
    adapter.handle.stop().await.unwrap();
    let result = adapter.handle.order(LINK, LinkOrder::SignOn).await;
    assert_eq!(result, Err(OrderError::Stopping));
}
