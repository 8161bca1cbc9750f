//! The embedded ledger in processes that are killed or run out of disk. Apart from the other tests, and one at a time: a lock that
//! this process has is also its child's, from the fork until the child's program begins.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

mod full_disk;
#[path = "../bank/house.rs"]
#[allow(dead_code, reason = "what the other tests of the port need besides")]
mod house;
mod kill;

use tokio::sync::{Mutex, MutexGuard};

/// Held by a test that starts processes.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}
