//! End-to-end tests: `titian serve` and `titian switch` as processes, real sockets and files, with the embedded ledger or core
//! over HTTP. Every scenario ends with the books of three parties and `titian verify`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that can't continue fails, and prints what it counted"
)]

mod admin_document;
mod alerts;
mod bank;
mod card_data;
mod clock;
mod core;
mod desk;
mod duplicates;
mod full_disk;
mod garbage;
mod inbound;
mod keys;
mod kill;
mod ledger_record;
mod load;
mod night;
mod odd_messages;
mod operator;
mod outcomes;
mod proxy;
mod reload;
mod scenario;
mod shutdown;
mod unreachable;
