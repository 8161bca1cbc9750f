//! How the program ends.

use std::io::{self, Write};
use std::panic::{self, Location, UnwindSafe};
use std::process::ExitCode;

/// How the program ends, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It is done.
    Done,
    /// The answer is no.
    No,
    /// Bad use or bad input.
    Misuse,
    /// A fault of ours.
    Fault,
}

impl Exit {
    /// What another process of this program ended with; a fault, where that is none of these.
    pub(super) const fn of(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Done,
            Some(1) => Self::No,
            Some(2) => Self::Misuse,
            Some(_) | None => Self::Fault,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Misuse => 2,
            Exit::Fault => 70,
        })
    }
}

/// Runs the program so that a panic ends it with a line to report and no word of what it was working on:
/// the text of a panic may hold a piece of a message.
pub(super) fn guarded(work: impl FnOnce() -> Exit + UnwindSafe) -> Exit {
    panic::set_hook(Box::new(|panic| {
        let _ = writeln!(io::stderr().lock(), "{}", fault(panic.location()));
    }));
    panic::catch_unwind(work).unwrap_or(Exit::Fault)
}

fn fault(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(String::new, |place| format!(" at {place}"));
    let version = env!("CARGO_PKG_VERSION");
    format!("error: a fault of titian {version} itself{place}; please report this line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_fault_of_ours_and_is_told_without_its_text() {
        let before = panic::take_hook();
        let exit = guarded(|| panic!("pan 9360021300417780"));
        panic::set_hook(before);
        assert_eq!(exit, Exit::Fault);
        let line = fault(Some(Location::caller()));
        assert!(line.contains("src/cli/exit.rs:") && line.ends_with("please report this line"));
    }
}
