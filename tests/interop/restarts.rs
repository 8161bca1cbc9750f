//! The switch is killed and started again under load, 20 times.

use std::collections::BTreeMap;

use titian::link::Event;

use crate::bank::{Bank, ending};
use crate::simulator::Simulator;

const RESTARTS: u64 = 20;

/// Requests that are sent between one restart and the next.
const LOAD: u64 = 200;

#[tokio::test]
async fn the_link_comes_back_each_time_and_every_request_has_exactly_one_ending() {
    let first = Simulator::start("nusantara", &[]);
    let listen = first.listen.to_string();
    let mut bank = Bank::new("nusantara", "213", &[first.listen]);
    let mut switch = Some(first);
    let mut endings: BTreeMap<u128, Vec<&'static str>> = BTreeMap::new();
    for round in 0..=RESTARTS {
        while !matches!(next(&mut bank, &mut endings).await, Event::Up(_)) {}
        for number in 0..LOAD {
            let (order, trace) = (bank.order("008", "1000000001", 100), bank.trace());
            let asked = bank.said(|network, into| network.request(&order, trace, into));
            bank.send(u128::from(round * LOAD + number), asked).await;
        }
        if round == RESTARTS {
            break;
        }
        // Somewhere in the middle of its answers, another place each time.
        let answered = 1 + usize::try_from(round * 7).unwrap();
        let before = endings.len();
        while endings.len() < before + answered {
            next(&mut bank, &mut endings).await;
        }
        switch.take().unwrap().kill();
        switch = Some(Simulator::start_at(&listen, "nusantara", &[]));
    }
    while endings.len() < usize::try_from((RESTARTS + 1) * LOAD).unwrap() {
        next(&mut bank, &mut endings).await;
    }
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for words in endings.values() {
        assert_eq!(words.len(), 1, "one ending: {words:?}");
        *counts.entry(words[0]).or_default() += 1;
    }
    println!("{RESTARTS} restarts of the process: {counts:?}");
    assert!(endings.keys().copied().eq(0..u128::from((RESTARTS + 1) * LOAD)));
    assert!(counts["answered"] >= 1_000, "{counts:?}");
}

/// The next event; an ending is put to those of its request.
async fn next(bank: &mut Bank, endings: &mut BTreeMap<u128, Vec<&'static str>>) -> Event {
    let event = bank.event().await;
    if let Some((token, ending)) = ending(&event) {
        endings.entry(token.0).or_default().push(ending.word());
    }
    event
}
