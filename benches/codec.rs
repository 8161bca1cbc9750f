//! The cost of decoding and encoding, compared with `iso8583_rs` and a hand-written decoder for one layout,
//! in one run on the same message: a `nusantara` transfer request of 22 data elements.
//!
//! The machine is noisy, so the candidates take turns in short rounds and the median round counts; the ratio
//! matters. `iso8583_rs` reads its only spec from the environment, so the program starts itself again with
//! the variable set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark may panic"
)]

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use iso8583_rs::iso8583::iso_spec;
use titian::iso8583::{De, Mti, Spec};
use titian::values::{MinorUnits, ResponseCode, Rrn, Stan, Transmission};

const ROUNDS: usize = 61;
const ROUND: Duration = Duration::from_millis(4);

fn main() {
    if std::env::var_os("SPEC_FILE").is_none() {
        let program = std::env::current_exe().unwrap();
        let status = Command::new(program)
            .env("SPEC_FILE", "specs/nusantara.yaml")
            .args(std::env::args().skip(1))
            .status()
            .unwrap();
        std::process::exit(status.code().unwrap_or(70));
    }
    // `cargo test --benches` runs this too, to check that it works; one round is enough then.
    let rounds = if std::env::args().any(|arg| arg == "--bench") { ROUNDS } else { 1 };
    run(rounds);
}

struct Candidate<'a> {
    name: &'static str,
    work: Box<dyn FnMut() + 'a>,
}

fn run(rounds: usize) {
    let spec = Spec::parse("nusantara", Spec::SHIPPED[0].1).unwrap();
    let reference = iso_spec::spec("");
    let (bytes, values) = transfer_request(&spec);
    let message = spec.decode(bytes.clone()).unwrap();
    let response = response();
    println!("message: {} bytes, {} data elements\n", bytes.len(), values.len());

    let mut buffer = BytesMut::with_capacity(4096);
    let mut singly = BytesMut::with_capacity(4096);
    let elements: Vec<_> = values.iter().map(|(de, _)| *de).collect();
    let texts: Vec<_> = values.iter().map(|(_, value)| value.as_str()).collect();
    let template = spec.template(message.mti(), &elements).unwrap();
    let mut responses = BytesMut::with_capacity(4096);
    let mut repeats = BytesMut::with_capacity(4096);
    let stream = bytes.to_vec();
    let mut candidates = vec![
        candidate("decode, every byte checked", || {
            black_box(spec.decode(black_box(&bytes).clone())).unwrap();
        }),
        candidate("decode and read 5 typed values", || {
            let message = spec.decode(black_box(&bytes).clone()).unwrap();
            black_box((
                message.get::<MinorUnits>(De::AMOUNT).unwrap(),
                message.get::<Transmission>(De::TRANSMISSION).unwrap(),
                message.get::<Stan>(De::STAN).unwrap(),
                message.get::<Rrn>(De::RRN).unwrap(),
                message.find::<ResponseCode>(De::RESPONSE_CODE).unwrap(),
            ));
        }),
        candidate("hand-written, one layout, unchecked", || {
            black_box(by_hand::<false>(black_box(&stream))).unwrap();
        }),
        candidate("hand-written, one layout, digits checked", || {
            black_box(by_hand::<true>(black_box(&stream))).unwrap();
        }),
        candidate("iso8583_rs: parse", || {
            // `parse` needs a mutable reference, so the bytes are copied.
            assert!(reference.parse(black_box(&mut stream.clone())).is_ok());
        }),
        candidate("encode by a template", || {
            buffer.clear();
            template.encode(black_box(&texts), &mut buffer).unwrap();
        }),
        candidate("encode element by element", || {
            singly.clear();
            let mut encoder = spec.encoder(Mti::new(200).unwrap(), &mut singly).unwrap();
            for (de, value) in black_box(&values) {
                encoder.text(*de, value).unwrap();
            }
            encoder.finish();
        }),
        candidate("respond: 16 echoed, 2 added", || {
            responses.clear();
            spec.respond(black_box(&message), response.0, &response.1, &mut responses).unwrap();
        }),
        candidate("repeat", || {
            repeats.clear();
            spec.repeat(black_box(&bytes), &mut repeats).unwrap();
        }),
        candidate("iso8583_rs: set and assemble", || {
            let segment = reference.get_message_from_header("0200").unwrap();
            let mut message = iso_spec::new_msg(reference, segment);
            message.set("message_type", "0200").unwrap();
            for (de, value) in black_box(&values) {
                message.set_on(u32::from(de.number()), value).unwrap();
            }
            assert!(message.assemble().is_ok());
        }),
    ];
    if let Ok(counted) = std::env::var("TITIAN_COUNT") {
        return count(&counted, &mut candidates);
    }
    report(rounds, &mut candidates);
    drop(candidates);
    assert_eq!(buffer, bytes, "the encoded bytes are the decoded bytes");
    assert_eq!(singly, bytes, "both encoders write the same bytes");
}

/// Runs one candidate a number of times (`NAME=TIMES`) and nothing else, for `benches/instructions`.
fn count(counted: &str, candidates: &mut [Candidate<'_>]) {
    let (name, times) = counted.split_once('=').expect("NAME=TIMES");
    let candidate = candidates.iter_mut().find(|candidate| candidate.name == name).unwrap();
    (0..times.parse().unwrap()).for_each(|_: u64| (candidate.work)());
}

fn candidate<'a>(name: &'static str, work: impl FnMut() + 'a) -> Candidate<'a> {
    Candidate { name, work: Box::new(work) }
}

fn report(rounds: usize, candidates: &mut [Candidate<'_>]) {
    let mut times = vec![Vec::new(); candidates.len()];
    for _ in 0..rounds {
        for (candidate, times) in candidates.iter_mut().zip(&mut times) {
            times.push(one_round(&mut candidate.work));
        }
    }
    println!("{:<38} {:>10} {:>10} {:>8}", "", "median ns", "least ns", "allocs");
    let mut medians = Vec::new();
    for (candidate, times) in candidates.iter_mut().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let (median, least) = (times[times.len() / 2], times[0]);
        let allocations = allocation_counter::measure(|| (candidate.work)()).count_total;
        println!("{:<38} {median:>10.1} {least:>10.1} {allocations:>8}", candidate.name);
        medians.push((candidate.name, median));
    }
    let median = |name: &str| medians.iter().find(|(other, _)| *other == name).unwrap().1;
    let ratio = |slow: &str, fast: &str| median(slow) / median(fast);
    println!(
        "\ndecode: {:.0} times as fast as iso8583_rs, {:.2} times the time of hand-written with digits checked",
        ratio("iso8583_rs: parse", "decode, every byte checked"),
        ratio("decode, every byte checked", "hand-written, one layout, digits checked"),
    );
    println!(
        "encode: {:.0} times as fast as iso8583_rs",
        ratio("iso8583_rs: set and assemble", "encode by a template")
    );
}

/// Returns the nanoseconds per call, over calls that fill a round.
fn one_round(work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    let mut calls = 0_u32;
    while start.elapsed() < ROUND {
        for _ in 0..64 {
            work();
        }
        calls += 64;
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

/// Returns the transfer request of the fixtures without its MAC: its bytes and its values.
fn transfer_request(spec: &Spec) -> (Bytes, Vec<(De, String)>) {
    let text = std::fs::read_to_string("fixtures/nusantara/transfer-request.hex").unwrap();
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let digits: Vec<_> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let message = spec.decode(digits.chunks(2).map(pair).collect()).unwrap();
    let fields = message.fields().filter(|field| ![De::MAC, De::MAC_2].contains(&field.de()));
    let values: Vec<_> = fields.map(|field| (field.de(), field.reveal().into_owned())).collect();
    let mut buffer = BytesMut::new();
    let mut encoder = spec.encoder(message.mti(), &mut buffer).unwrap();
    for (de, value) in &values {
        encoder.text(*de, value).unwrap();
    }
    encoder.finish();
    (buffer.freeze(), values)
}

type Response = (&'static [De], [(De, &'static str); 2]);

fn response() -> Response {
    const ECHO: [De; 16] = [
        De::PAN,
        De::PROCESSING_CODE,
        De::AMOUNT,
        De::TRANSMISSION,
        De::STAN,
        De::LOCAL_TIME,
        De::LOCAL_DATE,
        De::SETTLEMENT_DATE,
        De::ACQUIRER,
        De::RRN,
        De::TERMINAL,
        De::CURRENCY,
        De::RECEIVER,
        De::FROM_ACCOUNT,
        De::TO_ACCOUNT,
        De::DESTINATION_BANK,
    ];
    (&ECHO, [(De::AUTHORIZATION, "A12345"), (De::RESPONSE_CODE, "00")])
}

/// The lower bound: a decoder that knows the only layout at compile time, returns the position of each
/// element, and checks nothing or only digits.
#[inline(never)]
fn by_hand<const CHECKED: bool>(input: &[u8]) -> Option<[(usize, usize); 22]> {
    /// For each element: digits of the length indicator, length, and whether it is numeric.
    const LAYOUT: [(usize, usize, bool); 22] = [
        (2, 0, true),
        (0, 6, true),
        (0, 12, true),
        (0, 10, true),
        (0, 6, true),
        (0, 6, true),
        (0, 4, true),
        (0, 4, true),
        (0, 4, true),
        (0, 3, true),
        (2, 0, true),
        (2, 0, true),
        (0, 12, false),
        (0, 8, false),
        (0, 15, false),
        (0, 40, false),
        (3, 0, false),
        (0, 3, true),
        (2, 0, true),
        (2, 0, false),
        (2, 0, false),
        (3, 0, false),
    ];
    let mut found = [(0, 0); 22];
    let mut at = 20;
    for (slot, (indicator, fixed, numeric)) in found.iter_mut().zip(LAYOUT) {
        let digits = input.get(at..at + indicator)?;
        let length = digits
            .iter()
            .fold(0, |length, digit| length * 10 + usize::from(digit.wrapping_sub(b'0')))
            + fixed;
        at += indicator;
        let content = input.get(at..at + length)?;
        if CHECKED && numeric && !content.iter().all(u8::is_ascii_digit) {
            return None;
        }
        *slot = (at, length);
        at += length;
    }
    (at == input.len()).then_some(found)
}
