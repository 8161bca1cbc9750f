//! Stores in processes that are killed, run out of disk, or find the store locked: `cargo test --test kills`.
//!
//! These tests run apart from the others and one at a time: from the fork until the exec, a child process shares the locks of
//! this process.

#[path = "core_banking_kill/main.rs"]
mod core_banking_kill;
#[path = "journal_kill/main.rs"]
mod journal_kill;

use tokio::sync::Mutex;

/// Keeps the other tests of this program from running at the same time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Returns the name of a test of a module for the command line of this program.
fn test_of(module: &str, test: &str) -> String {
    let (_program, module) = module.split_once("::").unwrap_or_default();
    format!("{module}::{test}")
}
