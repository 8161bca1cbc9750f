//! The files of a store: their modes, links in their places, and files that are replaced while the store is in use.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use titian::journal::{Checkpoints, JournalError, file_faults, open};
use titian::private_files::FileFault;

use super::support::{Folder, append, checkpoints, keys, row, verified, verified_with};
use super::tampering::recorded;

/// The files of a store that was closed, and its checkpoints.
const FILES: [&str; 5] =
    ["titian.db", "titian.db-wal", "titian.db-shm", "titian.db-lock", "checkpoints"];

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The store is refused by a start, and by the check of its settings.
fn refused(folder: &Folder) -> FileFault {
    let mut faults = file_faults(&folder.url(), &checkpoints(&folder.file("")));
    let refused = folder.try_open().err().unwrap();
    let JournalError::Unsafe(fault) = &refused else { panic!("{refused}") };
    let named = faults.pop().unwrap();
    assert_eq!(named.to_string(), fault.to_string());
    assert!(faults.is_empty(), "{faults:?}");
    named
}

#[test]
fn links_and_files_that_others_can_reach_are_refused() {
    let folder = recorded();
    let path = |name: &str| folder.file(name);
    for file in FILES {
        assert_eq!(fs::metadata(path(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    let lookups = path("titian.db-lookups");
    assert_eq!(fs::metadata(&lookups).unwrap().permissions().mode() & 0o777, 0o700);
    for (file, right, wrong) in FILES
        .map(|file| (path(file), 0o600, 0o666))
        .into_iter()
        .chain([(lookups.clone(), 0o700, 0o777), (path("titian.db"), 0o600, 0o640)])
    {
        set_mode(&file, wrong);
        assert!(matches!(refused(&folder), FileFault::Exposed { path, .. } if path == file));
        set_mode(&file, right);
        let moved = path("moved");
        fs::rename(&file, &moved).unwrap();
        symlink(&moved, &file).unwrap();
        assert!(matches!(refused(&folder), FileFault::Link(path) if path == file));
        fs::remove_file(&file).unwrap();
        fs::rename(&moved, &file).unwrap();
    }
    folder.open().close().unwrap();
}

/// An auditor verifies a copy that all can read. A store that others can change proves nothing.
#[test]
fn a_store_that_others_can_change_does_not_verify() {
    let folder = recorded();
    set_mode(&folder.store(), 0o644);
    verified(&folder, &[]).unwrap();
    set_mode(&folder.store(), 0o646);
    let refused = verified(&folder, &[]).unwrap_err().to_string();
    assert!(refused.contains("other users can change it"), "{refused}");
}

/// The folder of the store may be a link: its owner names another disk by it.
#[test]
fn a_link_to_the_folder_is_followed() {
    let folder = recorded();
    let link = folder.file("link");
    symlink(folder.file(""), &link).unwrap();
    let url = titian::journal::StoreUrl::Sqlite(link.join("titian.db"));
    let opened = open(&url, &keys(), &checkpoints(&link));
    opened.unwrap().close().unwrap();
}

/// What is written to a file that has no name any more would be lost at the next start.
#[test]
fn a_store_or_a_log_that_is_replaced_while_it_is_in_use_stops_the_journal() {
    for name in ["titian.db", "titian.db-wal"] {
        let folder = recorded();
        let journal = folder.open();
        append(&*journal, vec![row(51, 0)]).unwrap();
        let (file, copy) = (folder.file(name), folder.file("copy"));
        fs::copy(&file, &copy).unwrap();
        fs::rename(&copy, &file).unwrap();
        let mut transfers = 52..;
        let error = loop {
            match append(&*journal, vec![row(transfers.next().unwrap(), 0)]) {
                Ok(_) => thread::sleep(Duration::from_millis(10)),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains(name), "{error}");
        assert!(journal.close().is_err());
    }
}

/// Two places with one file name: a file stands for one of them.
#[test]
fn a_place_whose_file_is_not_given_is_not_covered() {
    let folder = Folder::new();
    let elsewhere = folder.file("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let files = vec![folder.file("checkpoints"), elsewhere.join("checkpoints")];
    let two = Checkpoints { files: files.clone(), every: Duration::from_hours(1) };
    for transfer in 0..2 {
        let journal = open(&folder.url(), &keys(), &two).unwrap();
        append(&*journal, vec![row(transfer, 0)]).unwrap();
        journal.close().unwrap();
    }
    let missing = |given: &[PathBuf]| {
        let verified = verified_with(&folder, &[], given, &keys().trusted).unwrap();
        verified.missing_checkpoints.into_iter().map(|(place, _)| place).collect::<Vec<_>>()
    };
    assert!(missing(&files).is_empty());
    for (given, other) in [(0, 1), (1, 0)] {
        assert_eq!(missing(&files[given..=given]), [files[other].display().to_string()]);
    }
    // A copy on the auditor's machine.
    let copies = ["a", "b"].map(|name| folder.file(name).join("checkpoints"));
    for (file, copy) in files.iter().zip(&copies) {
        fs::create_dir(copy.parent().unwrap()).unwrap();
        fs::copy(file, copy).unwrap();
    }
    assert!(missing(&copies).is_empty());
    assert_eq!(missing(&copies[..1]).len(), 1);
    // A place that the settings name no more is forgotten with the next checkpoint.
    for transfer in 2..4 {
        let journal = folder.open();
        append(&*journal, vec![row(transfer, 0)]).unwrap();
        journal.close().unwrap();
    }
    assert!(missing(&files[..1]).is_empty());
}
