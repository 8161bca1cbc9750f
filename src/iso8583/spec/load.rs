//! Loads specs: from a file, from a text, and those that are part of the program.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::Spec;
use super::faults::SpecError;
use super::reader;

impl Spec {
    /// Reads and compiles a spec from a file.
    ///
    /// # Errors
    /// If the file can't be read, or the spec has faults. The error lists all of them.
    pub fn load(path: &Path) -> Result<Self, SpecError> {
        let file = path.display().to_string();
        match read_file(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(source) => Err(SpecError::Unreadable { file, source }),
        }
    }

    /// Compiles a spec from its text. The errors name it `file`.
    ///
    /// # Errors
    /// If the spec has faults. The error lists all of them.
    pub fn parse(file: &str, text: &str) -> Result<Self, SpecError> {
        reader::read(text).map_err(|faults| SpecError::Faulty { file: file.to_owned(), faults })
    }

    /// The specs that are part of the program, by name.
    pub const SHIPPED: [(&'static str, &'static str); 3] = [
        ("nusantara", include_str!("../../../specs/nusantara.yaml")),
        ("rendezvous", include_str!("../../../specs/rendezvous.yaml")),
        ("holdfast", include_str!("../../../specs/holdfast.yaml")),
    ];
}

/// Reads a file, unless it is longer than any spec.
fn read_file(path: &Path) -> io::Result<String> {
    const BYTES_MAX: u64 = 1 << 20;
    let mut text = String::new();
    let read = File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= BYTES_MAX) {
        Ok(text)
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file exceeds 1 MiB"))
    }
}
