//! `titian bench`: how many transfers go through, how long each takes, and what this machine would do at most.

mod cost;
mod course;
mod flap;
mod inbound;
mod keys;
mod load;
mod machine;
mod outbound;
mod pacer;
mod partner;
mod report;
mod request;
mod samples;
mod settings;
mod threads;
mod waiting;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;
use super::stop;

const EXAMPLES: &str = "\
Examples:
  titian bench                                    as much as goes through
  titian bench --rate 6000 --seconds 30           how long transfers take at a rate
  titian bench --core caller --in-flight 1024
  titian bench --direction in                     credits that the switch sends
  titian bench --dir /mnt/disk/bench --format json
  titian bench --rate 6000 --flapping             while the second link breaks each second
  titian bench --waiting 10000                    while a dead bank leaves reversals unanswered
  titian bench --seconds 800 --samples curve.csv  what a transfer costs as the store grows

It starts `titian switch` and `titian serve` as processes of their own, with
signatures, and everything durable. This process is the channel: as many
connections as there are transfers in flight, each asks for one after the other.
With --rate they are asked for when they are due, and how long they took is told
from then on, also where they had to wait for a connection.

With --flapping the second link leads through a relay in this process, which cuts
it once a second. It is up about half the time.

With --waiting a bank is dead: before the load begins, so many transfers to it are
brought to where their reversals wait, and an adapter is started with them, which
repeats them at the pace of any bank. The load pays another bank. At the end the
dead one answers, and all are given back. It is told by how much the memory of an
adapter grew by them, whose caches others had filled.

With --samples there is a line for each count of 1, 2 and 5 times a power of ten
from 1,000 up, and for each second, from the first transfer on: seconds since the
begin, transfers so far and since the line before; of these the adapter's
processor time, p50, p99 and the longest, all in microseconds; and its memory.

In the same run it measures the machine: what a sync of the disk costs, alone and
beside the load, as others on the disk make both wait; how many frames are echoed
over loopback, requests answered by a bare HTTP server, rows written by bare SQLite;
and tells the transfers as a ratio to each.

At the end the books of the bank, the adapter and the switch are compared. Exit
code 0: they agree to the last cent; 1: they do not.";

/// Measure transfers a second, and how long each takes
///
/// End to end in three processes: channel, adapter, switch. Nothing is left out: signatures, journal, ledger.
#[derive(Args)]
#[command(after_help = "Examples: titian bench --help", after_long_help = EXAMPLES)]
pub(super) struct Bench {
    /// How long to measure
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=800))]
    seconds: u64,

    /// Transfers under way at a time
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    in_flight: u32,

    /// Transfers a second, whatever becomes of them [default: as many as go through]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,

    /// Who debits the customer
    #[arg(long, value_enum, default_value_t = Core::Embedded)]
    core: Core,

    /// Which way the money goes
    #[arg(long, value_enum, default_value_t = Direction::Out)]
    direction: Direction,

    /// Cut the second link once a second
    #[arg(long)]
    flapping: bool,

    /// Transfers to a dead bank, whose reversals wait meanwhile
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    waiting: Option<u32>,

    /// Write a line for each step of the count and each second to a file, as CSV
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,

    /// How to tell it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// The disk that it runs on: a folder, new or empty, which stays [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Core {
    /// The embedded ledger
    Embedded,
    /// The channel, before it asks
    Caller,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Direction {
    /// To other banks
    Out,
    /// From other banks
    In,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

impl Bench {
    pub(super) fn run(&self) -> Result<(), Failure> {
        self.fit()?;
        // One thread: the load is to leave the processors to what it measures.
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
        let done = runtime.block_on(async {
            let stop = stop::signal(false)?;
            tokio::select! {
                done = course::run(self) => done,
                () = stop => Err(Failure::No("stopped before its end".to_owned())),
            }
        });
        Runtime::shutdown_background(runtime);
        done
    }

    /// Options that go together.
    fn fit(&self) -> Result<(), Failure> {
        let is_of_out = self.flapping || self.waiting.is_some() || self.samples.is_some();
        if self.direction == Direction::In && is_of_out {
            let what = "--flapping, --waiting and --samples are of transfers out: leave `--direction in` away";
            return Err(what.to_owned().into());
        }
        Ok(())
    }

    fn measured(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How long it runs before it is measured: caches, tables and the disk are as under load then.
    fn warm_up(&self) -> Duration {
        (self.measured() / 4).clamp(Duration::from_millis(500), Duration::from_secs(3))
    }

    fn rate(&self) -> Option<NonZeroU32> {
        self.rate.and_then(NonZeroU32::new)
    }
}
