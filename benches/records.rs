//! The cost of records: making the rows of a batch, a start with many transfers, and an audit of them.
//!
//! `TITIAN_JOURNAL_DIR` is the folder of the files. `TITIAN_CLOSED` and `TITIAN_OPEN` are the numbers of transfers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    dead_code,
    missing_docs,
    reason = "a benchmark that cannot continue stops"
)]

#[path = "../tests/transfer/rules.rs"]
mod rules;

use std::fs;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use titian::engine::{
    Engine, Event, Limits, Output, RateLimits, Schedule, TraceAllocator, TraceWatermark,
    TransferInput,
};
use titian::journal::{Chain, Checkpoints, Evidence, Journal, JournalKeys, StoreUrl};
use titian::personal::RecordKey;
use titian::records::{audit, journal_batch, restore, trace_watermark};
use titian::signing::{SigningKey, TrustedKey, TrustedKeys};
use titian::transfer::{
    Effect, Funding, MessageKind, Order, OutboundInput, PostingReply, SendStatus, TraceNumbers,
};
use titian::values::{
    Date, IdempotencyKey, MinorUnits, Moment, Offset, RequestFingerprint, RequestIdentity,
    TransferId,
};

const START: u64 = 1_795_521_600_000;

/// The number of concurrent transfers.
const CONCURRENT: u64 = 64;

fn main() {
    // `cargo test --benches` runs this too, only to see that it works, so few transfers are enough then.
    let full = std::env::args().any(|argument| argument == "--bench");
    let number = |name: &str, most: u64| {
        let set = std::env::var(name).ok().and_then(|number| number.parse().ok());
        if full { set.unwrap_or(most) } else { most / 1000 }
    };
    let (closed, open) = (number("TITIAN_CLOSED", 1_000_000), number("TITIAN_OPEN", 10_000));
    let top = std::env::var_os("TITIAN_JOURNAL_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = top.join(format!("titian-records-bench-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let store = folder.join("titian.db");
    let signing = SigningKey::from_seed(&[7; 32]);
    let trusted = TrustedKeys::new(vec![TrustedKey::always(signing.public())]);
    let keys = JournalKeys { signing, trusted, record: RecordKey::new([8; 32]) };
    let checkpoints = Checkpoints { files: Vec::new(), every: Duration::from_secs(1) };

    let journal =
        titian::journal::open(&StoreUrl::Sqlite(store.clone()), &keys, &checkpoints).unwrap();
    let mut node =
        Node { engine: engine(None), journal, sent: Vec::new(), writing: Duration::ZERO };
    let start = Instant::now();
    for first in (0..closed).step_by(64) {
        node.run_transfers(first, CONCURRENT.min(closed - first), true);
    }
    for first in (closed..closed + open).step_by(64) {
        node.run_transfers(first, CONCURRENT.min(closed + open - first), false);
    }
    let all = closed + open;
    let (head, books) = (node.journal.head(Chain::Transfers).count, node.engine.books().clone());
    let per_row = node.writing.as_secs_f64() * 1e9 / head as f64;
    println!(
        "{all} transfers, {head} rows, written in {:.1} s; {per_row:.0} ns to make a row",
        start.elapsed().as_secs_f64()
    );
    node.journal.close().unwrap();

    let before = peak();
    let start = Instant::now();
    let journal =
        titian::journal::open(&StoreUrl::Sqlite(store.clone()), &keys, &checkpoints).unwrap();
    let opened = start.elapsed();
    let reader = journal.reader().unwrap();
    let mut engine = engine(trace_watermark(&*reader).unwrap());
    restore(&*reader, &mut engine).unwrap();
    assert_eq!((engine.open_transfers() as u64, engine.books()), (open, &books));
    println!(
        "a start with {closed} closed and {open} open: {:.2} s, of which opening the journal {:.2} s; peak memory {before} MB before, {} MB after",
        start.elapsed().as_secs_f64(),
        opened.as_secs_f64(),
        peak()
    );
    drop(reader);
    journal.close().unwrap();

    let start = Instant::now();
    let report = audit(&Evidence {
        archives: &[],
        store: &StoreUrl::Sqlite(store.clone()),
        checkpoints: &[],
        keys: Some(&keys.trusted),
    })
    .unwrap();
    assert_eq!((report.transfers, report.open, report.has_checked_books), (all, open, true));
    let rate = head as f64 / start.elapsed().as_secs_f64();
    println!(
        "audit: {:.1} s, {rate:.0} rows/s; peak memory {} MB",
        start.elapsed().as_secs_f64(),
        peak()
    );
    let _ = fs::remove_dir_all(&folder);
}

/// Returns the peak memory of the process, in MB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn engine(watermark: Option<TraceWatermark>) -> Engine {
    let now = Moment::from_millis(START);
    let watermark = watermark.unwrap_or_else(|| TraceWatermark::first(Date::of(now, Offset::UTC)));
    let limits = Limits {
        open_transfers: 1 << 20,
        inbound_amount_max: MinorUnits(u64::MAX),
        open_inquiries: 1,
        journal_lookups: 100,
        closed_transfers: 1000,
        deadlines_at_once: 100,
    };
    let rate = NonZeroU32::new(1000).unwrap();
    let rate_limits = RateLimits { per_second: rate, per_destination: rate, burst: rate };
    let numbers = TraceAllocator::new(1, watermark, now, 7);
    let (rules, core) = (Arc::new(rules::reversing()), rules::CORE.clone());
    Engine::new(rules, core, limits, Schedule::new(now, rate_limits), numbers)
}

struct Node {
    engine: Engine,
    journal: Box<dyn Journal>,
    sent: Vec<TraceNumbers>,
    /// The time spent making rows.
    writing: Duration,
}

impl Node {
    /// Runs concurrent transfers to their ends, or until their requests are sent.
    fn run_transfers(&mut self, first: u64, count: u64, is_closed: bool) {
        let now = Moment::from_millis(START + first / 20);
        for number in first..first + count {
            let id = TransferId(u128::from(START + number / 20) << 80 | u128::from(number));
            let order = Arc::new(Order { id, ..rules::order(Funding::Core) });
            let identity = RequestIdentity {
                request_key: key(number),
                reference_key: Some(key(!number)),
                fingerprint: RequestFingerprint(1),
            };
            self.engine.handle_event(Event::Order { order, identity }, now);
        }
        for _ in 0..3 {
            self.commit(now);
        }
        for trace in std::mem::take(&mut self.sent).into_iter().filter(|_| is_closed) {
            let event = Event::Response {
                transfer_id: None,
                trace,
                kind: MessageKind::Request,
                response: rules::response_fields("00"),
            };
            self.engine.handle_event(event, now);
        }
        self.commit(now);
    }

    /// Makes all decisions durable, and replies: core posts and the link sends.
    fn commit(&mut self, now: Moment) {
        if let Some(batch) = self.engine.poll_batch(Moment::from_millis(u64::MAX)) {
            let start = Instant::now();
            let (number, batch) = (batch.number, journal_batch(batch).unwrap());
            self.writing += start.elapsed();
            let (done, durable) = channel();
            self.journal.append(batch, Box::new(move |result| done.send(result.unwrap()).unwrap()));
            self.engine.handle_commit(number, &durable.recv().unwrap());
        }
        while let Some(output) = self.engine.poll_output() {
            let Output::Effect(effect) = output else { continue };
            let input = match &effect {
                Effect::RequestPosting(_) => OutboundInput::Posting(PostingReply::Posted),
                Effect::SendRequest(request) => {
                    self.sent.push(request.trace());
                    OutboundInput::Send(SendStatus::Sent)
                }
                _ => continue,
            };
            self.engine.handle_event(
                Event::Transfer(effect.transfer_id(), TransferInput::Outbound(input)),
                now,
            );
        }
    }
}

/// Returns a key that is scattered like a hash and unique for each number.
fn key(number: u64) -> IdempotencyKey {
    let mixed =
        (u128::from(number) ^ 0x5DEE_CE66).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D);
    IdempotencyKey((mixed ^ (mixed >> 64)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
}
