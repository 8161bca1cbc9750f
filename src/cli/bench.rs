//! `titian bench`: transfers a second, the duration of each, and the limits of this machine in the same run.

mod closings;
mod cost;
mod course;
mod flap;
mod inbound;
mod keys;
mod load;
mod machine;
mod measured;
mod outbound;
mod pacer;
mod partner;
mod quiet;
mod report;
mod request;
mod samples;
mod settings;
mod threads;
mod waiting;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use tokio::runtime::{Builder, Runtime};

use super::exit::Exit;
use super::failure::Failure;
use super::interruption::{interruption, leave, until_stopped};
use crate::harness::Folder;
use crate::values::Direction;

const EXAMPLES: &str = "\
Examples:
  titian bench                                    the highest throughput
  titian bench --rate 6000 --seconds 30           the duration of transfers at a rate
  titian bench --core caller --in-flight 1024
  titian bench --direction in                     inbound transfers from the switch
  titian bench --dir /mnt/disk/bench --format json
  titian bench --rate 6000 --flapping             with a second link that breaks each second
  titian bench --waiting 10000                    with reversals that wait for a dead bank
  titian bench --closings 200                     with an operator who closes banks
  titian bench --seconds 800 --samples curve.csv  the cost of a transfer as the store grows

The bench starts `titian switch` and `titian serve` as separate processes, with
signatures, and with everything durable. This process is the channel. It opens one
connection for each transfer in flight, and sends one request after the other on
it. With --rate, requests are sent on a schedule. The duration of a transfer then
includes the time that it waited for a connection.

With --flapping, the second link runs through a relay in this process, which cuts
it once a second. The link is up about half the time.

With --waiting, one bank is dead. Before the load, N transfers to it are sent until
their reversals wait. The measured adapter starts with them and repeats them at the
normal rate. The load pays another bank. At the end the dead bank responds, and all
N are refunded. The report shows how much memory the waiting transfers take.

With --closings, an operator closes N banks that the load does not pay, spread over
the measured time. A closing is in force when it is answered; the report shows how
long that takes. The operator's sign-in takes up to a minute before the load.

With --samples, the file has a line for each count of 1, 2 and 5 times a power of
ten from 1,000 up, and for each second: seconds since the start, transfers in all
and since the previous line, the adapter's processor time, p50, p99 and the
maximum duration of these (microseconds), and the adapter's memory.

In the same run the bench measures the machine: the time of a disk sync, alone and
beside the load; frames echoed over loopback; requests of a bare HTTP server; rows
of bare SQLite. The report gives the transfers as a ratio to each.

At the end it compares the books of the bank, the adapter and the switch. Exit
code 0: the books agree to the last minor unit. Exit code 1: they differ. Exit
code 130: it was interrupted by Ctrl-C, which ends all its processes.";

/// Measure transfers a second and their duration
///
/// End to end in three processes: channel, adapter, switch. Signatures, journal and ledger included.
#[derive(Args)]
#[command(after_help = "Examples: titian bench --help", after_long_help = EXAMPLES)]
pub(super) struct Bench {
    /// Seconds to measure
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=800))]
    seconds: u64,

    /// Transfers in flight
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    in_flight: u32,

    /// Transfers a second, sent on a schedule [default: the highest throughput]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,

    /// Who debits the customer
    #[arg(long, value_enum, default_value_t = Core::Embedded)]
    core: Core,

    /// Direction of the transfers
    #[arg(long, value_enum, default_value_t = Direction::Outbound)]
    direction: Direction,

    /// Cut the second link once a second
    #[arg(long)]
    flapping: bool,

    /// Number of transfers to a dead bank whose reversals wait
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    waiting: Option<u32>,

    /// Number of banks that an operator closes beside the load
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=400))]
    closings: Option<u32>,

    /// Write samples to a CSV file
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Folder on the disk to measure; must be new or empty, is kept [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Core {
    /// The embedded ledger
    Embedded,
    /// The channel, before its request
    Caller,
}

impl ValueEnum for Direction {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Outbound, Self::Inbound]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Outbound => PossibleValue::new("out").help("To other banks"),
            Self::Inbound => PossibleValue::new("in").help("From other banks"),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

impl Bench {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        self.check_options()?;
        // One thread, to leave the processors to the measured processes.
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| format!("cannot start the tokio runtime: {error}"))?;
        let done = runtime.block_on(self.measure());
        Runtime::shutdown_background(runtime);
        done
    }

    async fn measure(&self) -> Result<Exit, Failure> {
        let stop = pin!(interruption()?);
        let folder = Folder::make(self.dir.as_deref(), "bench")?;
        let path = folder.path.clone();
        let done = match until_stopped(stop, Box::pin(course::run(self, folder))).await {
            None => Ok(Exit::Interrupted),
            Some(done) => done.map(|()| Exit::Success),
        };
        leave(&path, self.dir.is_none(), false, done)
    }

    /// Checks that the options can be combined.
    fn check_options(&self) -> Result<(), Failure> {
        let outbound_only = self.flapping
            || self.waiting.is_some()
            || self.closings.is_some()
            || self.samples.is_some();
        if self.direction == Direction::Inbound && outbound_only {
            let reason = "--flapping, --waiting, --closings and --samples need outbound transfers: remove `--direction in`";
            return Err(reason.to_owned().into());
        }
        Ok(())
    }

    fn measured(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Returns the time before the measurement, which fills caches and tables.
    fn warm_up(&self) -> Duration {
        (self.measured() / 4).clamp(Duration::from_millis(500), Duration::from_secs(3))
    }

    fn rate(&self) -> Option<NonZeroU32> {
        self.rate.and_then(NonZeroU32::new)
    }
}
