//! The messages of `fixtures/`.

use std::fs;
use std::path::{Path, PathBuf};

/// A message of a network, and the name of its file.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Returns the valid messages of a network, without framing.
pub(crate) fn valid(network: &str) -> Vec<Fixture> {
    let mut fixtures = read(network, "");
    fixtures.retain(|fixture| !fixture.name.ends_with(".framed"));
    fixtures
}

/// Returns the messages of a network that must be rejected.
pub(crate) fn invalid(network: &str) -> Vec<Fixture> {
    read(network, "broken")
}

/// Returns the messages of a folder of a network, ordered by name.
pub(crate) fn read(network: &str, folder: &str) -> Vec<Fixture> {
    let folder = Path::new("fixtures").join(network).join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "hex")).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| Fixture { name: name(path), bytes: bytes_of(path) }).collect()
}

fn bytes_of(path: &Path) -> Vec<u8> {
    let text = fs::read_to_string(path).unwrap();
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let digits: Vec<_> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
