//! The course of a bench: everybody comes on, the load warms up and is measured, the machine is measured, the books are compared.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::cost::Spent;
use super::flap::Relay;
use super::keys::Keys;
use super::machine::{self, Machine};
use super::partner::Partner;
use super::report::Report;
use super::request::{MINOR, PAYEE, Request};
use super::settings::{Purpose, Settings};
use super::waiting::Waiting;
use super::{Bench, Core, Direction, inbound, outbound};
use crate::cli::failure::{Failure, write};
use crate::rig::{Closing, Folder, Stage, Watcher};

/// How long nothing may end of what is under way when the load is over. Reversals are repeated after less.
const ENDING: Duration = Duration::from_mins(7);

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
    /// Those of which it was not known when they were answered, by their numbers.
    pub(super) in_progress: Vec<u64>,
    /// Bytes of an answer's body.
    pub(super) answer_length: usize,
    /// How often the second link was cut while the load ran, if it flapped.
    pub(super) cuts: Option<u64>,
}

/// How long transfers took, in microseconds.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) p50: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
    pub(super) most: u64,
}

/// Runs it all.
pub(super) async fn run(bench: &Bench) -> Result<(), Failure> {
    let program =
        std::env::current_exe().map_err(|error| format!("this program can't be found: {error}"))?;
    let folder = Folder::make(bench.dir.as_deref(), "bench")?;
    let keys = Keys::draw()?;
    let ports = [crate::rig::any_port(); 2];
    let mut stage = Stage::set(program, folder, 1, ports).await?;
    let relay = relay(bench, &stage).await?;
    let switch = stage.switch.address("listen")?;
    let links = [switch, relay.as_ref().map_or(switch, |relay| relay.at)];
    let settings = Settings { core: bench.core, keys: &keys, links };

    let mut waiting = match bench.waiting {
        Some(count) => Some(Waiting::put(count.into(), &mut stage, &settings).await?),
        None => None,
    };
    let measured = settings.write(&stage.folder, Purpose::Measured)?;
    let mut watcher = stage.adapter(&measured).await?;
    let request = Partner::enter(&stage, &keys).await?.request(bench.core, PAYEE);
    if let Some(waiting) = &mut waiting {
        waiting.begin(&stage, &watcher).await?;
    }
    let mut measured = match bench.direction {
        Direction::Out => outbound::run(bench, &stage, &request, &watcher, relay.as_ref()).await?,
        Direction::In => inbound::run(bench, &stage, &watcher).await?,
    };
    if let Some(waiting) = &mut waiting {
        quiet(&stage, &watcher, waiting.begin).await?;
        waiting.end(&watcher).await?;
        measured.settled += waiting.settled;
        watcher = Waiting::release(&mut stage, &settings).await?;
    }
    quiet(&stage, &watcher, 0).await?;
    match bench.direction {
        Direction::Out => {
            // A token does not last as long as some runs.
            let partner = Partner::enter(&stage, &keys).await?;
            measured.settled += partner.moved(&measured.in_progress).await?;
        }
        Direction::In => inbound::count(&mut measured, &watcher).await?,
    }
    let machine = measure_machine(bench, &stage, &request, measured.answer_length).await?;
    let mut closing = stage.close().await?;
    if bench.core == Core::Caller {
        debited_by_caller(&mut closing, &measured, bench.direction);
    }
    let report = Report::new(bench, &measured, waiting.as_ref(), &machine, &closing);
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

/// What the second link leads through, if it is to flap.
async fn relay(bench: &Bench, stage: &Stage) -> Result<Option<Relay>, Failure> {
    if !bench.flapping {
        return Ok(None);
    }
    let relay = Relay::start(stage.switch.address("listen")?).await;
    Ok(Some(relay.map_err(|error| format!("the relay of the second link: {error}"))?))
}

/// Transfers with something left to be done.
pub(super) async fn open_transfers(watcher: &Watcher) -> Result<u64, Failure> {
    Ok(watcher.metric("titian_transfers_open").await?)
}

/// Waits until no more than so many transfers are under way, and nothing at the switch.
pub(super) async fn quiet(stage: &Stage, watcher: &Watcher, left: u64) -> Result<(), Failure> {
    let (mut least, mut since) = (u64::MAX, Instant::now());
    loop {
        // The switch first: what it asks begins something at the adapter.
        let questions = stage.operator.open_questions().await?;
        let transfers = open_transfers(watcher).await?;
        if questions == 0 && transfers <= left {
            return Ok(());
        }
        let under_way = questions.saturating_add(transfers);
        if under_way < least {
            (least, since) = (under_way, Instant::now());
        }
        if since.elapsed() > ENDING {
            return Err(Failure::No(format!(
                "nothing has ended for {ENDING:?}, and there are under way still: {transfers} \
                 transfers at the adapter, {questions} questions at the switch"
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
