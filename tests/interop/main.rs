//! Our links and network profiles against the simulated switch, which runs in a process of its own, over TCP. The switch uses our
//! codec, or `iso8583_rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and prints its counts"
)]

mod bank;
mod connections;
mod faults;
mod orders;
mod program;
mod restarts;
mod simulator;
mod story;
mod tap;
