//! What the codec promises, held against arbitrary messages of every spec and against bytes that are no
//! messages.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

mod answers;
mod arbitrary;
mod codings;
mod encoding;
mod fixtures;
mod hostile_specs;
mod refusals;
mod round_trip;
mod same;
mod specs;
mod values;
