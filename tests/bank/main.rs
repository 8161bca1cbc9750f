//! The port to core, embedded and over HTTP: what a core must do, and what one may do that it must not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

mod bounds;
mod contract;
mod document;
mod house;
mod nasty;
mod property;
mod restarts;
mod settings;
mod tls;
