//! `titian archive`: moves the oldest rows of a journal to an archive file.

use std::path::PathBuf;

use clap::Args;

use super::beginning;
use super::failure::{self, Failure};
use super::layers::{self, LayersOption};
use super::store::existing_file;
use crate::journal;
use crate::values::{Date, Offset, TimeOfDay, Value};

const NOTES: &str = "\
Examples:
  titian archive --config titian.toml --before 2026-11-01 --to 2026-10.db
  titian verify --store sqlite://titian.db --public-key node0.pub --archive 2026-10.db

The day begins at midnight UTC. Rows up to the oldest open transfer are moved. Stop
the adapter first: no process may use the store. An archived transfer is no longer
found when its request arrives again, so keep the days that channels and the switch
may repeat. The store records where the archive ends, signed with the signing key of
the configuration, so that the hash chain continues from there.";

/// Move the oldest rows of a journal to an archive file
#[derive(Args)]
#[command(after_help = "Examples: titian archive --help", after_long_help = NOTES)]
pub(super) struct Archive {
    #[command(flatten)]
    layers: LayersOption,

    /// Move rows recorded before this day: YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    before: String,

    /// Archive file to create
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Archive {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let date = Date::from_ascii(self.before.as_bytes()).ok_or_else(|| {
            format!("--before: expected {} (got \"{}\")", Date::EXPECTED, beginning(&self.before))
        })?;
        let before = date.at(TimeOfDay::MIDNIGHT, Offset::UTC);
        let settings = self.layers.load().map_err(|faults| layers::failure(&faults))?;
        let (store, keys) = (&settings.store.url, settings.keys.of_journal());
        existing_file(store.path())?;
        let checkpoints = &settings.store.checkpoints;
        let end = journal::archive(store, &keys, checkpoints, (before, &self.to))?;
        failure::write(&if self.to.exists() {
            format!("Moved to {}; the hash chain continues after {end}\n", self.to.display())
        } else {
            format!(
                "Nothing to move: no closed transfer after row {} is older than {date}\n",
                end.count
            )
        })
    }
}
