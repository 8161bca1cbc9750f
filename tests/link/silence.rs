//! Lines that say nothing, and peers that do not read.

use titian::link::{End, Event};
use tokio::net::TcpListener;

use crate::adapter::{Adapter, MILLI, ending, listener, quick};
use crate::messages::{rules, spec};
use crate::peer::Peer;

fn down(event: &Event) -> Option<End> {
    match event {
        Event::Down(_, end) => Some(*end),
        _ => None,
    }
}

/// No FIN comes: the peer's machine is gone. Here the peer keeps the connection and says nothing.
#[tokio::test]
async fn a_half_open_line_is_dead_after_its_echoes_and_what_was_asked_is_lost() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.timers.echo_idle = 20 * MILLI;
    rules.timers.echo_answer = 10 * MILLI;
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    adapter.send_all([1].into_iter()).await;
    assert_eq!(adapter.wait(ending).await, (1, "lost"));
    assert_eq!(adapter.wait(down).await, End::EchoLost);
    let heard: Vec<_> = peer.messages(3).await;
    let codes = heard.iter().map(|message| spec.decode(message.clone()).unwrap().mti().number());
    assert_eq!(codes.filter(|mti| *mti == 800).count(), 2, "two echoes before it was given up");
}

#[tokio::test]
async fn a_line_whose_echoes_are_answered_stays_up() {
    let spec = spec("rendezvous");
    let mut rules = quick(rules("rendezvous"));
    rules.timers.echo_idle = 5 * MILLI;
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    for _ in 0..20 {
        let echo = peer.message().await.unwrap();
        let echo_code = spec.decode(echo.clone()).unwrap();
        assert_eq!(echo_code.field(titian::iso8583::De::NETWORK_CODE).unwrap().reveal(), "270");
        peer.answer(&echo).await;
    }
    adapter.send_all([1].into_iter()).await;
    loop {
        let asked = peer.message().await.unwrap();
        peer.answer(&asked).await;
        if spec.decode(asked).unwrap().mti().number() == 200 {
            break;
        }
    }
    assert_eq!(adapter.wait(ending).await, (1, "answered"));
}

/// What is in the kernel's buffers is lost, what no byte of was written is not sent; and nothing is both or
/// neither.
#[tokio::test]
async fn a_peer_that_stops_reading_is_cut_off_and_each_message_has_its_exact_end() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.timers.stalled = 100 * MILLI;
    rules.caps.in_flight = 100_000;
    rules.caps.waiting = 100_000;
    rules.caps.burst = std::num::NonZeroU32::new(100_000).unwrap();
    let (listener, address) = small_buffers();
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    let count = 60_000;
    for first in (0..count).step_by(1000) {
        adapter.send_all(first..first + 1000).await;
    }
    let (mut sent, mut lost, mut not_sent) = (0, Vec::new(), Vec::new());
    loop {
        match adapter.event().await {
            Event::Sent(_) => sent += 1,
            Event::Lost(token) => lost.push(token),
            Event::NotSent(token, _) => not_sent.push(token),
            Event::Down(_, end) => {
                assert_eq!(end, End::Stalled);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    // What waited elsewhere goes on the next line.
    println!("{sent} sent, {} lost, {} not sent with the line", lost.len(), not_sent.len());
    assert!(sent > 0 && lost.len() >= sent && lost.len() <= sent + 1, "one may be half written");
    assert!(!not_sent.is_empty() && lost.len() + not_sent.len() < count as usize);
    assert!(lost.iter().max() < not_sent.iter().min(), "in their order");
    let mut received = 0;
    while peer.frame().await.is_some() {
        received += 1;
    }
    assert!(received <= lost.len(), "{received} came, none of which counts as not sent");
}

/// The kernel takes little for a peer that doesn't read.
fn small_buffers() -> (TcpListener, std::net::SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(16).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The bytes of a message that is half written when its deadline comes must not follow later.
#[tokio::test]
async fn no_byte_of_a_request_is_written_after_its_deadline() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.timers.sign_on = 500 * MILLI;
    rules.timers.answer = 400 * MILLI;
    rules.caps.in_flight = 100_000;
    rules.caps.waiting = 100_000;
    rules.caps.burst = std::num::NonZeroU32::new(100_000).unwrap();
    let (listener, address) = small_buffers();
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    adapter.up().await;
    let deadline = adapter.in_a(300 * MILLI);
    let count = 60_000;
    for first in (0..count).step_by(1000) {
        adapter.send_all_until(first..first + 1000, deadline).await;
    }
    let mut not_sent = std::collections::BTreeSet::new();
    let (mut sent, mut told) = (0, 0);
    while told < count {
        match adapter.event().await {
            Event::NotSent(token, _) => {
                told += 1;
                assert!(not_sent.insert(u32::try_from(token.0).unwrap()));
            }
            // With a line that is cut because one was half written, or because nobody answers.
            Event::Lost(_) | Event::Expired(_) => told += 1,
            Event::Sent(_) => sent += 1,
            Event::Answered { .. } => panic!("nobody answers"),
            _ => {}
        }
    }
    println!("{sent} sent, {} not sent", not_sent.len());
    assert!(adapter.clock.now() >= deadline && sent > 0 && not_sent.len() > 10_000);
    // Now the peer reads again, to the end of the line.
    adapter.handle.drain().await.unwrap();
    while let Some(message) = peer.message().await {
        let number = crate::messages::stan(&spec, &message);
        assert!(!not_sent.contains(&number), "{number} was not sent, for certain");
    }
}
