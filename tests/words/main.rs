//! The words of the project: a snapshot of the sentences that people read, and the phrases that no text has.
//!
//! `cargo test --test rooms words::` lists every forbidden phrase with its file and line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot continue fails, and prints what it found"
)]

mod files;
mod lex;
mod phrases;
mod sentences;
