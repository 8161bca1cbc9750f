//! Exit codes, and the end of the program after a panic.

use std::io::{self, Write};
use std::panic::{self, Location, UnwindSafe};
use std::process::ExitCode;

/// How the program ends, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success: 0.
    Success,
    /// A negative result, such as books that differ: 1.
    Negative,
    /// Wrong use or wrong input: 2.
    Usage,
    /// An internal error: 70.
    InternalError,
    /// Interrupted before the end: 130.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Negative => 1,
            Exit::Usage => 2,
            Exit::InternalError => 70,
            Exit::Interrupted => 130,
        })
    }
}

/// Runs the program. A panic ends it with one line to report, without the text of the panic: that text may hold a part of a
/// message.
pub(super) fn guarded(work: impl FnOnce() -> Exit + UnwindSafe) -> Exit {
    panic::set_hook(Box::new(|panic| {
        let _ = writeln!(io::stderr().lock(), "{}", internal_error(panic.location()));
    }));
    panic::catch_unwind(work).unwrap_or(Exit::InternalError)
}

fn internal_error(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(String::new, |place| format!(" at {place}"));
    let version = env!("CARGO_PKG_VERSION");
    format!("error: internal error of titian {version}{place}; please report this line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_internal_error_without_its_text() {
        let before = panic::take_hook();
        let exit = guarded(|| panic!("pan 9360021300417780"));
        panic::set_hook(before);
        assert_eq!(exit, Exit::InternalError);
        let line = internal_error(Some(Location::caller()));
        assert!(line.contains("src/cli/exit.rs:") && line.ends_with("please report this line"));
    }
}
