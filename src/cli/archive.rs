//! `titian archive`: moves the oldest rows of a journal to a file of their own.

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

The day begins at midnight UTC. Rows are moved up to the oldest transfer that is
open, and no process may have the store. A transfer that is moved is not found any
more when its request comes again: keep what the channels and the switch may repeat.
The store keeps where the archive ends, so that its chain goes on from there.";

/// Move the oldest rows of a journal to a file of their own
#[derive(Args)]
#[command(after_help = "Examples: titian archive --help", after_long_help = NOTES)]
pub(super) struct Archive {
    #[command(flatten)]
    store: StoreOption,

    /// Move what is from before this day: YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    before: String,

    /// The file that is made
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Archive {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let store = self.store.file()?;
        let date = Date::from_ascii(self.before.as_bytes()).ok_or_else(|| {
            format!("--before {}: it is not {}", beginning(&self.before), Date::EXPECTED)
        })?;
        let before = date.at(TimeOfDay::MIDNIGHT, Offset::UTC);
        let end = journal::archive(&store, before, &self.to)?;
        failure::write(&if self.to.exists() {
            format!("Moved to {}; the chain goes on after {end}\n", self.to.display())
        } else {
            format!("Nothing to move: no row after {} is older than {date} and closed\n", end.count)
        })
    }
}
