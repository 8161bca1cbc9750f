//! Transfers whose reversals wait for a dead bank, created before the load.
//!
//! ```text
//! adapter with short timers ─► caches fill ─► N transfers to the dead bank, each reversed once, no response ─► stop
//! adapter with default timers, N waiting ─► the load is measured ─► kill
//! adapter without rate limits, the bank responds ─► N are refunded
//! ```
//!
//! So the waiting transfers are recovered from the journal at a start, and their repeats follow the default timers and rates.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::cost::Memory;
use super::load::{self, Load, Tally};
use super::measured::SETTLED;
use super::partner::Partner;
use super::quiet::{open_transfers, quiet};
use super::request::{Payee, Request};
use super::settings::{Purpose, Settings};
use crate::cli::failure::Failure;
use crate::harness::{AdapterProbe, Harness, HarnessError, Process, SwitchAdmin};

/// The payee of the waiting transfers: a bank that the load does not pay.
const DEAD: Payee = Payee { bank: "008", first_number: 500_000_000_000 };

/// The payee of the transfers before them. They fill the adapter's memory for closed transfers, so that it then grows by the
/// waiting ones alone.
const FILLING: Payee = Payee { bank: "014", first_number: 400_000_000_000 };

/// Filling transfers for each waiting one, and their maximum.
const FILLING_PER_WAITING: u64 = 4;
const FILLING_MAX: u64 = 40_000;

/// Requests in flight.
const CONNECTIONS: u32 = 256;

/// How long the creation may make no progress.
const STALL_LIMIT: Duration = Duration::from_secs(30);

/// The waiting transfers.
pub(super) struct Waiting {
    /// Open transfers when the load starts.
    pub(super) begin: u64,
    /// Open transfers when the load has ended.
    pub(super) end: u64,
    /// Memory of the adapter that created them, in KiB, without and with them.
    pub(super) memory: [u64; 2],
    /// Memory of an adapter that has just started with them, in KiB.
    pub(super) started: u64,
    /// Filling transfers that settled.
    pub(super) settled: u64,
}

impl Waiting {
    /// Creates `count` waiting transfers. No adapter runs before or after.
    pub(super) async fn create(
        count: u64,
        stage: &mut Harness,
        settings: &Settings<'_>,
    ) -> Result<Self, Failure> {
        stage.switch_admin.set_fault_rules(&dead_bank()).await?;
        let purpose = settings.write(&stage.folder, Purpose::Waiting)?;
        let watcher = stage.start_adapter(&purpose).await?;
        let partner = Partner::sign_in(stage, settings.keys).await?;

        let filling = Load::of((FILLING_PER_WAITING * count).min(FILLING_MAX))?;
        let request = partner.request(settings.core, FILLING);
        let tally = send(stage, filling, &request, async { Ok(()) }).await?;
        quiet(stage, &watcher, 0).await?;
        let number = |index: &u64| FILLING.first_number + index;
        let in_progress: Vec<_> = tally.in_progress.iter().map(number).collect();
        let done = tally.statuses.get(&SETTLED).copied().unwrap_or_default();
        let settled = done + partner.settled(&in_progress).await?;

        let before = memory(stage);
        let request = partner.request(settings.core, DEAD);
        send(stage, Load::of(count)?, &request, all_reversing(count, &stage.switch_admin)).await?;
        let memory = [before, memory(stage)];
        stage.stop_adapter().await?;
        Ok(Self { begin: 0, end: 0, memory, started: 0, settled })
    }

    /// Measures the adapter right after its start.
    pub(super) async fn begin(
        &mut self,
        stage: &Harness,
        watcher: &AdapterProbe,
    ) -> Result<(), Failure> {
        self.begin = open_transfers(watcher).await?;
        self.started = memory(stage);
        Ok(())
    }

    /// Measures again after the load.
    pub(super) async fn end(&mut self, watcher: &AdapterProbe) -> Result<(), Failure> {
        self.end = open_transfers(watcher).await?;
        Ok(())
    }

    /// Lets the bank respond, and starts an adapter without rate limits. Returns its watcher.
    pub(super) async fn release(
        stage: &mut Harness,
        settings: &Settings<'_>,
    ) -> Result<AdapterProbe, Failure> {
        // A graceful stop would wait for responses that do not come. Everything needed is durable.
        stage.adapter.take().ok_or(HarnessError::NotRunning)?.kill().await?;
        stage.switch_admin.set_fault_rules(&json!([])).await?;
        let settings = settings.write(&stage.folder, Purpose::Released)?;
        Ok(stage.start_adapter(&settings).await?)
    }

    /// Returns the bytes of memory of one waiting transfer.
    pub(super) fn bytes_per_transfer(&self) -> u64 {
        let [before, with] = self.memory;
        with.saturating_sub(before).saturating_mul(1_024) / self.begin.max(1)
    }
}

/// Returns the fault rules of the dead bank: all its messages are lost. The first rule counts first reversals.
fn dead_bank() -> Value {
    let bank = json!({ "127": DEAD.bank });
    json!([
        { "match": { "mti": "0420", "de": bank }, "action": "drop_request" },
        { "match": { "de": bank }, "action": "drop_request" },
    ])
}

/// Sends the load and waits for `until` beside it.
async fn send(
    stage: &Harness,
    load: Rc<Load>,
    request: &Request,
    until: impl Future<Output = Result<(), Failure>>,
) -> Result<Tally, Failure> {
    let failed = |error| Failure::Negative(format!("cannot create the waiting transfers: {error}"));
    let streams = load::connect(stage.address("api")?, CONNECTIONS).await.map_err(failed)?;
    load::run(&load, streams, request, until).await.map_err(failed)??;
    load.tally().ok_or_else(|| failed(io::Error::other("requests are still open")))
}

/// Waits until the first reversal of each transfer was sent.
async fn all_reversing(count: u64, operator: &SwitchAdmin) -> Result<(), Failure> {
    let (mut max, mut since) = (0, Instant::now());
    loop {
        let reversing = operator.fault_hits().await?.first().copied().unwrap_or_default();
        if reversing >= count {
            return Ok(());
        }
        if reversing > max {
            (max, since) = (reversing, Instant::now());
        }
        if since.elapsed() > STALL_LIMIT {
            return Err(Failure::Negative(format!(
                "only {reversing} of {count} transfers are reversing"
            )));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Returns the memory of the running adapter, in KiB.
fn memory(stage: &Harness) -> u64 {
    stage.adapter.as_ref().and_then(Process::id).map_or(0, |id| Memory::of(id).now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_per_transfer_follow_from_the_growth() {
        let mut waiting =
            Waiting { begin: 1_000, end: 1_000, memory: [20_000, 21_000], started: 0, settled: 0 };
        assert_eq!(waiting.bytes_per_transfer(), 1_024);
        waiting.memory[1] = 19_000;
        assert_eq!(waiting.bytes_per_transfer(), 0, "a shrinking memory counts as zero");
    }
}
