//! The engine with a real journal: what it decides is kept, found and folded again as it was, also after it was killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

#[path = "../transfer/rules.rs"]
#[allow(dead_code, reason = "shared with the tests of the machines")]
mod rules;

mod audits;
mod lives;
mod node;
mod random;
