//! The cost of a transfer in the model of the simulated switch: to a simulated bank, between two connected banks with both
//! responses, and the memory of a kept transfer. Without sockets and codec.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark that cannot go on stops"
)]

use std::time::Instant;

use titian::iso8583::{De, Mti};
use titian::simulator::{
    Limits, Member, NetworkRules, Output, Settings, Switch, TextMessage, UnlistedAccounts,
};
use titian::values::{Institution, Moment, Transmission, Value};

const START: u64 = 1_795_521_600_000;

fn main() {
    // `cargo test --benches` runs this too, to check that it works. A small load is enough then.
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, transfers, kept) = if full { (15, 50_000, 1_000_000) } else { (1, 100, 1_000) };
    for (name, destination) in [("to a simulated bank", "002"), ("to a connected bank", "008")] {
        let mut nanos: Vec<f64> = (0..rounds).map(|_| round(transfers, destination)).collect();
        nanos.sort_by(f64::total_cmp);
        let median = nanos.get(nanos.len() / 2).copied().unwrap_or_default();
        println!("transfer {name}: median {median:.0} ns, with the building of its request");
    }
    let mut nanos: Vec<f64> = (0..rounds).map(|_| building(transfers)).collect();
    nanos.sort_by(f64::total_cmp);
    println!("building of a request: median {:.0} ns", nanos.get(nanos.len() / 2).unwrap());
    let mut switch = switch();
    (0..64).for_each(|number| transfer(&mut switch, number, "002"));
    let counted = allocation_counter::measure(|| {
        (64..128).for_each(|number| transfer(&mut switch, number, "002"));
    });
    let request_only = allocation_counter::measure(|| {
        (64..128).for_each(|number| drop(request(number, "002")));
    });
    let allocations = (counted.count_total - request_only.count_total) as f64 / 64.0;
    println!("allocations per transfer to a simulated bank, without its request: {allocations:.1}");
    let mut switch = self::switch();
    let counted = allocation_counter::measure(|| {
        for number in 0..kept {
            transfer(&mut switch, number, "002");
        }
    });
    let bytes = counted.bytes_current as f64 / kept as f64;
    println!("bytes per kept transfer, of {kept}: {bytes:.0}");
}

fn switch() -> Switch {
    let institution = |code: &str| Institution::from_ascii(code.as_bytes()).unwrap();
    let settings = Settings {
        rules: NetworkRules { requires_sign_on: false, ..NetworkRules::nusantara() },
        institution: institution("999"),
        members: ["014", "008", "002"].map(institution).to_vec(),
        unlisted_accounts: UnlistedAccounts::Exist,
        limits: Limits::default(),
        seed: 1,
    };
    let mut switch = Switch::new(settings, Moment::from_millis(START));
    for bank in ["014", "008"] {
        let member = switch.member(bank).unwrap();
        switch.handle_connected(member);
    }
    switch
}

/// Returns the nanoseconds per transfer.
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

/// Makes a transfer, until its originator gets the response.
fn transfer(switch: &mut Switch, number: u64, destination: &str) {
    let now = Moment::from_millis(START + number / 30);
    let originator = switch.member("014").unwrap();
    switch.handle_message(originator, request(number, destination), now);
    switch.handle_deadline(now);
    while let Some(output) = switch.poll_output() {
        let Output::Send { to, message, .. } = output else { continue };
        if message.mti().is_request() {
            respond(switch, to, &message, now);
        } else {
            assert_eq!(message.get(De::RESPONSE_CODE), Some("00"));
        }
    }
}

fn respond(switch: &mut Switch, from: Member, message: &TextMessage, now: Moment) {
    let mut response = TextMessage::new(message.mti().response().unwrap());
    for (de, text) in message.elements() {
        response.set(de, text);
    }
    response.set(De::RESPONSE_CODE, "00");
    switch.handle_message(from, response, now);
}

fn request(number: u64, destination: &str) -> TextMessage {
    let mut message = TextMessage::new(Mti::new(200).unwrap());
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
        message.set(de, text);
    }
    message
}
