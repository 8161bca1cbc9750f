//! The embedded ledger in processes that are killed. Apart from the other tests: a lock that this process has is also its child's,
//! from the fork until the child's program begins.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

#[path = "../bank/house.rs"]
#[allow(dead_code, reason = "what the other tests of the port need besides")]
mod house;
mod kill;
