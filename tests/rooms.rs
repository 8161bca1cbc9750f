//! Tests of the rooms of `src/`, and of the source itself, in this process: `cargo test --test rooms link::` runs one folder.
//!
//! One program, because each test program takes a link of the whole library. Tests that start processes are in
//! `tests/processes.rs`: from the fork until the exec, a child process shares the locks of this one.

#[path = "admin/main.rs"]
mod admin;
#[path = "api/main.rs"]
mod api;
#[path = "codec/main.rs"]
mod codec;
#[path = "control/main.rs"]
mod control;
#[path = "core_banking/main.rs"]
mod core_banking;
#[path = "engine/main.rs"]
mod engine;
mod fixtures;
#[path = "journal/main.rs"]
mod journal;
#[path = "link/main.rs"]
mod link;
#[path = "network/main.rs"]
mod network;
#[path = "records/main.rs"]
mod records;
#[path = "simulation/main.rs"]
mod simulation;
#[path = "simulator/main.rs"]
mod simulator;
#[path = "specs/main.rs"]
mod specs;
#[path = "tidy/main.rs"]
mod tidy;
#[path = "transfer/main.rs"]
mod transfer;
#[path = "words/main.rs"]
mod words;
