//! Silent connections, and peers that do not read.

use std::time::Duration;

use titian::iso8583::Spec;
use titian::link::{DisconnectReason, Event, OutgoingMessage};
use titian::network::SessionRules;
use titian::values::Moment;
use tokio::net::{TcpListener, TcpSocket};

use super::adapter::{Adapter, MILLI, PATIENCE, down_reason, listener, outcome, quick};
use super::messages::{outgoing, request, rules, spec};
use super::peer::{Peer, connect_over, one_connection};

/// A dead machine sends no FIN. Here the peer keeps the connection open and sends nothing.
#[tokio::test]
async fn a_half_open_connection_is_closed_after_lost_echoes_and_its_requests_are_lost() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.timers.echo_idle = 20 * MILLI;
    rules.timers.echo_response = 10 * MILLI;
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    // It waits for the link, so that it is sent before the first echo, however slow the machine is.
    adapter.send_all([1].into_iter()).await;
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    drop(listener);
    assert_eq!(adapter.wait(outcome).await, (1, "lost"));
    assert_eq!(adapter.wait(down_reason).await, DisconnectReason::EchoTimeout);
    let messages: Vec<_> = peer.messages(3).await;
    let codes = messages.iter().map(|message| spec.decode(message.clone()).unwrap().mti().number());
    assert_eq!(
        codes.filter(|mti| *mti == 800).count(),
        2,
        "two echo requests before the connection was closed"
    );
}

#[tokio::test]
async fn a_connection_with_answered_echoes_stays_up() {
    let spec = spec("rendezvous");
    let mut rules = quick(rules("rendezvous"));
    rules.timers.echo_idle = 5 * MILLI;
    let (mut adapter, mut peer) = one_connection(&spec, &rules).await;
    for _ in 0..20 {
        let echo = peer.message().await.unwrap();
        let echo_code = spec.decode(echo.clone()).unwrap();
        assert_eq!(echo_code.field(titian::iso8583::De::NETWORK_CODE).unwrap().reveal(), "270");
        peer.respond(&echo).await;
    }
    adapter.send_all([1].into_iter()).await;
    loop {
        let received = peer.message().await.unwrap();
        peer.respond(&received).await;
        if spec.decode(received).unwrap().mti().number() == 200 {
            break;
        }
    }
    assert_eq!(adapter.wait(outcome).await, (1, "answered"));
}

/// Messages in the kernel's buffers are lost; messages without a written byte are not sent. Each message has exactly one
/// outcome.
#[tokio::test]
async fn a_peer_that_stops_reading_is_disconnected_and_each_message_has_one_outcome() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.timers.write = 100 * MILLI;
    rules.limits.in_flight = 100_000;
    rules.limits.queued = 100_000;
    rules.limits.burst = std::num::NonZeroU32::new(100_000).unwrap();
    let listener = small_buffers();
    let (mut adapter, mut peer) = connect_over(&listener, &spec, &rules).await;
    let count = 60_000;
    // Encoding takes longer than the timer on a slow machine, so it happens before.
    let messages = requests(&spec, &rules, count, adapter.deadline_in(PATIENCE));
    for batch in messages.chunks(1000) {
        adapter.handle.send(batch.to_vec()).await.unwrap();
    }
    let (mut sent, mut lost, mut not_sent) = (0, Vec::new(), Vec::new());
    loop {
        match adapter.event().await {
            Event::Sent(_) => sent += 1,
            Event::Lost(correlation_id) => lost.push(correlation_id),
            Event::NotSent(correlation_id, _) => not_sent.push(correlation_id),
            Event::Down(_, reason) => {
                assert_eq!(reason, DisconnectReason::WriteTimeout);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    // Queued messages go to the next connection.
    println!("{sent} sent, {} lost, {} not sent with the connection", lost.len(), not_sent.len());
    assert!(
        sent > 0 && lost.len() >= sent && lost.len() <= sent + 1,
        "one message may be partly written"
    );
    assert!(!not_sent.is_empty() && lost.len() + not_sent.len() < count as usize);
    assert!(lost.iter().max() < not_sent.iter().min(), "in order");
    let mut received = 0;
    while peer.frame().await.is_some() {
        received += 1;
    }
    assert!(
        received <= lost.len(),
        "{received} were received, but only {} may have been",
        lost.len()
    );
}

/// Encodes requests with the numbers below `count`.
fn requests(
    spec: &Spec,
    rules: &SessionRules,
    count: u32,
    deadline: Moment,
) -> Vec<OutgoingMessage> {
    let encoded = |number| outgoing((spec, rules), number, request(spec, number), deadline);
    (0..count).map(encoded).collect()
}

/// Returns a listener with small kernel buffers, so that writes to a peer that does not read block early.
fn small_buffers() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(16).unwrap()
}

/// The rest of a message that is partly written at its deadline must not follow later.
///
/// The connection must be full before the deadline. A machine that does not do this in time gets more time.
#[tokio::test]
async fn no_byte_of_a_request_is_written_after_its_deadline() {
    let mut time = 300 * MILLI;
    while !fill_until_a_deadline(time).await {
        time *= 3;
        assert!(time < 2 * PATIENCE, "the connection is never full");
    }
}

/// Sends more requests than a connection holds, all with a deadline in `time`. Checks that none of those that were reported as
/// not sent is received. Returns whether the connection was full at the deadline.
async fn fill_until_a_deadline(time: Duration) -> bool {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.timers.sign_on = PATIENCE;
    rules.timers.response = 400 * MILLI;
    rules.limits.in_flight = 100_000;
    rules.limits.queued = 100_000;
    rules.limits.burst = std::num::NonZeroU32::new(100_000).unwrap();
    let listener = small_buffers();
    let (mut adapter, mut peer) = connect_over(&listener, &spec, &rules).await;
    // No second connection: a request whose connection has ended waits for its deadline.
    drop(listener);
    let count = 60_000;
    // Encoding takes longer than the deadline on a slow machine, so it happens before.
    let mut messages = requests(&spec, &rules, count, adapter.clock.now());
    let deadline = adapter.deadline_in(time);
    for message in &mut messages {
        message.deadline = deadline;
    }
    for batch in messages.chunks(1000) {
        adapter.handle.send(batch.to_vec()).await.unwrap();
    }
    let was_handed_over = adapter.clock.now() < deadline;
    let mut not_sent = std::collections::BTreeSet::new();
    let (mut sent, mut ended) = (0, 0);
    while ended < count {
        match adapter.event().await {
            Event::NotSent(correlation_id, _) => {
                ended += 1;
                assert!(not_sent.insert(u32::try_from(correlation_id.0).unwrap()));
            }
            // The connection is closed because a message is partly written, or because responses are missing.
            Event::Lost(_) | Event::Expired(_) => ended += 1,
            Event::Sent(_) => sent += 1,
            Event::Response { .. } => panic!("unexpected response"),
            _ => {}
        }
    }
    println!("{sent} sent, {} not sent, deadline after {time:?}", not_sent.len());
    assert!(adapter.clock.now() >= deadline);
    // Now the peer reads the rest of the stream.
    adapter.handle.stop().await.unwrap();
    while let Some(message) = peer.message().await {
        let number = super::messages::stan(&spec, &message);
        assert!(!not_sent.contains(&number), "{number} was reported as not sent");
    }
    was_handed_over && sent > 0 && not_sent.len() > 10_000
}
