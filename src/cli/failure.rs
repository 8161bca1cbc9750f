//! The failures of commands, and how they are reported.

use std::io::{self, ErrorKind, Write};

use super::exit::Exit;
use super::terminal::{Ink, Style};

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// A negative result, with its reason.
    Negative(String),
    /// Wrong use or wrong input: a line for each error.
    Input(Vec<String>),
    /// The result could not be written.
    Output(io::Error),
}

impl From<String> for Failure {
    fn from(line: String) -> Self {
        Self::Input(vec![line])
    }
}

impl Failure {
    /// Writes the errors to stderr.
    pub(super) fn report(self) -> Exit {
        let (lines, exit) = match self {
            Self::Negative(line) => (vec![line], Exit::Negative),
            Self::Input(lines) => (lines, Exit::Usage),
            // The reader of the pipe has what it needs, as in `titian decode … | head -1`.
            Self::Output(error) if error.kind() == ErrorKind::BrokenPipe => return Exit::Success,
            Self::Output(error) => {
                (vec![format!("result not written: {error}")], Exit::InternalError)
            }
        };
        let mark = Style::of(&io::stderr()).paint(Ink::Error, "error:");
        let mut stderr = io::stderr().lock();
        for line in lines {
            // If stderr is closed, only the exit code is left.
            let _ = writeln!(stderr, "{mark} {}", without_controls(&line));
        }
        exit
    }
}

/// Escapes line ends and terminal controls, which a name from a user or a file may have.
pub(super) fn without_controls(line: &str) -> String {
    let written = |char: char| {
        if char.is_control() { char.escape_default().to_string() } else { char.to_string() }
    };
    line.chars().map(written).collect()
}

/// Writes a result to stdout.
pub(super) fn write(result: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(result.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::Output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_whatever_names_it_has() {
        assert_eq!(without_controls("no file `a\n\u{1b}[2J`"), r"no file `a\n\u{1b}[2J`");
    }
}
