//! The embedded ledger in processes that are killed or run out of disk. These tests run apart from the others and one at a time:
//! from the fork until the exec, a child process shares the locks of this process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't continue fails, and prints what it counted"
)]

mod full_disk;
mod kill;
#[path = "../core_banking/support.rs"]
#[allow(dead_code, reason = "the other tests of the port use the rest")]
mod support;

use tokio::sync::{Mutex, MutexGuard};

/// Keeps the other tests of this program from running at the same time.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}
