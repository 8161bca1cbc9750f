//! The program as a user runs it: what it takes, what it says, and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

mod encode;
mod ends;
mod fixtures;
mod frames;
mod input;
mod output;
mod privacy;
mod program;
