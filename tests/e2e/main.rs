//! The adapter as a bank runs it: `titian serve` and `titian switch` as processes, real sockets and files, with core inside
//! or over HTTP. Each test is a promise, and ends with the books of three parties and `titian verify`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and tells what it counted"
)]

mod clock;
mod core;
mod duplicates;
mod full_disk;
mod garbage;
mod house;
mod inbound;
mod kill;
mod load;
mod operator;
mod outcomes;
mod proxy;
mod stage;
mod stops;
mod unreachable;
