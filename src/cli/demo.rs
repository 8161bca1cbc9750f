//! `titian demo`: a bank, the adapter and a switch on one machine, a crash in the middle, and the books of all three.

mod folder;
mod load;
mod play;
mod progress;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;
use super::stop;

const EXAMPLES: &str = "\
Examples:
  titian demo                                     2000 transfers, some faults, one crash
  titian demo --faults storm --transfers 20000    what can go wrong goes wrong
  titian demo --keep --dir /tmp/titian            stays up, to be tried with curl

It starts `titian switch` and `titian serve` as processes of their own, asks the
adapter for transfers as a channel does, has the switch send some, kills the
adapter in the middle (SIGKILL), and starts it again. When all is over it compares
the books of the bank's ledger, the adapter's journal and the switch. Exit code 0:
they agree to the last cent; 1: they don't.

DIR has the settings that it runs with, the store, the ledger and the logs:
  titian verify --store sqlite://DIR/titian.db \\
    --checkpoints DIR/checkpoints --public-key DIR/checkpoint.pub";

/// Show it all at work, on this machine alone
///
/// A stream of transfers both ways between a bank and a simulated switch, with faults and a crash; at the end every
/// rupiah is explained, or it says which is not.
#[derive(Args)]
#[command(after_help = "Examples: titian demo --help", after_long_help = EXAMPLES)]
pub(super) struct Demo {
    /// How many transfers the bank's channels ask for
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    transfers: u64,

    /// How many of them a second
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    tps: u64,

    /// Decides amounts, banks and the luck of faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// What goes wrong
    #[arg(long, value_enum, default_value_t = Faults::Usual)]
    faults: Faults,

    /// Where its files go; must be new or empty [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Stay up at the end, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Faults {
    /// Nothing but the crash
    None,
    /// What happens on a usual day
    Usual,
    /// What happens on the worst
    Storm,
}

impl Demo {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
        let done = runtime.block_on(async {
            let stop = stop::signal(false)?;
            play::play(self, stop).await
        });
        Runtime::shutdown_background(runtime);
        done
    }
}
