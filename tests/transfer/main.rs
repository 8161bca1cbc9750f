//! The state machines from outside: every state with every input, and every order of what can happen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails"
)]

mod form;
mod inbound_search;
mod outbound_search;
mod outbound_world;
mod rules;
mod table;
