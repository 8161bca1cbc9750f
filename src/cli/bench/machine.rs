//! The limits of this machine, measured bare in the same run: the disk, loopback, an HTTP server, SQLite.

mod disk;
mod echo;
mod http;

use std::path::Path;
use std::time::Duration;

use super::request::Request;
use crate::cli::failure::Failure;
pub(super) use disk::{Beside, Syncs};

/// The measured limits.
pub(super) struct Machine {
    /// Appends of 4 KiB, each synced.
    pub(super) syncs: Syncs,
    /// Frames a second, as long as a transfer request, echoed over loopback.
    pub(super) frames: f64,
    /// HTTP requests a second, with requests and responses as long as a transfer's.
    pub(super) requests: f64,
    /// Rows a second of 300 bytes, 64 in a transaction.
    pub(super) rows: f64,
}

/// The parameters of the measurement.
pub(super) struct Setup<'a> {
    /// A folder on the disk that the adapter used.
    pub(super) folder: &'a Path,
    /// The duration of each measurement.
    pub(super) time: Duration,
    /// Requests or frames in flight.
    pub(super) in_flight: u32,
    /// The request that the adapter received.
    pub(super) request: &'a Request,
    /// Bytes of its response body.
    pub(super) response_length: usize,
}

/// Measures all limits, one after the other.
pub(super) async fn measure(setup: &Setup<'_>) -> Result<Machine, Failure> {
    let (folder, time, in_flight) = (setup.folder, setup.time, setup.in_flight);
    let disk = |error| Failure::Negative(format!("{}: {error}", folder.display()));
    Ok(Machine {
        syncs: disk::syncs(folder, time).map_err(disk)?,
        frames: echo::frames(in_flight, time).map_err(|error| {
            Failure::Negative(format!("cannot measure the echo of frames: {error}"))
        })?,
        requests: http::requests(setup).await?,
        rows: disk::rows(folder, time)
            .map_err(|error| Failure::Negative(format!("cannot measure bare SQLite: {error}")))?,
    })
}

/// Returns a rate a second.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE)
}
