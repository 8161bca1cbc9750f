//! Repeated restarts of the switch under load.

use std::collections::BTreeMap;
use std::time::Duration;

use titian::link::Event;

use super::adapter::{Adapter, listener, outcome, quick};
use super::messages::{rules, spec};
use super::peer::Peer;

const RESTARTS: u32 = 100;

/// The number of requests between two restarts.
const LOAD: u32 = 50;

#[tokio::test]
async fn every_request_has_one_outcome_over_100_restarts_of_the_switch() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.limits.per_second = std::num::NonZeroU32::new(1_000_000).unwrap();
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut outcomes = BTreeMap::new();
    let mut longest = Duration::ZERO;
    let mut disconnected_at = adapter.clock.now();
    for restart in 0..RESTARTS {
        let mut peer = Peer::accept(&listener, &spec, &rules).await;
        wait_until_up(&mut adapter, &mut outcomes).await;
        longest = longest.max(adapter.clock.now().since(disconnected_at));
        adapter.send_all(restart * LOAD..(restart + 1) * LOAD).await;
        // The peer reads some requests, answers half of them and disconnects, at another position each time.
        for received in peer.messages((restart % LOAD) as usize).await.iter().step_by(2) {
            peer.respond(received).await;
        }
        disconnected_at = adapter.clock.now();
        drop(peer);
    }
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    let answering = tokio::spawn(async move {
        while let Some(received) = peer.message().await {
            peer.respond(&received).await;
        }
    });
    while outcomes.values().sum::<usize>() < (RESTARTS * LOAD) as usize {
        let event = adapter.event().await;
        count(&event, &mut outcomes);
    }
    answering.abort();
    let count_of = |word| outcomes.iter().filter(|((_, outcome), _)| *outcome == word).count();
    println!(
        "{RESTARTS} restarts, reconnected in {longest:?} at most: {} answered, {} lost, {} not sent",
        count_of("answered"),
        count_of("lost"),
        count_of("not sent")
    );
    let mut numbers: Vec<_> = outcomes.keys().map(|(number, _)| *number).collect();
    numbers.dedup();
    assert_eq!(numbers, (0..RESTARTS * LOAD).collect::<Vec<_>>(), "each request has an outcome");
    assert!(outcomes.values().all(|times| *times == 1), "only one outcome");
    assert_eq!(outcomes.len(), numbers.len());
    assert!(count_of("answered") > 200 && count_of("lost") > 1_000);
    // The delays are 5 ms to 40 ms. The machine decides the rest, so that `longest` is shown and not checked.
}

async fn wait_until_up(adapter: &mut Adapter, outcomes: &mut BTreeMap<(u32, &'static str), usize>) {
    loop {
        let event = adapter.event().await;
        count(&event, outcomes);
        if matches!(event, Event::Up(_)) {
            return;
        }
    }
}

fn count(event: &Event, outcomes: &mut BTreeMap<(u32, &'static str), usize>) {
    if let Some(ended) = outcome(event) {
        *outcomes.entry(ended).or_default() += 1;
    }
}
