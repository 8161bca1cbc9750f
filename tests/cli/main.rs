//! The program as a user runs it: arguments, output and exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

#[path = "../records/node.rs"]
#[allow(dead_code, reason = "shared with the tests of records")]
mod node;
#[path = "../transfer/rules.rs"]
#[allow(dead_code, reason = "shared with the tests of the machines")]
mod rules;

mod bench;
mod demo;
mod drill;
mod encode;
mod ends;
mod fixtures;
mod frames;
mod input;
mod keys;
mod output;
mod privacy;
mod program;
mod stores;
