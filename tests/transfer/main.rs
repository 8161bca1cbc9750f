//! Tests of the state machines: every state with every input, and every order of events.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot continue fails"
)]

mod form;
mod inbound_inputs;
mod inbound_search;
mod inbound_world;
mod limits;
mod outbound_inputs;
mod outbound_search;
mod outbound_world;
mod resolutions;
#[allow(dead_code, reason = "shared with other tests")]
pub(crate) mod rules;
mod table;
