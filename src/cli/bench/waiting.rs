//! Transfers whose reversals wait for a bank that is dead, put there before the load begins.
//!
//! ```text
//! adapter that doubts soon ─► N transfers to the dead bank, each reversed once, unanswered ─► stop
//! adapter as every bank has it, with N that wait ─► the load is measured ─► stop
//! adapter without a pace, and the bank answers ─► N are given back
//! ```
//!
//! So what waits is what a start took up from the journal, and the times and the pace of its repeats are those that every bank
//! begins with.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::cost::Memory;
use super::course::open_transfers;
use super::load::{self, Load};
use super::partner::Partner;
use super::request::Payee;
use super::settings::{Purpose, Settings};
use crate::cli::failure::Failure;
use crate::rig::{Operator, Process, Stage, Watcher};

/// Whom they pay: a bank that the load does not.
const DEAD: Payee = Payee { bank: "008", behind: 500_000_000_000 };

/// How many are asked for at a time.
const CONNECTIONS: u64 = 256;

/// How long nothing may come of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Those that wait.
pub(super) struct Waiting {
    /// How many when the load begins.
    pub(super) begin: u64,
    /// And when all of it is answered.
    pub(super) end: u64,
    /// Memory of an adapter that has just started, in KiB, without them and with them.
    pub(super) memory: [u64; 2],
}

impl Waiting {
    /// Brings so many to where they wait. No adapter is up before nor after.
    pub(super) async fn put(
        count: u64,
        stage: &mut Stage,
        settings: &Settings<'_>,
    ) -> Result<Self, Failure> {
        stage.operator.faults(&death()).await?;
        drop(stage.adapter(&settings.write(&stage.folder, Purpose::Waiting)?).await?);
        let without = memory(stage);
        ask(count, stage, settings).await?;
        stage.stop_adapter().await?;
        Ok(Self { begin: 0, end: 0, memory: [without, 0] })
    }

    /// Looks at the adapter that is to be measured, which has just started.
    pub(super) async fn begin(&mut self, stage: &Stage, watcher: &Watcher) -> Result<(), Failure> {
        self.begin = open_transfers(watcher).await?;
        self.memory[1] = memory(stage);
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
        stage.stop_adapter().await?;
        stage.operator.faults(&json!([])).await?;
        let settings = settings.write(&stage.folder, Purpose::Released)?;
        Ok(stage.adapter(&settings).await?)
    }

    /// Bytes of memory that one of them takes.
    pub(super) fn bytes_each(&self) -> u64 {
        let [without, with] = self.memory;
        with.saturating_sub(without).saturating_mul(1_024) / self.begin.max(1)
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

/// Asks for them, and waits until the first reversal of each was sent.
async fn ask(count: u64, stage: &Stage, settings: &Settings<'_>) -> Result<(), Failure> {
    let failed = |error| Failure::No(format!("what is to wait: {error}"));
    let request = Partner::enter(stage, settings.keys).await?.request(settings.core, DEAD);
    let connections = u32::try_from(count.min(CONNECTIONS)).unwrap_or(u32::MAX);
    let streams = load::connect(stage.address("api")?, connections).await.map_err(failed)?;
    let load = Load::of(count)?;
    load::run(&load, streams, &request, all_wait(count, &stage.operator)).await.map_err(failed)?
}

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
    fn what_one_takes_is_the_difference_between_two_starts() {
        let mut waiting = Waiting { begin: 1_000, end: 1_000, memory: [20_000, 21_000] };
        assert_eq!(waiting.bytes_each(), 1_024);
        waiting.memory[1] = 19_000;
        assert_eq!(waiting.bytes_each(), 0, "noise is not below zero");
    }
}
