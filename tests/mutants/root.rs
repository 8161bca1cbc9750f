//! The test program of the copy that `main.rs` makes: the simulation, which finds each mutant.

#[path = "list.rs"]
#[allow(dead_code, reason = "main.rs reads the rest")]
mod list;
#[path = "../simulation/main.rs"]
mod simulation;
#[path = "../transfer/main.rs"]
mod transfer;
