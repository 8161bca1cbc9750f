//! `titian verify`, `export` and `archive` on stores written by a node.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::node::{Node, checkpoints, folder, id, store};
use super::program::{Run, done, refused, titian};

/// A node with transfers, and the public key of its checkpoints.
fn running(name: &str) -> (PathBuf, Node) {
    let folder = folder(&format!("cli-{name}"));
    fs::write(folder.join("checkpoint.pub"), checkpoints(&folder).public_key()).unwrap();
    let node = Node::with_history(&folder);
    (folder, node)
}

/// The same, closed in order.
fn recorded(name: &str) -> PathBuf {
    let (folder, node) = running(name);
    drop(node.reader);
    node.journal.close().unwrap();
    folder
}

fn url(folder: &Path) -> String {
    format!("sqlite://{}", store(folder).display())
}

fn verify(folder: &Path, options: &[&str]) -> Run {
    titian(&[&["verify", "--store", &url(folder)], options].concat())
}

fn signed(folder: &Path) -> Run {
    let [file, key] = ["checkpoints", "checkpoint.pub"].map(|name| folder.join(name));
    let [file, key] = [&file, &key].map(|path| path.to_str().unwrap());
    verify(folder, &["--checkpoints", file, "--public-key", key])
}

/// Returns the one line of a negative result, with the folder replaced by DIR.
fn negative(folder: &Path, run: &Run) -> String {
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    run.stderr.replace(folder.to_str().unwrap(), "DIR")
}

fn rewrite(folder: &Path, sql: &str) {
    assert!(Connection::open(store(folder)).unwrap().execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn a_correct_store_is_verified_also_in_use() {
    let (folder, node) = running("sound");
    let in_use = done(verify(&folder, &[]));
    drop(node.reader);
    node.journal.close().unwrap();
    insta::assert_snapshot!(format!("{in_use}\n{}", done(signed(&folder))));
}

#[test]
fn the_first_wrong_row_is_named() {
    let folder = recorded("wrong");
    let whole = fs::read(store(&folder)).unwrap();
    let mut output = String::new();
    for sql in [
        "UPDATE rows SET facts = replace(facts, '12500000', '12500001') WHERE seq = 1",
        "DELETE FROM rows WHERE seq = 3",
        "DELETE FROM rows WHERE seq = (SELECT max(seq) FROM rows)",
        "UPDATE rows SET state = 'refunded' WHERE seq = 4",
        "DELETE FROM metadata WHERE name = 'closed_books'",
    ] {
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", store(&folder).display()));
        }
        fs::write(store(&folder), &whole).unwrap();
        rewrite(&folder, sql);
        output += &[sql, "\n", &negative(&folder, &signed(&folder))].concat();
    }
    insta::assert_snapshot!(output);
}

fn archive(folder: &Path, before: &str, to: &Path) -> Run {
    let to = to.to_str().unwrap();
    titian(&["archive", "--store", &url(folder), "--before", before, "--to", to])
}

#[test]
fn archived_rows_are_verified_with_the_archive() {
    let folder = recorded("archive");
    let to = folder.join("old.db");
    let mut output = done(archive(&folder, "2026-11-24", &to));
    output += &done(archive(&folder, "2026-11-25", &to));
    output += &done(verify(&folder, &[]));
    output += &done(verify(&folder, &["--archive", to.to_str().unwrap()]));
    assert!(refused(archive(&folder, "2026-11-25", &to)).contains("exists"));
    insta::assert_snapshot!(output.replace(folder.to_str().unwrap(), "DIR"));
}

fn export(folder: &Path, transfer: &str, options: &[&str]) -> Run {
    let args = ["export", "--store", &url(folder), "--transfer", transfer];
    titian(&[&args, options].concat())
}

#[test]
fn a_transfer_is_exported_masked_unless_revealed() {
    let (folder, node) = running("export");
    let [out, within] = [id(1, true), id(3, false)].map(|id| id.to_string());
    let masked = done(export(&folder, &out, &[]));
    insta::assert_snapshot!(masked);
    drop(node.reader);
    node.journal.close().unwrap();
    assert_eq!(done(export(&folder, &out, &[])), masked, "the same output in use and closed");
    for ending in ["-index", "-index-wal", "-index-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", store(&folder).display()));
    }
    assert_eq!(done(export(&folder, &out, &[])), masked, "the same output without the index");
    for id in [out, within] {
        let masked = done(export(&folder, &id, &[]));
        let revealed = done(export(&folder, &id, &["--reveal"]));
        for secret in ["1234567890", "9876543210", "Siti Rahayu", "Budi Santoso"] {
            assert!(!masked.contains(secret) && revealed.contains(secret), "{secret}: {masked}");
        }
    }
    let missing = export(&folder, "00000000-0000-0000-0000-000000000001", &[]);
    assert!(negative(&folder, &missing).contains("not found"));
}

#[test]
fn bad_usage_is_one_line_with_what_to_do() {
    let folder = recorded("use");
    let url = url(&folder);
    let (bare, missing) = (store(&folder), format!("{url}.missing"));
    let cases: [(&[&str], &str); 7] = [
        (&["verify", "--store", bare.to_str().unwrap()], "did you mean sqlite:///"),
        (&["verify", "--store", &missing], "no such file"),
        (&["verify", "--store", "postgres://user:hunter2@host/db"], "postgres://"),
        (&["export", "--store", &url, "--transfer", "7"], "expected a UUID"),
        (&["archive", "--store", &url, "--before", "24.11.2026", "--to", "x"], "a date YYYY-MM-DD"),
        (&["verify", "--store", &url, "--archive", "nowhere.db"], "no such file"),
        (
            &["verify", "--store", &url, "--checkpoints", "README.md", "--public-key", "README.md"],
            "expected Ed25519 public keys",
        ),
    ];
    for (args, expected) in cases {
        let run = titian(args);
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        let line = refused(run);
        assert!(line.contains(expected), "{args:?}: {line}");
    }
    assert!(!Path::new(&format!("{}.missing-lock", bare.display())).exists());
    let (locked, node) = running("use-locked");
    let to = locked.join("old.db");
    assert!(refused(archive(&locked, "2026-11-25", &to)).contains("in use by another process"));
    drop(node);
}
