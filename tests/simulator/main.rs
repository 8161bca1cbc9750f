//! The model of the simulated switch: messages of banks, its responses, and its books.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod commands;
mod days;
mod faults;
mod management;
mod odd;
mod property;
mod requests;
mod reversals;
mod state;
mod timeouts;
mod world;
