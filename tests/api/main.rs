//! The channel API over HTTP and real sockets, with a fake port behind it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't continue fails, and prints what it counted"
)]

mod admission;
mod channel;
mod document;
mod fake_port;
mod fields;
mod key;
mod limits;
mod responses;
mod settings;
mod shutdown;
