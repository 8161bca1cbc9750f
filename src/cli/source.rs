//! Where a command's input comes from: a file or stdin.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use super::beginning;
use super::failure::Failure;

/// The maximum size of input in bytes. A message has at most 65,535 bytes; a file may hold many.
const MAX_BYTES: u64 = 16 << 20;

/// Reads a whole file.
pub(super) fn file(name: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: io::Error| format!("{}: cannot read the file: {error}", shown(name));
    let file = File::open(name).map_err(unreadable)?;
    whole(file, &shown(name))
}

/// Reads stdin to its end. `what` names the expected input in the prompt on a terminal.
pub(super) fn stdin(what: &str) -> Result<Vec<u8>, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let _ = writeln!(io::stderr().lock(), "Reading {what} from the terminal; end with Ctrl-D.");
    }
    whole(stdin.lock(), "stdin")
}

fn whole(mut from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = from.by_ref().take(MAX_BYTES + 1).read_to_end(&mut bytes);
    let count = read.map_err(|error| format!("{name}: cannot read: {error}"))?;
    if u64::try_from(count).is_ok_and(|count| count <= MAX_BYTES) {
        Ok(bytes)
    } else {
        Err(format!("{name}: larger than {} MiB; split the file", MAX_BYTES >> 20).into())
    }
}

/// Returns a file name for an error message.
///
/// A name that is not an existing path may be a message typed by mistake, so only its beginning is shown.
pub(super) fn shown(name: &str) -> String {
    let folder = Path::new(name).parent().filter(|folder| folder.is_dir());
    if folder.is_some() || Path::new(name).exists() { name.to_owned() } else { beginning(name) }
}
