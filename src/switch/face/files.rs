//! Settlement files, written when a business date ends.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::switch::Switch;
use crate::values::Date;

/// Dates whose files may wait to be written. More, and a date's are not: they can still be asked for.
const WAITING: usize = 4;

/// A file's name and content.
type Named = (String, String);

/// What waits for the writer.
enum Parcel {
    Files(Vec<Named>),
    /// To be told when everything before is written.
    Mark(oneshot::Sender<()>),
}

/// Where the desk leaves files to be written. Their text it makes itself, since it has the brain: 0.7 s for a million
/// transfers. It does not wait for the disk.
pub(super) struct Files(mpsc::Sender<Parcel>);

/// Begins to write files into a folder, until nobody can leave any more and all are written.
pub(super) fn writer(folder: PathBuf) -> (Files, impl Future<Output = ()>) {
    let (files, mut parcels) = mpsc::channel(WAITING);
    let writing = async move {
        while let Some(parcel) = parcels.recv().await {
            let folder = folder.clone();
            // A write that panicked has told so itself.
            let _ = spawn_blocking(move || write(&folder, parcel)).await;
        }
    };
    (Files(files), writing)
}

impl Files {
    /// Leaves a file for each bank: `DATE.csv`, or `DATE-BANK.csv` where there are several.
    pub(super) fn leave(&self, date: Date, brain: &Switch) {
        let banks: Vec<_> = brain.ever_connected().collect();
        let named = |(member, code): &(_, _)| {
            let name = match banks.as_slice() {
                [_] => format!("{date}.csv"),
                _ => format!("{date}-{code}.csv"),
            };
            Some((name, brain.settlement(date, *member)?))
        };
        let files = banks.iter().filter_map(named).collect();
        if self.0.try_send(Parcel::Files(files)).is_err() {
            tracing::error!(%date, "settlement isn't written: {WAITING} dates wait for the disk");
        }
    }

    /// Ends when what was left before is written; at once, if there is no room to wait.
    pub(super) fn written(&self) -> oneshot::Receiver<()> {
        let (mark, written) = oneshot::channel();
        // Without room the mark is dropped, which ends the waiting.
        let _ = self.0.try_send(Parcel::Mark(mark));
        written
    }
}

/// What can't be written is told; the files can still be asked for.
fn write(folder: &Path, parcel: Parcel) {
    let files = match parcel {
        Parcel::Files(files) => files,
        Parcel::Mark(mark) => {
            // Whoever waited may have gone.
            let _ = mark.send(());
            return;
        }
    };
    for (name, text) in files {
        let file = folder.join(&name);
        match replace(folder, &name, text.as_bytes()) {
            Ok(()) => tracing::info!(file = %file.display(), "settlement written"),
            Err(error) => {
                tracing::error!(file = %file.display(), %error, "settlement can't be written");
            }
        }
    }
}

/// Puts a file in its place as a whole: one that is found under its name is never half of it.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!(".{name}.new"));
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    File::open(folder)?.sync_all()
}
