//! The port to core banking, embedded and over HTTP: the contract of a core, and cores that violate it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't continue fails, and prints what it counted"
)]

mod bounds;
mod contract;
mod document;
pub(crate) mod forgery;
mod hostile_core;
mod property;
mod random_changes;
mod recorded;
mod restarts;
mod settings;
mod support;
mod tls;
