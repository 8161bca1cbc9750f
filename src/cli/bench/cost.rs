//! Processor time and memory of the processes (`/proc`, see proc(5)), and the adapter's own batch count.

use std::fs;
use std::io;
use std::process;
use std::time::{Duration, Instant};

use super::machine::{Beside, Syncs};
use crate::cli::failure::Failure;
use crate::harness::{AdapterProbe, Harness, Process};

/// Clock ticks a second in `/proc`. Linux always reports 100, independent of the kernel's own ticks.
const TICKS: u64 = 100;

/// The adapter's count of journal batches.
const BATCHES: &str = "titian_journal_batches_total";

/// The readings at the start of a measurement.
pub(super) struct Meter<'a> {
    watcher: &'a AdapterProbe,
    processes: Processes,
    batches: u64,
    cost: Cost,
    beside: Beside,
    started: Instant,
}

/// The resources used during a measurement.
pub(super) struct Spent {
    pub(super) time: Duration,
    pub(super) cost: Cost,
    /// Memory of the adapter at the end.
    pub(super) memory: Memory,
    /// Batches that the journal committed.
    pub(super) batches: u64,
    /// Bare syncs of the same disk, beside the load.
    pub(super) syncs: Syncs,
}

/// The processes beside this one.
#[derive(Clone, Copy)]
struct Processes {
    adapter: Option<u32>,
    switch: Option<u32>,
}

/// Processor time of each process so far, in microseconds; 0 where `/proc` is missing.
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) load: u64,
    pub(super) adapter: u64,
    pub(super) switch: u64,
}

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Default)]
pub(super) struct Memory {
    pub(super) now: u64,
    pub(super) peak: u64,
}

impl<'a> Meter<'a> {
    /// Starts a measurement.
    pub(super) async fn begin(stage: &Harness, watcher: &'a AdapterProbe) -> Result<Self, Failure> {
        let adapter = stage.adapter.as_ref().and_then(Process::id);
        let processes = Processes { adapter, switch: stage.switch.id() };
        let batches = watcher.metric(BATCHES).await?;
        let beside = Beside::begin(&stage.folder.path).map_err(|error| failed(&error))?;
        let (cost, started) = (processes.cost(), Instant::now());
        Ok(Self { watcher, processes, batches, cost, beside, started })
    }

    /// Ends the measurement.
    pub(super) async fn end(self) -> Result<Spent, Failure> {
        let (time, cost) = (self.started.elapsed(), self.processes.cost().since(self.cost));
        let syncs = self.beside.end().map_err(|error| failed(&error))?;
        let batches = self.watcher.metric(BATCHES).await?.saturating_sub(self.batches);
        Ok(Spent { time, cost, memory: self.processes.memory(), batches, syncs })
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::Negative(format!("cannot measure syncs beside the load: {error}"))
}

impl Processes {
    /// Returns their processor time so far.
    fn cost(self) -> Cost {
        let of = |id: Option<u32>| id.and_then(processor_micros).unwrap_or_default();
        Cost { load: of(Some(process::id())), adapter: of(self.adapter), switch: of(self.switch) }
    }

    /// Returns the memory of the adapter.
    fn memory(self) -> Memory {
        self.adapter.map(Memory::of).unwrap_or_default()
    }
}

impl Memory {
    /// Reads the memory of a process; 0 where `/proc` is missing.
    pub(super) fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let kib = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
        };
        Self { now: kib("VmRSS:"), peak: kib("VmHWM:") }
    }
}

impl Cost {
    /// Returns the difference to an earlier reading.
    const fn since(self, then: Self) -> Self {
        Self {
            load: self.load.saturating_sub(then.load),
            adapter: self.adapter.saturating_sub(then.adapter),
            switch: self.switch.saturating_sub(then.switch),
        }
    }
}

fn processor_micros(id: u32) -> Option<u64> {
    parse_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// Reads the 14th and 15th field of `stat`. The second field is a name in brackets, and may have spaces.
fn parse_stat(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) * (1_000_000 / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_after_any_name() {
        let stat = "77 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14";
        assert_eq!(parse_stat(stat), Some(3_000_000));
        assert!(processor_micros(process::id()).is_some());
    }
}
