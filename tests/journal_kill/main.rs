//! The journal in processes that are killed, run out of disk, or find another at the store. Apart from the other tests,
//! and one at a time: a lock that this process has is also its child's, from the fork until the child's program begins.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails"
)]

mod full_disk;
mod kill;
mod second;
#[path = "../journal/support.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets no other test of this program run beside.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
