//! The journal in processes that are killed, run out of disk, or find the store locked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't continue fails"
)]

mod full_disk;
mod kill;
mod second;
#[path = "../journal/support.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod support;

use tokio::sync::MutexGuard;

fn alone() -> MutexGuard<'static, ()> {
    super::ALONE.blocking_lock()
}
