//! Mutants: deliberate errors in the program, which the simulation must find. The program itself has no trace of them: they are
//! replacements of texts (`list.rs`) in a copy of the crate.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot continue fails"
)]

mod list;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use list::MUTANTS;

/// The folder of the crate.
const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the files that the mutants change, with all mutants in them, or what does not fit.
fn mutated_files() -> Result<BTreeMap<&'static str, String>, Vec<String>> {
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    let mut faults = Vec::new();
    for mutant in &MUTANTS {
        let text = files.entry(mutant.file).or_insert_with(|| {
            fs::read_to_string(Path::new(CRATE).join(mutant.file)).unwrap_or_default()
        });
        match text.matches(mutant.text).count() {
            1 => {
                let active = format!("crate::mutation::is_active({:?})", mutant.name);
                let replacement = mutant.replacement.trim_start_matches('\n');
                *text = text.replace(mutant.text, &replacement.replace("ACTIVE", &active));
            }
            count => faults.push(format!(
                "{}: its text must occur once in {} (it occurs {count} times): change tests/mutants/list.rs with the code, \
                 so that the mutant still {}",
                mutant.name, mutant.file, mutant.breaks
            )),
        }
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

#[test]
fn every_mutant_fits_the_code() {
    let faults = mutated_files().err().unwrap_or_default();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "compiles the crate a second time; tests/run runs it"]
fn every_mutant_is_found() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let copy = target.join("mutants");
    copy_crate(&copy, &mutated_files().unwrap());
    // With the same target directory, the dependencies need not be compiled again.
    let test = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--locked", "--test", "simulation", "every_mutant", "--", "--show-output"])
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", target)
        .status()
        .unwrap();
    assert!(test.success(), "the mutants in {}", copy.display());
}

/// Copies the crate with the mutants. A file that is there already is not written again, so that it need not be compiled again.
fn copy_crate(copy: &Path, mutated: &BTreeMap<&str, String>) {
    for file in source_files(Path::new(CRATE), copy) {
        let name = file.strip_prefix(CRATE).unwrap();
        let text = mutated.get(name.to_str().unwrap()).map(|text| text.clone().into_bytes());
        let bytes = added(name, text.unwrap_or_else(|| fs::read(&file).unwrap()));
        write(&copy.join(name), &bytes);
    }
    let mutation = fs::read(Path::new(CRATE).join("tests/mutants/mutation.rs")).unwrap();
    write(&copy.join("src/mutation.rs"), &mutation);
}

/// Returns a file of the copy: it declares what the copy has besides the crate. The package has a name of its own, because its
/// programs lie beside those of the crate.
fn added(name: &Path, bytes: Vec<u8>) -> Vec<u8> {
    let text = || String::from_utf8(bytes.clone()).unwrap();
    let renamed = |text: String| text.replacen("name = \"titian\"", "name = \"titian-mutants\"", 1);
    match name.to_str().unwrap() {
        "Cargo.toml" => {
            let text = renamed(text()).replace("default-run = \"titian\"\n", "");
            text + "\n[lib]\nname = \"titian\"\n\n\
                    [[test]]\nname = \"simulation\"\npath = \"tests/mutants/root.rs\"\n\n[workspace]\n"
        }
        "Cargo.lock" => renamed(text()),
        "src/lib.rs" => text() + "\npub mod mutation;\n",
        "tests/simulation/main.rs" => {
            text() + "\n#[path = \"../mutants/found.rs\"]\nmod found;\n"
        }
        _ => return bytes,
    }
    .into_bytes()
}

fn write(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Returns all files of the crate, without hidden ones and what was built.
fn source_files(folder: &Path, copy: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        let is_hidden = name.to_str().is_none_or(|name| name.starts_with('.'));
        if is_hidden || name == "target" || copy.starts_with(&path) {
            continue;
        }
        if path.is_dir() {
            files.extend(source_files(&path, copy));
        } else {
            files.push(path);
        }
    }
    files
}
