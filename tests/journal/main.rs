//! The journal from the outside: what it keeps, finds, refuses, survives and proves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails"
)]

mod archives;
mod damage;
mod model;
mod opening;
mod support;
mod tampering;
