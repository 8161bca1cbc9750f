//! What this machine would do at most, measured bare and in the same run: the disk, loopback, an HTTP server, SQLite.

mod disk;
mod echo;
mod http;

use std::path::Path;
use std::time::Duration;

use super::request::Request;
use crate::cli::failure::Failure;
pub(super) use disk::{Beside, Syncs};

/// What was measured.
pub(super) struct Machine {
    /// Appends of 4 KiB, each synced.
    pub(super) syncs: Syncs,
    /// Frames as long as a transfer's request, echoed over loopback, a second.
    pub(super) frames: f64,
    /// Requests as long as a transfer's, and answers too, a second.
    pub(super) requests: f64,
    /// Rows of 300 bytes, 64 in a transaction, a second.
    pub(super) rows: f64,
}

/// How it is measured.
pub(super) struct Setup<'a> {
    /// On the disk that the product used.
    pub(super) folder: &'a Path,
    /// How long each takes.
    pub(super) time: Duration,
    /// Requests and frames under way at a time.
    pub(super) in_flight: u32,
    /// What the product was asked.
    pub(super) request: &'a Request,
    /// Bytes of what it answered.
    pub(super) answer_length: usize,
}

/// Measures one after the other.
pub(super) async fn measure(setup: &Setup<'_>) -> Result<Machine, Failure> {
    let (folder, time, in_flight) = (setup.folder, setup.time, setup.in_flight);
    let disk = |error| Failure::No(format!("{}: {error}", folder.display()));
    Ok(Machine {
        syncs: disk::syncs(folder, time).map_err(disk)?,
        frames: echo::frames(in_flight, time)
            .map_err(|error| Failure::No(format!("the echo of frames: {error}")))?,
        requests: http::requests(setup).await?,
        rows: disk::rows(folder, time)
            .map_err(|error| Failure::No(format!("bare SQLite: {error}")))?,
    })
}

/// So many in a time, a second.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE)
}
