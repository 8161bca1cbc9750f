//! Bounds of queued commands, unread replies, connections and time; and the drain.

use titian::core_banking::{CoreCommand, CoreReply};
use titian::transfer::{CancelReply, PostingReply, Side};

use super::hostile_core::{Action, HostileCore, http_response};
use super::support::{BUDI, Folder, Port, id, posting};

fn cancels(count: u128) -> Vec<CoreCommand> {
    (0..count).map(|number| CoreCommand::Cancel(id(number))).collect()
}

#[tokio::test]
async fn commands_over_the_queue_bound_are_unknown_at_once() {
    let core = HostileCore::open([Action::Hang(String::new())]).await;
    let mut port = Port::at(core.address, "timeout = \"1h\"\nconnections = 2");
    port.handle.send(cancels(20_000));
    // The queue is full; the other commands already have their reply.
    let queued = 16_384;
    assert_eq!(port.counts().queue_full, 20_000 - queued);
    for number in u128::from(queued)..20_000 {
        assert_eq!(port.next_reply().await, CoreReply::Cancel(id(number), CancelReply::Unknown));
    }
    // Unread replies have a bound too. Replies over it are dropped.
    port.handle.send(cancels(40_000));
    assert!(port.counts().queue_full >= 20_000);
}

#[tokio::test]
async fn a_command_that_waited_too_long_is_not_sent() {
    // On a slow machine the requests of a short time may not have arrived when it is over.
    for timeout in ["200ms", "5s", "60s"] {
        let core = HostileCore::open([Action::Hang(String::new())]).await;
        let mut port = Port::at(core.address, &format!("timeout = \"{timeout}\"\nconnections = 2"));
        port.handle.send(cancels(100));
        for _ in 0..100 {
            assert!(matches!(port.next_reply().await, CoreReply::Cancel(_, CancelReply::Unknown)));
        }
        let counts = port.counts();
        assert_eq!(counts.no_reply + counts.expired, 100);
        assert!(counts.no_reply <= 4, "{counts:?}");
        let received = core.requests().len() as u64;
        assert!(received <= counts.no_reply, "{received} received, {counts:?}");
        if received == counts.no_reply && received > 0 {
            return;
        }
    }
    panic!("the core received no request in a minute");
}

#[tokio::test]
async fn the_connections_bound_the_requests_in_flight() {
    let core =
        HostileCore::open([Action::Respond(http_response(200, r#"{"was":"absent"}"#))]).await;
    let mut port = Port::at(core.address, "timeout = \"60s\"\nconnections = 3");
    port.handle.send(cancels(1_000));
    for _ in 0..1_000 {
        assert!(matches!(port.next_reply().await, CoreReply::Cancel(_, CancelReply::Cancelled(_))));
    }
    assert!(core.connections() <= 3, "{}", core.connections());
}

#[tokio::test]
async fn a_ledger_waits_for_unread_replies_and_loses_no_accepted_command() {
    let folder = Folder::new();
    let port = folder.port();
    let credit = |number| CoreCommand::Post(posting(number, Side::Credit, BUDI, 1));
    for batch in 0..60 {
        port.handle.send((batch * 1_000..(batch + 1) * 1_000).map(credit).collect());
    }
    let mut posted = 0;
    let mut unknown = 0;
    let counts = port.counts();
    assert!(counts.queue_full > 0, "{counts:?}");
    for reply in port.close().await {
        match reply {
            CoreReply::Posting(_, PostingReply::Posted) => posted += 1,
            CoreReply::Posting(_, PostingReply::Unknown) => unknown += 1,
            reply => panic!("{reply:?}"),
        }
    }
    assert_eq!(folder.books().credited.count, posted);
    assert!(
        unknown <= counts.queue_full && posted + counts.queue_full == 60_000,
        "{posted} {unknown}"
    );
}

#[tokio::test]
async fn commands_before_a_drain_get_their_reply() {
    let folder = Folder::new();
    let (core, port) = folder.over_http().await;
    port.handle.send(cancels(500));
    assert_eq!(port.close().await.len(), 500);
    core.close().await;
    let port = folder.port();
    port.handle.send(cancels(500));
    let is_cancelled =
        |reply: &CoreReply| matches!(reply, CoreReply::Cancel(_, CancelReply::Cancelled(_)));
    let replies = port.close().await;
    assert!(replies.len() == 500 && replies.iter().all(is_cancelled));
}
