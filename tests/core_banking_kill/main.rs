//! The embedded ledger in processes that are killed or run out of disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't continue fails, and prints what it counted"
)]

mod files;
mod full_disk;
mod kill;
#[path = "../core_banking/support.rs"]
#[allow(dead_code, reason = "the other tests of the port use the rest")]
mod support;

use tokio::sync::MutexGuard;

async fn alone() -> MutexGuard<'static, ()> {
    super::ALONE.lock().await
}
