//! The journal in processes that are killed, run out of disk, or find the store locked. These tests run apart from the
//! others and one at a time: from the fork until the exec, a child process shares the locks of this process.

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

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps the other tests of this program from running at the same time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
