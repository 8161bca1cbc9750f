//! The course of a bench: everybody comes on, the load warms up and is measured, the machine is measured, the books are compared.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::time::sleep;

use super::cost::{Meter, Spent};
use super::keys::Keys;
use super::load::{self, Load};
use super::machine::{self, Machine};
use super::report::Report;
use super::request::{MINOR, Request};
use super::settings::configure;
use super::{Bench, Core, Direction, inbound};
use crate::api::SignatureKey;
use crate::cli::failure::{Failure, write};
use crate::link::Clock;
use crate::rig::{Client, Closing, Folder, PATIENCE, Stage, Watcher};

/// How long what is under way at the end may take.
const ENDING: Duration = Duration::from_mins(2);

/// What came of the load.
pub(super) struct Measured {
    /// Transfers that came to their end meanwhile.
    pub(super) transfers: u64,
    pub(super) times: Times,
    pub(super) spent: Spent,
    /// All transfers of the run by what was said of them.
    pub(super) outcomes: BTreeMap<String, u64>,
    /// Those of them whose money moved.
    pub(super) settled: u64,
    /// Bytes of an answer's body.
    pub(super) answer_length: usize,
}

/// How long transfers took, in microseconds.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) p50: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
    pub(super) most: u64,
}

impl Times {
    fn of(times: &Histogram<u64>) -> Self {
        let within = |share| times.value_at_quantile(share);
        Self { p50: within(0.5), p99: within(0.99), p999: within(0.999), most: times.max() }
    }
}

/// Runs it all.
pub(super) async fn run(bench: &Bench) -> Result<(), Failure> {
    let program =
        std::env::current_exe().map_err(|error| format!("this program can't be found: {error}"))?;
    let folder = Folder::make(bench.dir.as_deref(), "bench")?;
    let keys = Keys::draw()?;
    let ports = [crate::rig::any_port(); 2];
    let mut stage = Stage::set(program, folder, 1, ports).await?;
    let settings = configure(&stage, bench.core, &keys)?;
    let watcher = stage.adapter(&settings).await?;
    let request = request(bench, &stage, &keys).await?;

    let mut measured = match bench.direction {
        Direction::Out => outbound(bench, &stage, &request, &watcher).await?,
        Direction::In => inbound::run(bench, &stage, &watcher).await?,
    };
    quiet(&stage, &watcher).await?;
    if bench.direction == Direction::In {
        inbound::count(&mut measured, &watcher).await?;
    }
    let machine = measure_machine(bench, &stage, &request, measured.answer_length).await?;
    let mut closing = stage.close().await?;
    if bench.core == Core::Caller {
        debited_by_caller(&mut closing, &measured, bench.direction);
    }
    let report = Report::new(bench, &measured, &machine, &closing);
    write(&report.told(bench.format))?;
    let folder = stage.leave().await?;
    if bench.dir.is_none() {
        // What can't be removed is in the way of nobody: it is a temporary folder.
        let _left = fs::remove_dir_all(folder.path);
    }
    match report.differences.as_slice() {
        [] => Ok(()),
        differences => Err(Failure::No(format!("the books differ: {}", differences.join(", ")))),
    }
}

/// The request of all transfers, with a token that was asked for as channels do.
async fn request(bench: &Bench, stage: &Stage, keys: &Keys) -> Result<Request, Failure> {
    let api = stage.address("api")?;
    let token = keys.token(&Client::new(api, PATIENCE), Clock::new()).await?;
    let key = SignatureKey::new(keys.secret.as_bytes());
    let key = key.ok_or_else(|| Failure::No("the secret is too short".to_owned()))?;
    Ok(Request::new(token, key, bench.core))
}

async fn outbound(
    bench: &Bench,
    stage: &Stage,
    request: &Request,
    watcher: &Watcher,
) -> Result<Measured, Failure> {
    let failed = |error| Failure::No(format!("the load: {error}"));
    let api = stage.address("api")?;
    let streams = load::connect(api, bench.in_flight).await.map_err(failed)?;
    let load = Load::begin(bench.rate())?;
    let course = async {
        sleep(bench.warm_up()).await;
        let meter = Meter::begin(stage, watcher).await?;
        load.measure();
        sleep(bench.measured()).await;
        meter.end().await
    };
    let spent = load::run(&load, streams, request, course).await.map_err(failed)??;
    let tally = load.tally().ok_or_else(|| failed(std::io::Error::other("is not over")))?;
    let outcomes = tally.statuses.iter().map(|(status, count)| (status.to_string(), *count));
    // One that is in progress moves its money a little later.
    let settled = [200, 202].iter().filter_map(|status| tally.statuses.get(status)).sum();
    Ok(Measured {
        transfers: tally.answers,
        times: Times::of(&tally.times),
        spent,
        outcomes: outcomes.collect(),
        settled,
        answer_length: tally.answer_length,
    })
}

/// Waits until nothing is under way.
async fn quiet(stage: &Stage, watcher: &Watcher) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        // The switch first: what it asks begins something at the adapter.
        let questions = stage.operator.open_questions().await?;
        let transfers = watcher.metric("titian_transfers_open").await?;
        if [transfers, questions] == [0, 0] {
            return Ok(());
        }
        if begun.elapsed() > ENDING {
            return Err(Failure::No(format!(
                "after {ENDING:?} there are under way still: {transfers} transfers at the adapter, \
                 {questions} questions at the switch"
            )));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

async fn measure_machine(
    bench: &Bench,
    stage: &Stage,
    request: &Request,
    answer_length: usize,
) -> Result<Machine, Failure> {
    let setup = machine::Setup {
        folder: &stage.folder.path,
        time: (bench.measured() / 5).clamp(Duration::from_millis(200), Duration::from_secs(3)),
        in_flight: bench.in_flight,
        request,
        answer_length,
    };
    machine::measure(&setup).await
}

/// Where the caller has debited, the bank's books are its own: what it debited and was not told that it moved, it gave back.
fn debited_by_caller(closing: &mut Closing, measured: &Measured, direction: Direction) {
    if direction == Direction::In {
        return;
    }
    let bank = &mut closing.books.bank;
    let moved = measured.settled * MINOR;
    let taken = u64::try_from(closing.books.out.taken).unwrap_or(u64::MAX);
    bank.debited.minor = taken;
    bank.given_back.minor = taken.saturating_sub(moved);
    let moved = i64::try_from(moved).unwrap_or(i64::MAX);
    bank.clearing += moved;
    bank.customers -= moved;
}
