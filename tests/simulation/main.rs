//! Simulation: the engine in a world with random faults, over many seeds.
//!
//! `TITIAN_SIM_SEED=N cargo test --test rooms simulation::` runs one seed; `TITIAN_SIM_SEEDS=N` runs the first N seeds.
//! `TITIAN_SIM_ODD=none` switches odd traffic off (`odd.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails"
)]

pub(crate) mod acts;
mod auditor;
mod core;
mod counts;
mod final_audit;
mod inquiries;
mod journal;
mod networks;
mod notions;
mod odd;
mod operators;
mod outputs;
mod people;
mod person;
mod program;
mod random;
mod restrictions;
mod switch;
mod wire;
mod workload;
mod world;

use std::time::Instant;

use super::transfer::rules;
use counts::Counts;
use world::World;

/// A run with this number of transfers has every act, refusal and passing of [`EXPECTED`].
const ALL_OCCUR: u64 = 100_000;

/// What people do, what is refused, and what a restriction stops or lets pass.
const EXPECTED: [&str; 43] = [
    "restrict",
    "tighten",
    "propose lift",
    "propose replace",
    "propose restrict",
    "propose resolve",
    "propose people",
    "approve",
    "reject",
    "withdraw",
    "retry",
    "order_link",
    "done before",
    "proposal expires",
    "resolutions together",
    "order reaches the link",
    "request withdrawn",
    "refused: role",
    "refused: needs_proposal",
    "refused: not_found",
    "refused: proposal_open",
    "refused: unknown_name",
    "refused: invalid",
    "refused: people",
    "refused: not_resolvable",
    "refused: nothing_to_retry",
    "refused: same_person",
    "refused: other_person",
    "refused: code_needed",
    "refused: not_open",
    "refused: expired",
    "refused: stale",
    "refused: other_command",
    "refused order",
    "refused inquiry",
    "declined request",
    "declined inquiry",
    "request stopped",
    "repeat passes a restriction",
    "refund passes a restriction",
    "reversal passes a restriction",
    "status inquiry passes a restriction",
    "response to a reversal passes a restriction",
];

fn run(seed: u64, transfers: u64) -> (u64, Counts) {
    let mut world = World::new(seed);
    world.schedule_load(transfers);
    let until = world.now + transfers * world::SPACING + 1;
    world.run(until);
    world.finish();
    world.audit();
    (world.trace, world.counts)
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs each seed twice. Names the seed that fails.
fn run_all(seeds: impl Iterator<Item = u64>, transfers: u64) -> Counts {
    seeds.fold(Counts::default(), |all, seed| {
        let guard = SeedGuard(seed, transfers);
        let (first, counts) = run(seed, transfers);
        let (second, _) = run(seed, transfers);
        assert_eq!(first, second, "two runs of a seed differ");
        std::mem::forget(guard);
        all.plus(&counts)
    })
}

/// Prints how to run a seed again. It is dropped only when the run fails.
struct SeedGuard(u64, u64);

impl Drop for SeedGuard {
    fn drop(&mut self) {
        let Self(seed, transfers) = self;
        println!(
            "run it again: TITIAN_SIM_SEED={seed} TITIAN_SIM_TRANSFERS={transfers} cargo test --test rooms simulation::no_fault"
        );
    }
}

/// `TITIAN_SIM_SEEDS` for a long run (tests/long): 3,600 seeds are a million transfers.
#[test]
fn no_fault_loses_or_doubles_money() {
    let transfers = from_environment("TITIAN_SIM_TRANSFERS", 300);
    let start = Instant::now();
    let counts = if let Ok(seed) = std::env::var("TITIAN_SIM_SEED") {
        run_all(std::iter::once(seed.parse().unwrap()), transfers)
    } else {
        let seeds = from_environment("TITIAN_SIM_SEEDS", 900);
        let halves = [0, 1].map(|half| {
            std::thread::spawn(move || {
                run_all((1..=seeds).filter(|seed| seed % 2 == half), transfers)
            })
        });
        let halves = halves.map(|half| half.join().expect("a seed failed: see above"));
        halves.iter().fold(Counts::default(), Counts::plus)
    };
    let transfers = counts.orders + counts.inbound_requests;
    println!("{transfers} transfers in {:.0?}: {counts:#?}", start.elapsed());
    if transfers >= ALL_OCCUR {
        let missing: Vec<_> =
            EXPECTED.iter().filter(|act| !counts.acts.contains_key(**act)).collect();
        assert!(missing.is_empty(), "never happened: {missing:?}");
    }
}
