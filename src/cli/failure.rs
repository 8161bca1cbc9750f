//! What a command says when it did not do what it was asked to.

use std::io::{self, ErrorKind, Write};

use super::exit::Exit;
use super::terminal::{Ink, Style};
use crate::rig::{AdminError, FolderError, ProcessError, StageError};

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(super) enum Failure {
    /// The answer is no: a line that says why.
    No(String),
    /// Bad use or bad input: a line for each thing that is wrong.
    Input(Vec<String>),
    /// The result could not be written.
    Output(io::Error),
    /// It ended so, and has been told already.
    Told(Exit),
}

impl From<String> for Failure {
    fn from(line: String) -> Self {
        Self::Input(vec![line])
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        error.to_string().into()
    }
}

impl From<ProcessError> for Failure {
    fn from(error: ProcessError) -> Self {
        error.to_string().into()
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        Self::No(error.to_string())
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Process(error) => error.into(),
            StageError::Journal(error) => error.into(),
            error => Self::No(error.to_string()),
        }
    }
}

impl Failure {
    /// Tells what is wrong on stderr.
    pub(super) fn report(self) -> Exit {
        let (lines, exit) = match self {
            Self::No(line) => (vec![line], Exit::No),
            Self::Input(lines) => (lines, Exit::Misuse),
            Self::Told(exit) => return exit,
            // `titian decode … | head -1` got what it wanted.
            Self::Output(error) if error.kind() == ErrorKind::BrokenPipe => return Exit::Done,
            Self::Output(error) => {
                (vec![format!("the result can't be written: {error}")], Exit::Fault)
            }
        };
        let mark = Style::of(&io::stderr()).paint(Ink::Error, "error:");
        let mut stderr = io::stderr().lock();
        for line in lines {
            // Where stderr is closed, the exit code is all that can be told.
            let _ = writeln!(stderr, "{mark} {}", without_controls(&line));
        }
        exit
    }
}

/// A name that a user or a file gave may hold line ends and terminal controls; they are written out.
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
    fn an_error_is_one_line_whatever_is_named_in_it() {
        assert_eq!(without_controls("no file `a\n\u{1b}[2J`"), r"no file `a\n\u{1b}[2J`");
    }
}
