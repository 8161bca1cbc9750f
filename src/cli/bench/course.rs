//! The run of a bench: start all processes, warm up, measure the load, measure the machine, compare the books.

use std::collections::BTreeMap;
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
use crate::harness::{AdapterProbe, FinalBooks, Folder, Harness};

/// How long open transfers may make no progress after the load. Reversals are repeated sooner.
const STALL_LIMIT: Duration = Duration::from_mins(7);

/// The result of the load.
pub(super) struct Measured {
    /// Transfers that ended during the measurement.
    pub(super) transfers: u64,
    pub(super) times: Times,
    pub(super) spent: Spent,
    /// All transfers of the run by the HTTP status of their response.
    pub(super) outcomes: BTreeMap<String, u64>,
    /// Transfers that settled.
    pub(super) settled: u64,
    /// Numbers of the transfers that were answered 202 (in progress).
    pub(super) in_progress: Vec<u64>,
    /// Bytes of a response body.
    pub(super) response_length: usize,
    /// How often the second link was cut during the load, with `--flapping`.
    pub(super) cuts: Option<u64>,
}

/// Durations of transfers, in microseconds.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) p50: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
    pub(super) max: u64,
}

/// Runs the bench.
pub(super) async fn run(bench: &Bench, folder: Folder) -> Result<(), Failure> {
    let program = std::env::current_exe()
        .map_err(|error| format!("cannot find the path of this program: {error}"))?;
    let keys = Keys::generate()?;
    let ports = [crate::harness::any_port(); 2];
    let mut stage = Harness::start(program, folder, 1, ports).await?;
    let relay = relay(bench, &stage).await?;
    let switch = stage.switch.address("listen")?;
    let links = [switch, relay.as_ref().map_or(switch, |relay| relay.at)];
    let settings = Settings { core: bench.core, keys: &keys, links };

    let mut waiting = match bench.waiting {
        Some(count) => Some(Waiting::create(count.into(), &mut stage, &settings).await?),
        None => None,
    };
    let measured = settings.write(&stage.folder, Purpose::Measured)?;
    let mut watcher = stage.start_adapter(&measured).await?;
    let request = Partner::sign_in(&stage, &keys).await?.request(bench.core, PAYEE);
    if let Some(waiting) = &mut waiting {
        waiting.begin(&stage, &watcher).await?;
    }
    let mut measured = match bench.direction {
        Direction::Outbound => {
            outbound::run(bench, &stage, &request, &watcher, relay.as_ref()).await?
        }
        Direction::Inbound => inbound::run(bench, &stage, &watcher).await?,
    };
    if let Some(waiting) = &mut waiting {
        quiet(&stage, &watcher, waiting.begin).await?;
        waiting.end(&watcher).await?;
        measured.settled += waiting.settled;
        watcher = Waiting::release(&mut stage, &settings).await?;
    }
    quiet(&stage, &watcher, 0).await?;
    match bench.direction {
        Direction::Outbound => {
            // A token expires before the end of long runs.
            let partner = Partner::sign_in(&stage, &keys).await?;
            measured.settled += partner.settled(&measured.in_progress).await?;
        }
        Direction::Inbound => inbound::count(&mut measured, &watcher).await?,
    }
    let machine = measure_machine(bench, &stage, &request, measured.response_length).await?;
    let mut closing = stage.read_books().await?;
    if bench.core == Core::Caller {
        debited_by_caller(&mut closing, &measured, bench.direction);
    }
    let report = Report::new(bench, &measured, waiting.as_ref(), &machine, &closing);
    write(&report.format(bench.format))?;
    stage.stop().await?;
    match report.differences.as_slice() {
        [] => Ok(()),
        differences => {
            Err(Failure::Negative(format!("the books differ: {}", differences.join(", "))))
        }
    }
}

/// Starts the relay of the second link, with `--flapping`.
async fn relay(bench: &Bench, stage: &Harness) -> Result<Option<Relay>, Failure> {
    if !bench.flapping {
        return Ok(None);
    }
    let relay = Relay::start(stage.switch.address("listen")?).await;
    Ok(Some(relay.map_err(|error| format!("cannot start the relay of the second link: {error}"))?))
}

/// Returns the number of open transfers.
pub(super) async fn open_transfers(watcher: &AdapterProbe) -> Result<u64, Failure> {
    Ok(watcher.metric("titian_transfers_open").await?)
}

/// Waits until at most `left` transfers are open at the adapter and no request at the switch.
pub(super) async fn quiet(
    stage: &Harness,
    watcher: &AdapterProbe,
    left: u64,
) -> Result<(), Failure> {
    let (mut least, mut since) = (u64::MAX, Instant::now());
    loop {
        // The switch first, because its requests begin transfers at the adapter.
        let questions = stage.switch_admin.open_requests().await?;
        let transfers = open_transfers(watcher).await?;
        if questions == 0 && transfers <= left {
            return Ok(());
        }
        let open = questions.saturating_add(transfers);
        if open < least {
            (least, since) = (open, Instant::now());
        }
        if since.elapsed() > STALL_LIMIT {
            return Err(Failure::Negative(format!(
                "no progress for {STALL_LIMIT:?}: {transfers} transfers open at the adapter, \
                 {questions} requests open at the switch"
            )));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

async fn measure_machine(
    bench: &Bench,
    stage: &Harness,
    request: &Request,
    response_length: usize,
) -> Result<Machine, Failure> {
    let setup = machine::Setup {
        folder: &stage.folder.path,
        time: (bench.measured() / 5).clamp(Duration::from_millis(200), Duration::from_secs(3)),
        in_flight: bench.in_flight,
        request,
        response_length,
    };
    machine::measure(&setup).await
}

/// Adds the caller's own debits to the bank's books: it refunds every debit that did not settle.
fn debited_by_caller(closing: &mut FinalBooks, measured: &Measured, direction: Direction) {
    if direction == Direction::Inbound {
        return;
    }
    let bank = &mut closing.books.bank;
    let settled = measured.settled * MINOR;
    let debited = u64::try_from(closing.books.outbound.debited).unwrap_or(u64::MAX);
    bank.debited.minor = debited;
    bank.refunded.minor = debited.saturating_sub(settled);
    let settled = i64::try_from(settled).unwrap_or(i64::MAX);
    bank.clearing += settled;
    bank.customers -= settled;
}
