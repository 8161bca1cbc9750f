//! The files whose texts are read.

use std::fs;
use std::path::{Path, PathBuf};

/// All Rust files of `src`, sorted.
pub(crate) fn sources() -> Vec<PathBuf> {
    files_of("src", &["rs"])
}

/// All files whose texts people read, sorted.
pub(crate) fn all() -> Vec<PathBuf> {
    let mut all = sources();
    for folder in ["tests", "benches", "fuzz"] {
        all.extend(files_of(folder, &["rs", "md"]));
    }
    all.extend(files_of("docs", &["md", "txt", "svg"]));
    all.extend(files_of("config", &["toml"]));
    all.extend(files_of("specs", &["yaml", "json"]));
    for file in ["README.md", "CHANGELOG.md", "Cargo.toml", "fixtures/README.md"] {
        all.push(file.into());
    }
    all
}

fn files_of(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(Path::new(folder), endings, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            collect(&path, endings, found);
        } else if ending.is_some_and(|ending| endings.contains(&ending)) {
            found.push(path);
        }
    }
}
