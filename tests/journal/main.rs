//! Tests of the journal's public API: durability, look-ups, refusals, recovery and verification.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't continue fails"
)]

mod archives;
mod attacks;
mod checkpoints;
mod damage;
mod files;
mod model;
mod opening;
mod random_changes;
mod support;
mod tampering;
