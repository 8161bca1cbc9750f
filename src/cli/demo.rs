//! `titian demo`: a bank, the adapter and a simulated switch on one machine, a crash in the middle, and the books of all three.

mod folder;
mod load;
mod play;
mod progress;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tokio::runtime::{Builder, Runtime};

use super::exit::Exit;
use super::failure::Failure;
pub(super) use folder::configure;
pub(super) use load::{faults, traffic, wanted};
pub(super) use progress::Tally;

const EXAMPLES: &str = "\
Examples:
  titian demo                                     2000 transfers, some faults, one crash
  titian demo --faults storm --transfers 20000    every kind of fault, often
  titian demo --keep --dir /tmp/titian            keeps running, for trials with curl

The demo starts `titian switch` and `titian serve` as separate processes. It sends
transfer requests as a channel does, lets the switch send inbound transfers, kills
the adapter in the middle (SIGKILL), and starts it again. When no transfer is open,
it compares the books of the bank's ledger, the adapter's journal and the switch.
Exit code 0: the books agree to the last minor unit. Exit code 1: they differ.
Exit code 130: it was interrupted by Ctrl-C, which ends all its processes.

It listens on the usual ports, or on free ones if those are in use: several demos
can run side by side. A temporary folder is removed at the end, but for --keep and
after an error.

DIR holds the configuration, the store, the ledger and the logs:
  titian verify --store sqlite://DIR/titian.db \\
    --checkpoints DIR/checkpoints --public-key DIR/keys/node0.pub \\
    --ledger DIR/ledger.db";

/// Run a bank, the adapter and a simulated switch on this machine
///
/// Sends transfers in both directions, with faults and a crash. At the end it explains every rupiah, or names the
/// books that differ.
#[derive(Args)]
#[command(after_help = "Examples: titian demo --help", after_long_help = EXAMPLES)]
pub(super) struct Demo {
    /// Number of transfers that the bank's channels request
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    transfers: u64,

    /// Transfers a second
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    tps: u64,

    /// Seed of amounts, banks and faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Faults at the switch
    #[arg(long, value_enum, default_value_t = Faults::Usual)]
    faults: Faults,

    /// Folder for all files; must be new or empty [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Keep everything running at the end, until Ctrl-C, and keep the files
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Faults {
    /// No fault except the crash
    None,
    /// The faults of a usual day
    Usual,
    /// The faults of the worst day, and odd messages as real switches send them
    Storm,
}

impl Demo {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| format!("cannot start the tokio runtime: {error}"))?;
        let done = runtime.block_on(play::play(self));
        Runtime::shutdown_background(runtime);
        done
    }
}
