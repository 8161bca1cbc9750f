//! Our links and network profiles against the simulated switch, each in a process of its own, over TCP: with our codec at
//! both ends, and with `iso8583_rs` at the other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test that can't go on fails, and tells what it counted"
)]

mod bank;
mod connections;
mod faults;
mod program;
mod restarts;
mod simulator;
mod story;
mod tap;
