//! What a transfer costs in the simulated switch: one to a bank that it plays, one between two connected banks with
//! both answers, and the memory of one that is remembered. No socket and no codec.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark that can't go on stops"
)]

use std::time::Instant;

use titian::iso8583::{De, Mti};
use titian::switch::{Dialect, Limits, Member, Others, Output, Settings, Switch, Wire};
use titian::values::{Institution, Moment, Transmission, Value};

const START: u64 = 1_795_521_600_000;

fn main() {
    // `cargo test --benches` runs this too, to see that it works: little is enough then.
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, transfers, remembered) =
        if full { (15, 50_000, 1_000_000) } else { (1, 100, 1_000) };
    for (name, destination) in [("to a played bank", "002"), ("to a connected bank", "008")] {
        let mut nanos: Vec<f64> = (0..rounds).map(|_| round(transfers, destination)).collect();
        nanos.sort_by(f64::total_cmp);
        let median = nanos.get(nanos.len() / 2).copied().unwrap_or_default();
        println!("a transfer {name}: median {median:.0} ns, building the request included");
    }
    let mut nanos: Vec<f64> = (0..rounds).map(|_| building(transfers)).collect();
    nanos.sort_by(f64::total_cmp);
    println!("building a request: median {:.0} ns", nanos.get(nanos.len() / 2).unwrap());
    let mut switch = switch();
    (0..64).for_each(|number| transfer(&mut switch, number, "002"));
    let counted = allocation_counter::measure(|| {
        (64..128).for_each(|number| transfer(&mut switch, number, "002"));
    });
    let own = allocation_counter::measure(|| {
        (64..128).for_each(|number| drop(request(number, "002")));
    });
    let allocations = (counted.count_total - own.count_total) as f64 / 64.0;
    println!("allocations a transfer to a played bank, without its request: {allocations:.1}");
    let mut switch = self::switch();
    let counted = allocation_counter::measure(|| {
        for number in 0..remembered {
            transfer(&mut switch, number, "002");
        }
    });
    let bytes = counted.bytes_current as f64 / remembered as f64;
    println!("bytes a remembered transfer, {remembered} of them: {bytes:.0}");
}

fn switch() -> Switch {
    let institution = |code: &str| Institution::from_ascii(code.as_bytes()).unwrap();
    let settings = Settings {
        dialect: Dialect { sign_on_needed: false, ..Dialect::nusantara() },
        institution: institution("999"),
        members: ["014", "008", "002"].map(institution).to_vec(),
        others: Others::Exist,
        limits: Limits::default(),
        seed: 1,
    };
    let mut switch = Switch::new(settings, Moment::from_millis(START));
    for bank in ["014", "008"] {
        let member = switch.member(bank).unwrap();
        switch.connected(member);
    }
    switch
}

/// Nanoseconds a transfer, over so many of them.
fn round(transfers: u64, destination: &str) -> f64 {
    let mut switch = switch();
    let start = Instant::now();
    for number in 0..transfers {
        transfer(&mut switch, number, destination);
    }
    start.elapsed().as_secs_f64() * 1e9 / transfers as f64
}

fn building(transfers: u64) -> f64 {
    let start = Instant::now();
    for number in 0..transfers {
        std::hint::black_box(request(number, "002"));
    }
    start.elapsed().as_secs_f64() * 1e9 / transfers as f64
}

/// A transfer until its originator is answered.
fn transfer(switch: &mut Switch, number: u64, destination: &str) {
    let now = Moment::from_millis(START + number / 30);
    let ours = switch.member("014").unwrap();
    switch.handle(ours, request(number, destination), now);
    switch.tick(now);
    while let Some(output) = switch.next_output() {
        let Output::Send { to, wire, .. } = output else { continue };
        if wire.mti().is_request() {
            answer(switch, to, &wire, now);
        } else {
            assert_eq!(wire.get(De::RESPONSE_CODE), Some("00"));
        }
    }
}

fn answer(switch: &mut Switch, from: Member, wire: &Wire, now: Moment) {
    let mut answer = Wire::new(wire.mti().response().unwrap());
    for (de, text) in wire.elements() {
        answer.set(de, text);
    }
    answer.set(De::RESPONSE_CODE, "00");
    switch.handle(from, answer, now);
}

fn request(number: u64, destination: &str) -> Wire {
    let mut wire = Wire::new(Mti::new(200).unwrap());
    let sent = Transmission::of(Moment::from_millis(START + number / 30));
    for (de, text) in [
        (De::PROCESSING_CODE, "401000"),
        (De::AMOUNT, "000000012500"),
        (De::TRANSMISSION, &sent.to_string()),
        (De::STAN, &format!("{:06}", number % 1_000_000)),
        (De::ACQUIRER, "014"),
        (De::FORWARDER, "014"),
        (De::RRN, &format!("{number:012}")),
        (De::TERMINAL, "MOBILE01"),
        (De::CURRENCY, "360"),
        (De::RECEIVER, destination),
        (De::FROM_ACCOUNT, "1234567890"),
        (De::TO_ACCOUNT, "9876543210"),
        (De::DESTINATION_BANK, destination),
    ] {
        wire.set(de, text);
    }
    wire
}
