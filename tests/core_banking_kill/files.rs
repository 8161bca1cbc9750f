//! The files of the ledger belong to its owner alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use titian::core_banking::CoreBankingError;
use titian::transfer::{PostingReply, Side};

use super::super::test_of;
use super::alone;
use super::support::{Folder, Port, SITI, posting, read};

/// Posts once and lists the modes. The test below runs it in a process with another umask.
#[tokio::test]
async fn post_and_list() {
    let Ok(settings) = std::env::var("TITIAN_MODES_CORE") else { return };
    let mut port = Port::open(read(&settings).unwrap()).unwrap();
    assert_eq!(port.post(&posting(1, Side::Debit, SITI, 1)).await, PostingReply::Posted);
    let folder = std::env::var("TITIAN_MODES_FOLDER").unwrap();
    for file in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = file.file_name().into_string().unwrap();
        if name.starts_with("ledger.db") {
            println!("mode {:04o} {name}", file.metadata().unwrap().permissions().mode() & 0o777);
        }
    }
    port.close().await;
}

#[tokio::test]
async fn files_have_mode_0600_whatever_the_umask() {
    let _alone = alone().await;
    for umask in ["000", "022", "077"] {
        let folder = Folder::new();
        let test = test_of(module_path!(), "post_and_list");
        let output = Command::new("bash")
            .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .args([test.as_str(), "--exact", "--nocapture"])
            .env("TITIAN_MODES_CORE", folder.text())
            .env("TITIAN_MODES_FOLDER", &folder.0)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut modes: Vec<_> =
            printed.lines().filter_map(|line| line.split("mode ").nth(1)).collect();
        modes.sort_unstable();
        let expected =
            ["", "-lock", "-shm", "-wal"].map(|suffix| format!("0600 ledger.db{suffix}"));
        assert_eq!(modes, expected, "umask {umask}: {printed}");
    }
}

#[tokio::test]
async fn a_link_and_a_file_that_others_may_change_are_refused() {
    let _alone = alone().await;
    for suffix in ["", "-lock", "-wal", "-shm"] {
        let folder = Folder::new();
        folder.port().close().await;
        let path = PathBuf::from(format!("{}{suffix}", folder.embedded().ledger.display()));
        if !path.exists() {
            fs::write(&path, "").unwrap();
        }
        for mode in [0o666, 0o640, 0o604] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = Port::open(folder.settings()).err().unwrap();
            let text = refused.to_string();
            assert!(matches!(refused, CoreBankingError::Unsafe(_)), "{text}");
            assert!(
                text.contains(&format!(
                    "ledger.db{suffix}: other users can read or change it (mode {mode:04o})"
                )),
                "{text}"
            );
        }
        let elsewhere = folder.0.join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        fs::set_permissions(&elsewhere, Permissions::from_mode(0o600)).unwrap();
        symlink(&elsewhere, &path).unwrap();
        let text = Port::open(folder.settings()).err().unwrap().to_string();
        assert!(text.contains(&format!("ledger.db{suffix}: is a symbolic link")), "{text}");
        fs::remove_file(&path).unwrap();
        // A link to nothing creates nothing.
        symlink(folder.0.join("nothing"), &path).unwrap();
        assert!(Port::open(folder.settings()).is_err());
        assert!(!folder.0.join("nothing").exists());
    }
}
