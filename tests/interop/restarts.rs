//! The switch is killed and restarted under load, 20 times.

use std::collections::BTreeMap;

use titian::link::Event;

use super::bank::{Bank, outcome};
use super::simulator::Simulator;

const RESTARTS: u64 = 20;

/// The requests between two restarts.
const LOAD: u64 = 200;

#[tokio::test]
async fn the_link_comes_back_each_time_and_every_request_has_exactly_one_ending() {
    let first = Simulator::start("nusantara", &[]);
    let listen = first.listen.to_string();
    let mut bank = Bank::new("nusantara", "213", &[first.listen]);
    let mut switch = Some(first);
    let mut outcomes: BTreeMap<u128, Vec<&'static str>> = BTreeMap::new();
    for round in 0..=RESTARTS {
        while !matches!(next(&mut bank, &mut outcomes).await, Event::Up(_)) {}
        for number in 0..LOAD {
            let (order, trace) = (bank.order("008", "1000000001", 100), bank.trace());
            let message = bank.build(|network, into| network.encode_request(&order, trace, into));
            bank.send(u128::from(round * LOAD + number), message).await;
        }
        if round == RESTARTS {
            break;
        }
        // Kill the switch in the middle of its responses, after another number each time.
        let completed = 1 + usize::try_from(round * 7).unwrap();
        let before = outcomes.len();
        while outcomes.len() < before + completed {
            next(&mut bank, &mut outcomes).await;
        }
        switch.take().unwrap().kill();
        switch = Some(Simulator::start_at(&listen, "nusantara", &[]));
    }
    while outcomes.len() < usize::try_from((RESTARTS + 1) * LOAD).unwrap() {
        next(&mut bank, &mut outcomes).await;
    }
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for names in outcomes.values() {
        assert_eq!(names.len(), 1, "one outcome: {names:?}");
        *counts.entry(names[0]).or_default() += 1;
    }
    println!("{RESTARTS} restarts of the process: {counts:?}");
    assert!(outcomes.keys().copied().eq(0..u128::from((RESTARTS + 1) * LOAD)));
    assert!(counts["response"] >= 1_000, "{counts:?}");
}

/// Takes the next event. An outcome is added to those of its request.
async fn next(bank: &mut Bank, outcomes: &mut BTreeMap<u128, Vec<&'static str>>) -> Event {
    let event = bank.event().await;
    if let Some((token, outcome)) = outcome(&event) {
        outcomes.entry(token.0).or_default().push(outcome.name());
    }
    event
}
