//! What processes take, as the system counts it (`/proc`, see proc(5)), and what the adapter counts itself.

use std::fs;
use std::io;
use std::process;
use std::time::{Duration, Instant};

use super::machine::{Beside, Syncs};
use crate::cli::failure::Failure;
use crate::rig::{Process, Stage, Watcher};

/// Ticks of a second that processor time is counted in: on Linux always these, whatever the kernel's own are.
const TICKS: u64 = 100;

/// Where the adapter counts batches of the journal.
const BATCHES: &str = "titian_batches_total";

/// What is read when measuring begins, and again when it ends.
pub(super) struct Meter<'a> {
    watcher: &'a Watcher,
    processes: Processes,
    batches: u64,
    cost: Cost,
    beside: Beside,
    begun: Instant,
}

/// What was spent while it was measured.
pub(super) struct Spent {
    pub(super) time: Duration,
    pub(super) cost: Cost,
    /// Of the adapter, at the end.
    pub(super) memory: Memory,
    /// Batches that the journal made durable.
    pub(super) batches: u64,
    /// Bare syncs of the same disk, beside it.
    pub(super) syncs: Syncs,
}

/// The processes beside this one.
#[derive(Clone, Copy)]
struct Processes {
    adapter: Option<u32>,
    switch: Option<u32>,
}

/// Processor time of each process so far, in microseconds; nothing where the system does not tell.
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
    pub(super) most: u64,
}

impl<'a> Meter<'a> {
    /// From now on.
    pub(super) async fn begin(stage: &Stage, watcher: &'a Watcher) -> Result<Self, Failure> {
        let adapter = stage.adapter.as_ref().and_then(Process::id);
        let processes = Processes { adapter, switch: stage.switch.id() };
        let batches = watcher.metric(BATCHES).await?;
        let beside = Beside::begin(&stage.folder.path).map_err(|error| failed(&error))?;
        let (cost, begun) = (processes.cost(), Instant::now());
        Ok(Self { watcher, processes, batches, cost, beside, begun })
    }

    /// Until now.
    pub(super) async fn end(self) -> Result<Spent, Failure> {
        let (time, cost) = (self.begun.elapsed(), self.processes.cost().since(self.cost));
        let syncs = self.beside.end().map_err(|error| failed(&error))?;
        let batches = self.watcher.metric(BATCHES).await?.saturating_sub(self.batches);
        Ok(Spent { time, cost, memory: self.processes.memory(), batches, syncs })
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::No(format!("the syncs beside the load: {error}"))
}

impl Processes {
    /// What they took so far.
    fn cost(self) -> Cost {
        let of = |id: Option<u32>| id.and_then(processor_micros).unwrap_or_default();
        Cost { load: of(Some(process::id())), adapter: of(self.adapter), switch: of(self.switch) }
    }

    /// What the adapter has.
    fn memory(self) -> Memory {
        self.adapter.map(Memory::of).unwrap_or_default()
    }
}

impl Memory {
    /// What a process has; nothing where the system does not tell.
    pub(super) fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let kib = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
        };
        Self { now: kib("VmRSS:"), most: kib("VmHWM:") }
    }
}

impl Cost {
    /// What was taken since then.
    const fn since(self, then: Self) -> Self {
        Self {
            load: self.load.saturating_sub(then.load),
            adapter: self.adapter.saturating_sub(then.adapter),
            switch: self.switch.saturating_sub(then.switch),
        }
    }
}

fn processor_micros(id: u32) -> Option<u64> {
    spent(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// The 14th and 15th field of a line of `stat`. The second is a name in brackets, and may hold blanks.
fn spent(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) * (1_000_000 / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "77 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14";
        assert_eq!(spent(stat), Some(3_000_000));
        assert!(processor_micros(process::id()).is_some());
    }
}
