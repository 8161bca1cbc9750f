//! Tests that start processes, most of them the program: `cargo test --test processes e2e::` runs one folder.

#[path = "cli/main.rs"]
mod cli;
mod dependencies;
#[path = "differential/main.rs"]
mod differential;
#[path = "e2e/main.rs"]
mod e2e;
#[path = "interop/main.rs"]
mod interop;
#[path = "mutants/main.rs"]
mod mutants;
#[path = "names/main.rs"]
mod names;
