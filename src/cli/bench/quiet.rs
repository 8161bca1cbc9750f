//! Waits until the adapter and the switch have nothing open.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::cli::failure::Failure;
use crate::harness::{AdapterProbe, Harness};

/// How long open transfers may make no progress after the load. Reversals are repeated sooner.
const STALL_LIMIT: Duration = Duration::from_mins(7);

/// Returns the number of open transfers.
pub(super) async fn open_transfers(watcher: &AdapterProbe) -> Result<u64, Failure> {
    Ok(watcher.metric("titian_transfers_open").await?)
}

/// Waits until at most `left` transfers are open at the adapter and no request at the switch.
pub(super) async fn quiet(
    stage: &Harness,
    watcher: &AdapterProbe,
    left: u64,
) -> Result<(), Failure> {
    let (mut least, mut since) = (u64::MAX, Instant::now());
    loop {
        // The switch first, because its requests begin transfers at the adapter.
        let questions = stage.switch_admin.open_requests().await?;
        let transfers = open_transfers(watcher).await?;
        if questions == 0 && transfers <= left {
            return Ok(());
        }
        let open = questions.saturating_add(transfers);
        if open < least {
            (least, since) = (open, Instant::now());
        }
        if since.elapsed() > STALL_LIMIT {
            return Err(Failure::Negative(format!(
                "no progress for {STALL_LIMIT:?}: {transfers} transfers open at the adapter, \
                 {questions} requests open at the switch"
            )));
        }
        sleep(Duration::from_millis(50)).await;
    }
}
