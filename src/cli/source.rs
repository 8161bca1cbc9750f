//! Where a command's input comes from: a file or stdin.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use super::beginning;
use super::failure::Failure;

/// The most bytes of input. A message has at most 65535; this is room for a day's echo tests in a file.
const MOST: u64 = 16 << 20;

/// Reads a file whole.
pub(super) fn file(name: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: io::Error| format!("{}: can't be read: {error}", told(name));
    let file = File::open(name).map_err(unreadable)?;
    whole(file, &told(name))
}

/// Reads stdin to its end. `what` is what is waited for if a person sits there.
pub(super) fn stdin(what: &str) -> Result<Vec<u8>, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let _ = writeln!(io::stderr().lock(), "Reading {what} from the terminal; end with Ctrl-D.");
    }
    whole(stdin.lock(), "stdin")
}

fn whole(mut from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = from.by_ref().take(MOST + 1).read_to_end(&mut bytes);
    let count = read.map_err(|error| format!("{name}: can't be read: {error}"))?;
    if u64::try_from(count).is_ok_and(|count| count <= MOST) {
        Ok(bytes)
    } else {
        Err(format!("{name}: more than {} MiB; split it", MOST >> 20).into())
    }
}

/// A file's name as it may be told. What is in no folder may be a message that was mistyped, and only its
/// beginning, MTI and bitmap, is harmless.
pub(super) fn told(name: &str) -> String {
    let folder = Path::new(name).parent().filter(|folder| folder.is_dir());
    if folder.is_some() || Path::new(name).exists() { name.to_owned() } else { beginning(name) }
}
