//! `titian archive`: moves the oldest rows of a journal to an archive file.

use std::path::PathBuf;

use clap::Args;

use super::beginning;
use super::failure::{self, Failure};
use super::store::StoreOption;
use crate::journal;
use crate::values::{Date, Offset, TimeOfDay, Value};

const NOTES: &str = "\
Examples:
  titian archive --store sqlite://titian.db --before 2026-11-01 --to 2026-10.db
  titian verify --store sqlite://titian.db --archive 2026-10.db

The day begins at midnight UTC. Rows up to the oldest open transfer are moved. Stop
the adapter first: no process may use the store. An archived transfer is no longer
found when its request arrives again, so keep the days that channels and the switch
may repeat. The store records where the archive ends, so that the hash chain
continues from there.";

/// Move the oldest rows of a journal to an archive file
#[derive(Args)]
#[command(after_help = "Examples: titian archive --help", after_long_help = NOTES)]
pub(super) struct Archive {
    #[command(flatten)]
    store: StoreOption,

    /// Move rows recorded before this day: YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    before: String,

    /// Archive file to create
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Archive {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let store = self.store.url()?;
        let date = Date::from_ascii(self.before.as_bytes()).ok_or_else(|| {
            format!("--before: expected {} (got \"{}\")", Date::EXPECTED, beginning(&self.before))
        })?;
        let before = date.at(TimeOfDay::MIDNIGHT, Offset::UTC);
        let end = journal::archive(&store, before, &self.to)?;
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
