//! The simulated switch from outside: what banks send it, and what it answers and books.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

mod days;
mod faults;
mod management;
mod orders;
mod property;
mod requests;
mod reversals;
mod shown;
mod silence;
mod world;
