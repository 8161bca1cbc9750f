//! The links as a switch meets them: real sockets, and a peer that does what none should.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

mod adapter;
mod admission;
mod deadlines;
mod hostile;
mod management;
mod matching;
mod messages;
mod peer;
mod restarts;
mod silence;
mod stream;
mod tls;
mod walk;
