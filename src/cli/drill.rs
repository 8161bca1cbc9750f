//! `titian drill`: a night or an incident, played on this machine and shown as it goes.

mod channel;
mod close;
mod story;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tokio::runtime::{Builder, Runtime};

use super::exit::Exit;
use super::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  titian drill close                       close and open again in the middle of a storm
  titian drill close --tps 1000 --seed 7
  titian drill close --dir /tmp/titian-drill

A drill starts `titian switch` and `titian serve` as separate processes, sends
transfers as channels do, and acts as the operators do: through the admin API, with
sessions of their own. At the end it compares the books of the bank's ledger, the
adapter's journal and the switch, and verifies all acts.
Exit code 0: all of it was stopped in time, and the books agree. Exit code 1: not.
Exit code 130: it was interrupted by Ctrl-C, which ends all its processes.

A temporary folder is removed at the end, but for an error.";

/// Play a night on this machine, and tell it as it goes
#[derive(Args)]
#[command(after_help = "Examples: titian drill --help", after_long_help = EXAMPLES)]
pub(super) struct Drill {
    #[command(subcommand)]
    night: Night,
}

#[derive(Subcommand)]
enum Night {
    /// Close one bank, then one service, then all outbound; open in stages
    Close(Settings),
}

/// What all drills have.
#[derive(Args)]
struct Settings {
    /// Orders a second
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=20_000))]
    tps: u64,

    /// Seed of amounts, banks and faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Folder for all files; must be new or empty, is kept [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Drill {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let Night::Close(settings) = &self.night;
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| format!("cannot start the tokio runtime: {error}"))?;
        let done = runtime.block_on(close::play(settings));
        Runtime::shutdown_background(runtime);
        done
    }
}
