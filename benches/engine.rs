//! Measures the engine: the time of a whole outbound transfer (request, debit, send, response, settled), and the memory of an open
//! transfer. No disk and no socket: the journal here only counts.

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
    Engine, Event, Limits, Output, RateLimits, Schedule, TraceAllocator, TraceWatermark,
    TransferInput,
};
use titian::transfer::{
    AfterUnknown, Card, ChannelReference, CoreRules, DeclineMeanings, Effect, Funding,
    InboundCodes, MessageKind, Order, OutboundInput, PostingReply, ResponseClass, ResponseClasses,
    ResponseFields, ReversalClasses, ReversalRules, Rules, SendStatus, TraceNumbers,
    TransferDetails,
};
use titian::values::{
    AccountNumber, Amount, Backoff, Currency, Date, IdempotencyKey, Institution, MerchantType,
    MinorUnits, Moment, Name, Offset, ProcessingCode, Reference, RequestFingerprint,
    RequestIdentity, ResponseCode, Terminal, TransferId, Value,
};

const START: u64 = 1_795_521_600_000;

fn main() {
    if let Ok(selection) = std::env::var("TITIAN_COUNT") {
        return count(&selection);
    }
    // `cargo test --benches` runs this too, to see that it works. Few transfers are enough then.
    let full = std::env::args().any(|argument| argument == "--bench");
    let (rounds, transfers, open) = if full { (15, 50_000, 1_000_000) } else { (1, 100, 1_000) };

    for batch in [1, 64] {
        let mut nanos: Vec<f64> = (0..rounds).map(|_| round(transfers, batch)).collect();
        nanos.sort_by(f64::total_cmp);
        let median = nanos.get(nanos.len() / 2).copied().unwrap_or_default();
        println!("a whole transfer, {batch:>2} in a batch: median {median:.0} ns");
    }
    let mut engine = engine();
    let mut world = World::default();
    (0..64).for_each(|number| world.run_transfers(&mut engine, number, 1));
    let allocations = allocation_counter::measure(|| {
        (64..128).for_each(|number| world.run_transfers(&mut engine, number, 1));
    });
    println!("allocations per transfer: {:.1}", allocations.count_total as f64 / 64.0);
    println!("bytes per open transfer: {:.0}", open_bytes(open));
}

/// Runs this many transfers (`NAME=TIMES`), 64 in a batch, and nothing else, for `benches/instructions`.
fn count(selection: &str) {
    let (_, transfers) = selection.split_once('=').expect("NAME=TIMES");
    let (mut engine, mut world) = (engine(), World::default());
    for first in (0..transfers.parse().unwrap()).step_by(64) {
        world.run_transfers(&mut engine, first, 64);
    }
}

/// Returns the nanoseconds per transfer.
fn round(transfers: u64, batch: u64) -> f64 {
    let mut engine = engine();
    let mut world = World::default();
    let start = Instant::now();
    for first in (0..transfers).step_by(usize::try_from(batch).unwrap()) {
        world.run_transfers(&mut engine, first, batch);
    }
    start.elapsed().as_secs_f64() * 1e9 / transfers as f64
}

/// Returns the heap bytes per open transfer.
fn open_bytes(open: u64) -> f64 {
    let mut engine = engine();
    let mut world = World::default();
    let held = allocation_counter::measure(|| {
        for number in 0..open {
            let (order, identity) = order(number);
            engine.handle_event(Event::Order { order, identity }, Moment::from_millis(START));
            if number % 64 == 63 {
                world.commit(&mut engine);
                world.outputs.clear();
            }
        }
        world.commit(&mut engine);
        world.outputs.clear();
    });
    assert_eq!(engine.open_transfers() as u64, open);
    held.bytes_current as f64 / open as f64
}

#[derive(Default)]
struct World {
    outputs: Vec<Output>,
}

impl World {
    /// Commits the open batch and takes the outputs.
    fn commit(&mut self, engine: &mut Engine) {
        if let Some(batch) = engine.poll_batch(Moment::from_millis(u64::MAX)) {
            let number = batch.number;
            engine.handle_commit(number, &[]);
        }
        while let Some(output) = engine.poll_output() {
            self.outputs.push(output);
        }
    }

    /// Runs `count` transfers, step by step side by side.
    fn run_transfers(&mut self, engine: &mut Engine, first: u64, count: u64) {
        let now = Moment::from_millis(START + first / 20);
        for number in first..first + count {
            let (order, identity) = order(number);
            engine.handle_event(Event::Order { order, identity }, now);
        }
        // Debit requested, request sent, response handled.
        for _ in 0..3 {
            self.commit(engine);
            for output in std::mem::take(&mut self.outputs) {
                react(engine, &output, now);
            }
        }
        self.commit(engine);
        self.outputs.clear();
    }
}

fn react(engine: &mut Engine, output: &Output, now: Moment) {
    match output {
        Output::Effect(Effect::RequestPosting(posting)) => {
            let posted = TransferInput::Outbound(OutboundInput::Posting(PostingReply::Posted));
            engine.handle_event(Event::Transfer(posting.id, posted), now);
        }
        Output::Effect(Effect::SendRequest(funded)) => {
            let sent = TransferInput::Outbound(OutboundInput::Send(SendStatus::Sent));
            engine.handle_event(Event::Transfer(funded.order().id, sent), now);
            approve(engine, funded.trace(), now);
        }
        _ => {}
    }
}

fn approve(engine: &mut Engine, trace: TraceNumbers, now: Moment) {
    let response = ResponseFields {
        code: code(b"00"),
        amount: Some(amount()),
        kind: None,
        from: None,
        to: None,
        card: Card::NotStated,
        is_complete: true,
    };
    engine.handle_event(
        Event::Response { transfer_id: None, trace, kind: MessageKind::Request, response },
        now,
    );
}

fn code(text: &[u8]) -> ResponseCode {
    ResponseCode::from_ascii(text).unwrap()
}

fn amount() -> Amount {
    Amount::new(12_500_000, Currency::IDR)
}

fn order(number: u64) -> (Arc<Order>, RequestIdentity) {
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
        details: details(),
    };
    let spread = |odd: u128| IdempotencyKey(id.0.wrapping_mul(odd));
    let request = spread(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let reference = Some(spread(0xD1B5_4A32_D192_ED03_ABC9_8388_FB8F_AC03));
    (
        Arc::new(order),
        RequestIdentity {
            request_key: request,
            reference_key: reference,
            fingerprint: RequestFingerprint(1),
        },
    )
}

/// Returns details as the API makes them from a request. Names and references are separate strings. The partner's name is shared.
fn details() -> TransferDetails {
    static PARTNER: LazyLock<Reference> =
        LazyLock::new(|| Reference::from_ascii(b"mobile").unwrap());
    let reference = |text: &[u8]| Reference::from_ascii(text).unwrap();
    TransferDetails {
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
    }
}

fn engine() -> Engine {
    let limits = Limits {
        open_transfers: 2_000_000,
        inbound_amount_max: MinorUnits(u64::MAX),
        open_inquiries: 1024,
        journal_lookups: 1024,
        closed_transfers: 1024,
        deadlines_at_once: 1024,
    };
    let start = Moment::from_millis(START);
    let rate = NonZeroU32::new(1000).unwrap();
    let rates = RateLimits { per_second: rate, per_destination: rate, burst: rate };
    let trace_numbers =
        TraceAllocator::new(1, TraceWatermark::first(Date::of(start, Offset::UTC)), start, 7);
    let repeats = Backoff {
        first: Duration::from_secs(2),
        longest: Duration::from_mins(1),
        jitter_percent: 20,
    };
    let core = CoreRules {
        repeats,
        posting_tries: 3,
        cancel_tries: 60,
        cancel_interval: Duration::from_hours(1),
    };
    Engine::new(Arc::new(rules()), core, limits, Schedule::new(start, rates), trace_numbers)
}

fn rules() -> Rules {
    let seconds = Duration::from_secs;
    let repeats = Backoff { first: seconds(10), longest: seconds(300), jitter_percent: 20 };
    Rules {
        classes: ResponseClasses::new(vec![
            (code(b"00"), ResponseClass::Approved),
            (code(b"51"), ResponseClass::Declined),
        ]),
        reversal_classes: ReversalClasses { done: vec![code(b"00")], not_found: vec![code(b"25")] },
        response_timeout: seconds(30),
        inquiry_response: seconds(4),
        inquiry_tries: 2,
        after_unknown: AfterUnknown::Reverse(ReversalRules {
            same_trace: false,
            repeats,
            not_found_limit: 10,
            exception_after: Duration::from_hours(24),
            exception_interval: Duration::from_hours(1),
        }),
        inbound: InboundCodes {
            approved: code(b"00"),
            outcome_unknown: code(b"68"),
            request_after_reversal: code(b"12"),
            reversal_without_original: code(b"00"),
            already_reversed: code(b"94"),
            in_progress: code(b"09"),
            reversed: code(b"05"),
            not_found: code(b"25"),
            mismatched: code(b"13"),
            closed: code(b"57"),
            refusals: Vec::new(),
            refused_other: code(b"05"),
            respond_within: seconds(20),
        },
        declines: DeclineMeanings::default(),
    }
}
