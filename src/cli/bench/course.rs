//! The run of a bench: start all processes, warm up, measure the load, measure the machine, compare the books.

use std::time::Duration;

use super::closings::Closings;
use super::flap::Relay;
use super::keys::Keys;
use super::machine::{self, Machine};
use super::measured::Measured;
use super::partner::Partner;
use super::quiet::quiet;
use super::report::Report;
use super::request::{MINOR, PAYEE, Request};
use super::settings::{Purpose, Settings};
use super::waiting::Waiting;
use super::{Bench, Core, inbound, outbound};
use crate::cli::failure::{Failure, write};
use crate::harness::{FinalBooks, Folder, Harness};
use crate::values::Direction;

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
    let closings = match bench.closings {
        Some(count) => {
            let closings = Closings::prepare(count, &mut stage, &measured).await?;
            Some(closings.begin(bench.warm_up(), bench.measured()))
        }
        None => None,
    };
    let mut watcher = match &stage.adapter {
        Some(_) => stage.probe()?,
        None => stage.start_adapter(&measured).await?,
    };
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
    if let Some(closings) = closings {
        let ended = closings.join();
        let ended = ended.map_err(|_| "the thread of the closings panicked".to_owned())?;
        measured.closings = Some(ended?);
    }
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
