//! Tests of the engine with a real journal: recorded decisions are found and fold to the same state, also after a crash.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use super::transfer::rules;

mod audits;
mod node;
mod random;
mod reversals;
mod transfers;
