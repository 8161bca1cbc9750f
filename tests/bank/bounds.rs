//! Bounds: of questions that wait, of answers that nobody takes, of connections, of patience; and the end.

use titian::bank::{Ask, Told};
use titian::transfer::{CancelAnswer, PostingAnswer, Side};

use crate::house::{BUDI, Folder, Port, id, posting};
use crate::nasty::{Act, Nasty, says};

fn cancels(count: u128) -> Vec<Ask> {
    (0..count).map(|number| Ask::Cancel(id(number))).collect()
}

#[tokio::test]
async fn too_many_questions_for_a_silent_core_are_unknown_at_once() {
    let core = Nasty::open([Act::Hang(String::new())]).await;
    let mut port = Port::at(core.address, "timeout = \"1h\"\nconnections = 2");
    port.handle.ask(cancels(20_000));
    // The queue and the connections have as many as they may; the others are told already.
    let waiting = 16_384;
    assert_eq!(port.counts().over, 20_000 - waiting);
    for number in u128::from(waiting)..20_000 {
        assert_eq!(port.told().await, Told::Cancel(id(number), CancelAnswer::None));
    }
    // Answers that nobody takes have a bound too: what is over it is not told.
    port.handle.ask(cancels(40_000));
    assert!(port.counts().over >= 20_000);
}

#[tokio::test]
async fn what_waited_too_long_is_not_asked_any_more() {
    let core = Nasty::open([Act::Hang(String::new())]).await;
    let mut port = Port::at(core.address, "timeout = \"200ms\"\nconnections = 2");
    port.handle.ask(cancels(100));
    for _ in 0..100 {
        assert!(matches!(port.told().await, Told::Cancel(_, CancelAnswer::None)));
    }
    let counts = port.counts();
    assert_eq!(counts.silent + counts.stale, 100);
    assert_eq!(core.asked().len() as u64, counts.silent);
    assert!(counts.silent <= 4, "{counts:?}");
}

#[tokio::test]
async fn as_many_questions_are_in_flight_as_there_are_connections() {
    let core = Nasty::open([Act::Say(says(200, r#"{"was":"absent"}"#))]).await;
    let mut port = Port::at(core.address, "timeout = \"60s\"\nconnections = 3");
    port.handle.ask(cancels(1_000));
    for _ in 0..1_000 {
        assert!(matches!(port.told().await, Told::Cancel(_, CancelAnswer::Was(_))));
    }
    assert!(core.connections() <= 3, "{}", core.connections());
}

#[tokio::test]
async fn a_ledger_whose_answers_nobody_takes_waits_and_loses_none_that_it_took() {
    let folder = Folder::new();
    let port = folder.port();
    let credit = |number| Ask::Post(posting(number, Side::Credit, BUDI, 1));
    for batch in 0..60 {
        port.handle.ask((batch * 1_000..(batch + 1) * 1_000).map(credit).collect());
    }
    let mut posted = 0;
    let mut unknown = 0;
    let counts = port.counts();
    assert!(counts.over > 0, "{counts:?}");
    for told in port.close().await {
        match told {
            Told::Posting(_, PostingAnswer::Posted) => posted += 1,
            Told::Posting(_, PostingAnswer::None) => unknown += 1,
            told => panic!("{told:?}"),
        }
    }
    assert_eq!(folder.books().credited.count, posted);
    assert!(unknown <= counts.over && posted + counts.over == 60_000, "{posted} {unknown}");
}

#[tokio::test]
async fn who_asked_before_the_end_is_answered() {
    let folder = Folder::new();
    let (core, port) = folder.over_http().await;
    port.handle.ask(cancels(500));
    assert_eq!(port.close().await.len(), 500);
    core.close().await;
    let port = folder.port();
    port.handle.ask(cancels(500));
    let was = |told: &Told| matches!(told, Told::Cancel(_, CancelAnswer::Was(_)));
    let told = port.close().await;
    assert!(told.len() == 500 && told.iter().all(was));
}
