//! Transfers whose reversals wait for a bank that is dead, put there before the load begins.
//!
//! ```text
//! adapter that doubts soon ─► its caches fill ─► N to the dead bank, each reversed once, unanswered ─► stop
//! adapter as every bank has it, with N that wait ─► the load is measured ─► kill
//! adapter without a pace, and the bank answers ─► N are given back
//! ```
//!
//! So what waits is what a start took up from the journal, and the times and the pace of its repeats are those that every bank
//! begins with.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::cost::Memory;
use super::course::{open_transfers, quiet};
use super::load::{self, Load, Tally};
use super::outbound::DONE;
use super::partner::Partner;
use super::request::{Payee, Request};
use super::settings::{Purpose, Settings};
use crate::cli::failure::Failure;
use crate::rig::{Operator, Process, Stage, StageError, Watcher};

/// Whom they pay: a bank that the load does not.
const DEAD: Payee = Payee { bank: "008", behind: 500_000_000_000 };

/// Whom others pay before them, so that what the adapter keeps of transfers that are closed is full, and its memory grows by those
/// that wait alone.
const FILLING: Payee = Payee { bank: "014", behind: 400_000_000_000 };

/// How many of these there are for each that is to wait, and at most.
const FILLING_EACH: u64 = 4;
const FILLING_MOST: u64 = 40_000;

/// How many are asked for at a time.
const CONNECTIONS: u32 = 256;

/// How long nothing may come of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Those that wait.
pub(super) struct Waiting {
    /// How many when the load begins.
    pub(super) begin: u64,
    /// And when all of it is answered.
    pub(super) end: u64,
    /// Memory of the adapter in which they came about, in KiB, before them and with them.
    pub(super) memory: [u64; 2],
    /// And of one that has just started with them.
    pub(super) started: u64,
    /// Transfers before them that moved their money.
    pub(super) settled: u64,
}

impl Waiting {
    /// Brings so many to where they wait. No adapter is up before nor after.
    pub(super) async fn put(
        count: u64,
        stage: &mut Stage,
        settings: &Settings<'_>,
    ) -> Result<Self, Failure> {
        stage.operator.faults(&death()).await?;
        let purpose = settings.write(&stage.folder, Purpose::Waiting)?;
        let watcher = stage.adapter(&purpose).await?;
        let partner = Partner::enter(stage, settings.keys).await?;

        let filling = Load::of((FILLING_EACH * count).min(FILLING_MOST))?;
        let request = partner.request(settings.core, FILLING);
        let tally = ask(stage, filling, &request, async { Ok(()) }).await?;
        quiet(stage, &watcher, 0).await?;
        let behind = |number: &u64| FILLING.behind + number;
        let in_progress: Vec<_> = tally.in_progress.iter().map(behind).collect();
        let done = tally.statuses.get(&DONE).copied().unwrap_or_default();
        let settled = done + partner.moved(&in_progress).await?;

        let before = memory(stage);
        let request = partner.request(settings.core, DEAD);
        ask(stage, Load::of(count)?, &request, all_wait(count, &stage.operator)).await?;
        let memory = [before, memory(stage)];
        stage.stop_adapter().await?;
        Ok(Self { begin: 0, end: 0, memory, started: 0, settled })
    }

    /// Looks at the adapter that is to be measured, which has just started.
    pub(super) async fn begin(&mut self, stage: &Stage, watcher: &Watcher) -> Result<(), Failure> {
        self.begin = open_transfers(watcher).await?;
        self.started = memory(stage);
        Ok(())
    }

    /// Looks again, when the load is over.
    pub(super) async fn end(&mut self, watcher: &Watcher) -> Result<(), Failure> {
        self.end = open_transfers(watcher).await?;
        Ok(())
    }

    /// The bank answers, and an adapter that repeats all that is due is up. Who watches it comes back.
    pub(super) async fn release(
        stage: &mut Stage,
        settings: &Settings<'_>,
    ) -> Result<Watcher, Failure> {
        // Asked to stop, it would wait for answers that do not come. What is durable is all that there is.
        stage.adapter.take().ok_or(StageError::Gone)?.kill().await?;
        stage.operator.faults(&json!([])).await?;
        let settings = settings.write(&stage.folder, Purpose::Released)?;
        Ok(stage.adapter(&settings).await?)
    }

    /// Bytes of memory that one of them takes.
    pub(super) fn bytes_each(&self) -> u64 {
        let [before, with] = self.memory;
        with.saturating_sub(before).saturating_mul(1_024) / self.begin.max(1)
    }
}

/// What befalls the dead bank: all that is for it is lost. The first rule counts reversals that are no repeats.
fn death() -> Value {
    let bank = json!({ "127": DEAD.bank });
    json!([
        { "match": { "mti": "0420", "de": bank }, "action": "drop_request" },
        { "match": { "de": bank }, "action": "drop_request" },
    ])
}

/// Asks for as many as the load has, and waits for something besides.
async fn ask(
    stage: &Stage,
    load: Rc<Load>,
    request: &Request,
    waited: impl Future<Output = Result<(), Failure>>,
) -> Result<Tally, Failure> {
    let failed = |error| Failure::No(format!("what is to wait: {error}"));
    let streams = load::connect(stage.address("api")?, CONNECTIONS).await.map_err(failed)?;
    load::run(&load, streams, request, waited).await.map_err(failed)??;
    load.tally().ok_or_else(|| failed(io::Error::other("is not over")))
}

/// Waits until the first reversal of each was sent.
async fn all_wait(count: u64, operator: &Operator) -> Result<(), Failure> {
    let (mut most, mut since) = (0, Instant::now());
    loop {
        let wait = operator.hits().await?.first().copied().unwrap_or_default();
        if wait >= count {
            return Ok(());
        }
        if wait > most {
            (most, since) = (wait, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            return Err(Failure::No(format!(
                "only {wait} of {count} transfers wait to be reversed"
            )));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Memory of the adapter that is up, in KiB.
fn memory(stage: &Stage) -> u64 {
    stage.adapter.as_ref().and_then(Process::id).map_or(0, |id| Memory::of(id).now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_takes_is_what_the_memory_grew_by() {
        let mut waiting =
            Waiting { begin: 1_000, end: 1_000, memory: [20_000, 21_000], started: 0, settled: 0 };
        assert_eq!(waiting.bytes_each(), 1_024);
        waiting.memory[1] = 19_000;
        assert_eq!(waiting.bytes_each(), 0, "noise is not below zero");
    }
}
