//! Properties of the codec, tested with arbitrary messages of every spec and with invalid bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic, and prints what it counted"
)]

mod arbitrary;
mod codings;
mod encoding;
mod fixtures;
mod hostile_specs;
mod lenient;
mod rejections;
mod responses;
mod round_trip;
mod same;
mod specs;
mod values;
