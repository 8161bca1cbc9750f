//! The switch restarts, again and again, under load.

use std::collections::BTreeMap;
use std::time::Duration;

use titian::link::Event;

use crate::adapter::{Adapter, ending, listener, quick};
use crate::messages::{rules, spec};
use crate::peer::Peer;

const RESTARTS: u32 = 100;

/// Requests that are sent between one restart and the next.
const LOAD: u32 = 50;

#[tokio::test]
async fn a_switch_that_restarts_100_times_under_load_leaves_no_request_without_its_one_ending() {
    let spec = spec("nusantara");
    let mut rules = quick(rules("nusantara"));
    rules.caps.per_second = std::num::NonZeroU32::new(1_000_000).unwrap();
    let (listener, address) = listener().await;
    let mut adapter = Adapter::dialing(&spec, &rules, &[address]);
    let mut endings = BTreeMap::new();
    let mut longest = Duration::ZERO;
    let mut broke = adapter.clock.now();
    for restart in 0..RESTARTS {
        let mut peer = Peer::accept(&listener, &spec, &rules).await;
        until_up(&mut adapter, &mut endings).await;
        longest = longest.max(adapter.clock.now().since(broke));
        adapter.send_all(restart * LOAD..(restart + 1) * LOAD).await;
        // It reads some, answers some of these, and is gone; where it breaks off is another place each time.
        for asked in peer.messages((restart % LOAD) as usize).await.iter().step_by(2) {
            peer.answer(asked).await;
        }
        broke = adapter.clock.now();
        drop(peer);
    }
    let mut peer = Peer::accept(&listener, &spec, &rules).await;
    let answering = tokio::spawn(async move {
        while let Some(asked) = peer.message().await {
            peer.answer(&asked).await;
        }
    });
    while endings.values().sum::<usize>() < (RESTARTS * LOAD) as usize {
        let event = adapter.event().await;
        count(&event, &mut endings);
    }
    answering.abort();
    let by_word = |word| endings.iter().filter(|((_, ended), _)| *ended == word).count();
    println!(
        "{RESTARTS} restarts, back in {longest:?} at most: {} answered, {} lost, {} not sent",
        by_word("answered"),
        by_word("lost"),
        by_word("not sent")
    );
    let mut numbers: Vec<_> = endings.keys().map(|(number, _)| *number).collect();
    numbers.dedup();
    assert_eq!(numbers, (0..RESTARTS * LOAD).collect::<Vec<_>>(), "each has an ending");
    assert!(endings.values().all(|times| *times == 1), "and only one");
    assert_eq!(endings.len(), numbers.len());
    assert!(by_word("answered") > 200 && by_word("lost") > 1_000);
    // The first delay is 5 ms, the longest 40; the rest is the machine's, which is shared.
    assert!(longest < Duration::from_secs(2), "{longest:?}");
}

async fn until_up(adapter: &mut Adapter, endings: &mut BTreeMap<(u32, &'static str), usize>) {
    loop {
        let event = adapter.event().await;
        count(&event, endings);
        if matches!(event, Event::Up(_)) {
            return;
        }
    }
}

fn count(event: &Event, endings: &mut BTreeMap<(u32, &'static str), usize>) {
    if let Some(ended) = ending(event) {
        *endings.entry(ended).or_default() += 1;
    }
}
