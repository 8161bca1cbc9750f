//! What a transfer costs in the engine: a whole outbound life (request, debit, send, answer, settled), and an open
//! transfer's memory. No disk and no socket: the journal here only counts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark that can't go on stops"
)]

use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use titian::engine::{
    Begun, Body, Concern, Counted, Engine, Event, Key, Limits, Numbering, Output, Pace, Question,
    Schedule,
};
use titian::transfer::{
    AfterUnknown, ChannelReference, Class, Classes, Effect, Funding, Heard, InboundCodes, Input,
    Line, Order, Particulars, PostingAnswer, ReversalClasses, ReversalRules, Rules, Trace,
};
use titian::values::{
    AccountNumber, Amount, Backoff, Currency, Date, Institution, MerchantType, Moment, Name,
    Offset, ProcessingCode, Reference, ResponseCode, Terminal, TransferId, Value,
};

const START: u64 = 1_795_521_600_000;

fn main() {
    if let Ok(counted) = std::env::var("TITIAN_COUNT") {
        return count(&counted);
    }
    // `cargo test --benches` runs this too, to see that it works: little is enough then.
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, lives, open) = if full { (15, 50_000, 1_000_000) } else { (1, 100, 1_000) };

    for batch in [1, 64] {
        let mut nanos: Vec<f64> = (0..rounds).map(|_| round(lives, batch)).collect();
        nanos.sort_by(f64::total_cmp);
        let median = nanos.get(nanos.len() / 2).copied().unwrap_or_default();
        println!("a whole life, {batch:>2} to a batch: median {median:.0} ns");
    }
    let mut engine = engine();
    let mut world = World::default();
    (0..64).for_each(|number| world.life(&mut engine, number, 1));
    let counted = allocation_counter::measure(|| {
        (64..128).for_each(|number| world.life(&mut engine, number, 1));
    });
    println!("allocations a life: {:.1}", counted.count_total as f64 / 64.0);
    println!("bytes an open transfer: {:.0}", open_bytes(open));
}

/// So many lives (`NAME=TIMES`), 64 to a batch, and nothing else, for `benches/instructions`.
fn count(counted: &str) {
    let (_, lives) = counted.split_once('=').expect("NAME=TIMES");
    let (mut engine, mut world) = (engine(), World::default());
    for first in (0..lives.parse().unwrap()).step_by(64) {
        world.life(&mut engine, first, 64);
    }
}

/// Nanoseconds a life, over so many of them.
fn round(lives: u64, batch: u64) -> f64 {
    let mut engine = engine();
    let mut world = World::default();
    let start = Instant::now();
    for first in (0..lives).step_by(usize::try_from(batch).unwrap()) {
        world.life(&mut engine, first, batch);
    }
    start.elapsed().as_secs_f64() * 1e9 / lives as f64
}

/// Heap bytes that an open transfer holds, with so many open.
fn open_bytes(open: u64) -> f64 {
    let mut engine = engine();
    let mut world = World::default();
    let held = allocation_counter::measure(|| {
        for number in 0..open {
            let (order, begun) = order(number);
            engine.handle(Event::Order { order, begun }, Moment::from_millis(START));
            if number % 64 == 63 {
                world.commit(&mut engine);
                world.outputs.clear();
            }
        }
        world.commit(&mut engine);
        world.outputs.clear();
    });
    assert_eq!(engine.open() as u64, open);
    held.bytes_current as f64 / open as f64
}

#[derive(Default)]
struct World {
    outputs: Vec<Output>,
}

impl World {
    /// Makes everything decided durable, and takes what may be done then.
    fn commit(&mut self, engine: &mut Engine) {
        if let Some(batch) = engine.seal() {
            let number = batch.number;
            engine.committed(number, &[]);
        }
        while let Some(output) = engine.next_output() {
            self.outputs.push(output);
        }
    }

    /// The lives of `count` transfers, step by step beside each other.
    fn life(&mut self, engine: &mut Engine, first: u64, count: u64) {
        let now = Moment::from_millis(START + first / 20);
        for number in first..first + count {
            let (order, begun) = order(number);
            engine.handle(Event::Order { order, begun }, now);
        }
        // Asked for the debit, sent, answered.
        for _ in 0..3 {
            self.commit(engine);
            for output in std::mem::take(&mut self.outputs) {
                answer(engine, &output, now);
            }
        }
        self.commit(engine);
        self.outputs.clear();
    }
}

fn answer(engine: &mut Engine, output: &Output, now: Moment) {
    match output {
        Output::Effect(Effect::AskPosting(posting)) => {
            let posted = Concern::Out(Input::Posting(PostingAnswer::Posted));
            engine.handle(Event::Transfer(posting.id, posted), now);
        }
        Output::Effect(Effect::SendRequest(cleared)) => {
            let sent = Concern::Out(Input::Line(Line::Sent));
            engine.handle(Event::Transfer(cleared.id(), sent), now);
            approve(engine, cleared.trace(), now);
        }
        _ => {}
    }
}

fn approve(engine: &mut Engine, trace: Trace, now: Moment) {
    let heard = Heard::new(code(b"00"), amount());
    engine.handle(Event::Answered { trace, to: Question::Request, heard }, now);
}

fn code(text: &[u8]) -> ResponseCode {
    ResponseCode::from_ascii(text).unwrap()
}

fn amount() -> Amount {
    Amount::new(12_500_000, Currency::IDR)
}

fn order(number: u64) -> (Order, Begun) {
    let id = TransferId(u128::from(START) << 80 | u128::from(number));
    let order = Order {
        id,
        kind: ProcessingCode::from_ascii(b"401000").unwrap(),
        amount: amount(),
        from: AccountNumber::from_ascii(b"1234567890").unwrap(),
        to: AccountNumber::from_ascii(b"9876543210").unwrap(),
        pan: None,
        counterparty: Institution::from_ascii(b"014").unwrap(),
        funding: Funding::Core,
        particulars: particulars(),
    };
    let spread = |odd: u128| Key(id.0.wrapping_mul(odd));
    let request = spread(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let reference = Some(spread(0xD1B5_4A32_D192_ED03_ABC9_8388_FB8F_AC03));
    (order, Begun { request, reference, body: Body(1) })
}

/// What the API makes of a request, and so part of a life here: names and references are texts of their own, the
/// partner's name is the same for all.
fn particulars() -> Arc<Particulars> {
    static PARTNER: LazyLock<Reference> =
        LazyLock::new(|| Reference::from_ascii(b"mobile").unwrap());
    let reference = |text: &[u8]| Reference::from_ascii(text).unwrap();
    Arc::new(Particulars {
        merchant: MerchantType::from_ascii(b"6017").unwrap(),
        terminal: Terminal::from_ascii(b"MOBILE01").unwrap(),
        sender: Name::new("Siti Rahayu"),
        beneficiary: Name::new("Budi Santoso"),
        reference: Some(reference(b"INV-7")),
        channel: Some(ChannelReference {
            partner: PARTNER.clone(),
            reference: reference(b"2026112400000042"),
            request: reference(b"41807553358950093184162180797837"),
        }),
    })
}

fn engine() -> Engine {
    let limits = Limits {
        open: 2_000_000,
        exchanges: 1024,
        lookups: 1024,
        remembered: 1024,
        due_a_tick: 1024,
    };
    let start = Moment::from_millis(START);
    let rate = NonZeroU32::new(1000).unwrap();
    let pace = Pace { per_second: rate, per_destination: rate, burst: rate };
    let numbers = Numbering::new(1, Counted::first(Date::of(start, Offset::UTC)), start, 7);
    Engine::new(Arc::new(rules()), limits, Schedule::new(start, pace), numbers)
}

fn rules() -> Rules {
    let seconds = Duration::from_secs;
    let repeats = Backoff { first: seconds(10), longest: seconds(300), jitter_percent: 20 };
    Rules {
        classes: Classes::new(vec![(code(b"00"), Class::Approved), (code(b"51"), Class::Declined)]),
        reversal_classes: ReversalClasses { done: vec![code(b"00")], not_found: vec![code(b"25")] },
        response_timeout: seconds(30),
        inquiry_tries: 2,
        after_unknown: AfterUnknown::Reverse(ReversalRules {
            same_trace: false,
            repeats: repeats.clone(),
            not_found_limit: 10,
            exception_after: Duration::from_hours(24),
            exception_repeats: Duration::from_hours(1),
        }),
        core: repeats,
        cancel_tries: 60,
        cancel_repeats: Duration::from_hours(1),
        posting_tries: 3,
        inbound: InboundCodes {
            approved: code(b"00"),
            doubtful: code(b"68"),
            reversed_before: code(b"12"),
            reversal_before: code(b"00"),
            reversed_already: code(b"94"),
            in_progress: code(b"09"),
            undone: code(b"05"),
            not_found: code(b"25"),
            mismatched: code(b"13"),
            refusals: Vec::new(),
            refused_otherwise: code(b"05"),
            answer_within: seconds(20),
        },
    }
}
