//! What records cost: rows of a batch beside the deciding of it, a start with many transfers, and an audit of them.
//!
//! `TITIAN_JOURNAL_DIR` says where the files are made; `TITIAN_CLOSED` and `TITIAN_OPEN` how many transfers there are.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    dead_code,
    missing_docs,
    reason = "a benchmark that can't go on stops"
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
    Begun, Body, Concern, Counted, Engine, Event, Key, Limits, Numbering, Output, Pace, Question,
    Schedule,
};
use titian::journal::{Evidence, Journal};
use titian::records::{audit, counted, restore, rows};
use titian::transfer::{Effect, Funding, Heard, Input, Line, Order, PostingAnswer, Trace};
use titian::values::{Date, Moment, Offset, TransferId};

const START: u64 = 1_795_521_600_000;

/// Transfers that are taken on together.
const BESIDE: u64 = 64;

fn main() {
    // `cargo test --benches` runs this too, to see that it works: little is enough then.
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

    let journal = Journal::open(&store, None).unwrap();
    let mut node =
        Node { engine: engine(None), journal, sent: Vec::new(), writing: Duration::ZERO };
    let start = Instant::now();
    for first in (0..closed).step_by(64) {
        node.lives(first, BESIDE.min(closed - first), true);
    }
    for first in (closed..closed + open).step_by(64) {
        node.lives(first, BESIDE.min(closed + open - first), false);
    }
    let all = closed + open;
    let (head, books) = (node.journal.head().count, node.engine.books().clone());
    let per_row = node.writing.as_secs_f64() * 1e9 / head as f64;
    println!(
        "{all} transfers, {head} rows, written in {:.1} s; {per_row:.0} ns a row to make it",
        start.elapsed().as_secs_f64()
    );
    node.journal.close().unwrap();

    let before = peak();
    let start = Instant::now();
    let journal = Journal::open(&store, None).unwrap();
    let opened = start.elapsed();
    let reader = journal.reader().unwrap();
    let mut engine = engine(counted(&reader).unwrap());
    restore(&reader, &mut engine).unwrap();
    assert_eq!((engine.open() as u64, engine.books()), (open, &books));
    println!(
        "a start with {closed} closed and {open} open: {:.2} s, of it the journal {:.2} s; peak memory {before} MB before, {} MB after",
        start.elapsed().as_secs_f64(),
        opened.as_secs_f64(),
        peak()
    );
    drop(reader);
    journal.close().unwrap();

    let start = Instant::now();
    let found = audit(&Evidence { archives: &[], store: &store, checkpoints: None }).unwrap();
    assert_eq!((found.transfers, found.open, found.compared), (all, open, true));
    let rate = head as f64 / start.elapsed().as_secs_f64();
    println!(
        "audit: {:.1} s, {rate:.0} rows/s; peak memory {} MB",
        start.elapsed().as_secs_f64(),
        peak()
    );
    let _ = fs::remove_dir_all(&folder);
}

/// The most memory that the process had, in MB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn engine(counted: Option<Counted>) -> Engine {
    let now = Moment::from_millis(START);
    let counted = counted.unwrap_or_else(|| Counted::first(Date::of(now, Offset::UTC)));
    let limits =
        Limits { open: 1 << 20, exchanges: 1, lookups: 100, remembered: 1000, due_a_tick: 100 };
    let rate = NonZeroU32::new(1000).unwrap();
    let pace = Pace { per_second: rate, per_destination: rate, burst: rate };
    let numbers = Numbering::new(1, counted, now, 7);
    Engine::new(Arc::new(rules::reversing()), limits, Schedule::new(now, pace), numbers)
}

struct Node {
    engine: Engine,
    journal: Journal,
    sent: Vec<Trace>,
    /// Time that making rows took.
    writing: Duration,
}

impl Node {
    /// The lives of some transfers beside each other, to their ends or until their requests are sent.
    fn lives(&mut self, first: u64, count: u64, to_end: bool) {
        let now = Moment::from_millis(START + first / 20);
        for number in first..first + count {
            let id = TransferId(u128::from(START + number / 20) << 80 | u128::from(number));
            let order = Order { id, ..rules::order(Funding::Core) };
            let begun =
                Begun { request: key(number), reference: Some(key(!number)), body: Body(1) };
            self.engine.handle(Event::Order { order, begun }, now);
        }
        for _ in 0..3 {
            self.commit(now);
        }
        let heard = || Heard::new(rules::code("00"), rules::amount(12_500_000));
        for trace in std::mem::take(&mut self.sent).into_iter().filter(|_| to_end) {
            let answered = Event::Answered { trace, to: Question::Request, heard: heard() };
            self.engine.handle(answered, now);
        }
        self.commit(now);
    }

    /// Makes everything decided durable, and lets core post and the line send.
    fn commit(&mut self, now: Moment) {
        if let Some(batch) = self.engine.seal() {
            let start = Instant::now();
            let (number, batch) = (batch.number, rows(batch).unwrap());
            self.writing += start.elapsed();
            let (done, durable) = channel();
            self.journal.append(batch, move |result| done.send(result.unwrap()).unwrap());
            self.engine.committed(number, &durable.recv().unwrap());
        }
        while let Some(output) = self.engine.next_output() {
            let Output::Effect(effect) = output else { continue };
            let input = match effect {
                Effect::AskPosting(_) => Input::Posting(PostingAnswer::Posted),
                Effect::SendRequest(cleared) => {
                    self.sent.push(cleared.trace());
                    Input::Line(Line::Sent)
                }
                _ => continue,
            };
            self.engine.handle(Event::Transfer(effect.transfer(), Concern::Out(input)), now);
        }
    }
}

/// A number in no order, as a hash is; no two are the same.
fn key(number: u64) -> Key {
    let mixed =
        (u128::from(number) ^ 0x5DEE_CE66).wrapping_mul(0xDA94_2042_E4DD_58B5_92D6_8CA2_F53E_2B5D);
    Key((mixed ^ (mixed >> 64)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
}
