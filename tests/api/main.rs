//! The channel API as a channel meets it: HTTP over real sockets, and a desk behind it that does as it is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

mod answers;
mod bounds;
mod channel;
mod document;
mod endings;
mod fields;
mod house;
mod key;
mod letting_in;
mod settings;
