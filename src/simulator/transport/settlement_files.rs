//! Writes settlement files when a business date ends.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::simulator::Switch;
use crate::values::Date;

/// The most business dates whose files wait for the disk. Files of a further date are not written; the admin interface serves them.
const WAITING_DATES: usize = 4;

/// The name of a file, and its content.
type NamedFile = (String, String);

/// A task of the writer.
enum WriterTask {
    /// Write files.
    Write(Vec<NamedFile>),
    /// Report that all earlier tasks are done.
    Report(oneshot::Sender<()>),
}

/// The queue of files to write.
///
/// The model task makes their text, since it owns the model: 0.7 s for a million transfers. It does not wait for the disk.
pub(super) struct SettlementFiles(mpsc::Sender<WriterTask>);

/// Makes a writer of files in a folder. The future ends when the queue is dropped and all its files are written.
pub(super) fn writer(folder: PathBuf) -> (SettlementFiles, impl Future<Output = ()>) {
    let (files, mut tasks) = mpsc::channel(WAITING_DATES);
    let writing = async move {
        while let Some(task) = tasks.recv().await {
            let folder = folder.clone();
            // A write that panicked has printed its panic. The writer goes on with the next task.
            let _ = spawn_blocking(move || perform(&folder, task)).await;
        }
    };
    (SettlementFiles(files), writing)
}

impl SettlementFiles {
    /// Queues the files of a business date, one for each bank: `DATE.csv`, or `DATE-BANK.csv` if there are several.
    pub(super) fn queue(&self, date: Date, model: &Switch) {
        let banks: Vec<_> = model.ever_connected().collect();
        let named = |(member, code): &(_, _)| {
            let name = match banks.as_slice() {
                [_] => format!("{date}.csv"),
                _ => format!("{date}-{code}.csv"),
            };
            Some((name, model.settlement_file(date, *member)?))
        };
        let files = banks.iter().filter_map(named).collect();
        if self.0.try_send(WriterTask::Write(files)).is_err() {
            tracing::error!(%date, waiting_dates = WAITING_DATES, "settlement files not written: the disk is too slow");
        }
    }

    /// Returns a receiver that completes when all files queued before are written. It fails at once if the queue is full.
    pub(super) fn written(&self) -> oneshot::Receiver<()> {
        let (report, written) = oneshot::channel();
        // If the queue is full the sender is dropped, which ends the wait.
        let _ = self.0.try_send(WriterTask::Report(report));
        written
    }
}

/// Performs a task. A file that cannot be written is logged; the admin interface serves it all the same.
fn perform(folder: &Path, task: WriterTask) {
    let files = match task {
        WriterTask::Write(files) => files,
        WriterTask::Report(report) => {
            // The receiver may be gone: its HTTP client has disconnected.
            let _ = report.send(());
            return;
        }
    };
    for (name, text) in files {
        let file = folder.join(&name);
        match write_whole(folder, &name, text.as_bytes()) {
            Ok(()) => tracing::info!(file = %file.display(), "settlement file written"),
            Err(error) => {
                tracing::error!(file = %file.display(), %error, "settlement file not written");
            }
        }
    }
}

/// Writes a file and renames it into place, so that a reader never sees a part of it.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!(".{name}.new"));
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    File::open(folder)?.sync_all()
}
