//! Tests of the links over real sockets, with a peer that also breaks the rules.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot continue fails; counts are printed"
)]

mod adapter;
mod admission;
mod deadlines;
mod hostile;
mod management;
mod matching;
mod messages;
mod operators;
mod orders;
mod peer;
mod pure;
mod restarts;
mod silence;
mod stream;
mod tls;
mod walk;
