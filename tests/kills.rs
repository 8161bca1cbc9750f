//! Stores in processes that are killed, run out of disk, or find the store locked: `cargo test --test kills`.
//!
//! These tests run apart from the others and one at a time: from the fork until the exec, a child process shares the locks of
//! this process.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot continue fails, and prints what it found"
)]

#[path = "core_banking_kill/main.rs"]
mod core_banking_kill;
#[path = "journal_kill/main.rs"]
mod journal_kill;

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use tokio::sync::Mutex;

/// Keeps the other tests of this program from running at the same time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Returns the name of a test of a module for the command line of this program.
fn test_of(module: &str, test: &str) -> String {
    let (_program, module) = module.split_once("::").unwrap_or_default();
    format!("{module}::{test}")
}

/// Runs a test of this program with a limit on the size of its files, in kilobytes. Returns how much it says was durable before a
/// write failed.
fn durable_until_full(test: &str, blocks: u32, (variable, value): (&str, &OsStr)) -> u64 {
    // With its signal ignored, a write over the limit fails like a write to a full disk.
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let output = Command::new("bash")
        .args(["-c", &limited])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(variable, value)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}");
    let line = printed.lines().find(|line| line.contains("durable ")).unwrap();
    println!("{line}");
    let durable = line.split("durable ").nth(1).unwrap().split(',').next().unwrap();
    let durable: u64 = durable.parse().unwrap();
    assert!(durable > 0);
    durable
}
