//! Tests of control: every state of a proposal with every command, every order of the acts of a few people, and very many of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails"
)]

mod many;
mod search;
mod table;
mod world;
