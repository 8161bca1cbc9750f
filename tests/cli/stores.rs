//! `titian verify`, `export` and `archive` on stores written by a node.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use titian::harness::write_key_file;
use titian::private_files::Access;

use super::node::{Node, folder, id, keys, secret, store};
use super::program::{Run, done, refused, titian};

/// A node with transfers, and its public key.
fn running(name: &str) -> (PathBuf, Node) {
    let folder = folder(&format!("cli-{name}"));
    fs::write(folder.join("node0.pub"), keys().trusted.keys()[0].to_string()).unwrap();
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

/// Replaces the folder, and each hash: hashes cover random numbers.
fn plain(folder: &Path, text: &str) -> String {
    let text = text.replace(folder.to_str().unwrap(), "DIR");
    let mut plain = String::new();
    for part in text.split_inclusive(|char: char| !char.is_ascii_hexdigit()) {
        let digits = part.trim_end_matches(|char: char| !char.is_ascii_hexdigit());
        plain += &if digits.len() == 64 { part.replace(digits, "HASH") } else { part.to_owned() };
    }
    plain
}

fn url(folder: &Path) -> String {
    format!("sqlite://{}", store(folder).display())
}

fn verify(folder: &Path, options: &[&str]) -> Run {
    titian(&[&["verify", "--store", &url(folder)], options].concat())
}

fn signed(folder: &Path) -> Run {
    let [file, key] = ["checkpoints", "node0.pub"].map(|name| folder.join(name));
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
    let in_use = verify(&folder, &[]);
    assert_eq!(in_use.code, 1, "without public keys");
    let in_use = [in_use.stdout, in_use.stderr].concat();
    drop(node.reader);
    node.journal.close().unwrap();
    let text = format!("{in_use}\n{}", done(signed(&folder)));
    insta::assert_snapshot!(plain(&folder, &text));
}

#[test]
fn the_first_wrong_row_is_named() {
    let folder = recorded("wrong");
    let whole = fs::read(store(&folder)).unwrap();
    let mut output = String::new();
    for sql in [
        "UPDATE transfers_batches SET rows = replace(rows, '12500000', '12500001') WHERE first = 1",
        "DELETE FROM transfers_batches WHERE first = 2",
        "DELETE FROM transfers_batches WHERE first = (SELECT max(first) FROM transfers_batches)",
        "UPDATE transfers_batches SET statement = replace(statement, 'epoch=1', 'epoch=2') WHERE first = 1",
        "UPDATE transfers_personal SET sealed = zeroblob(64) WHERE first = 1",
        "DELETE FROM metadata WHERE name = 'closed_books'",
    ] {
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", store(&folder).display()));
        }
        write_key_file(&store(&folder), Access::Secret, "").unwrap();
        fs::write(store(&folder), &whole).unwrap();
        rewrite(&folder, sql);
        output += &[sql, "\n", &negative(&folder, &signed(&folder))].concat();
    }
    insta::assert_snapshot!(output);
}

fn archive(folder: &Path, before: &str, to: &Path) -> Run {
    let to = to.to_str().unwrap();
    let config = config(folder);
    titian(&["archive", "--config", config.to_str().unwrap(), "--before", before, "--to", to])
}

/// Writes the settings of the node's bank with its keys.
fn config(folder: &Path) -> PathBuf {
    let path = |name: &str| folder.join(name);
    let shown = |name: &str| path(name).display().to_string();
    let hex = |seed| secret(seed).map(|byte| format!("{byte:02x}")).concat();
    for (name, seed) in [("node0.key", 7), ("record.key", 8)] {
        let _ = fs::remove_file(path(name));
        write_key_file(&path(name), Access::Secret, &hex(seed)).unwrap();
    }
    let text = format!(
        "[bank]\ncode = \"213\"\niin = \"93600213\"\n[store]\nurl = {:?}\ncheckpoints = []\n\
         [keys]\nsigning_key_file = {:?}\ntrusted_files = [{:?}]\nrecord_key_file = {:?}\n\
         [api]\nauth = \"none\"\n[[links]]\nname = \"a\"\nconnect = \"127.0.0.1:1\"\n",
        url(folder),
        shown("node0.key"),
        shown("node0.pub"),
        shown("record.key"),
    );
    fs::write(path("titian.toml"), text).unwrap();
    path("titian.toml")
}

#[test]
fn archived_rows_are_verified_with_the_archive() {
    let folder = recorded("archive");
    let to = folder.join("old.db");
    let mut output = done(archive(&folder, "2026-11-24", &to));
    output += &done(archive(&folder, "2026-11-25", &to));
    let alone = signed(&folder);
    assert_eq!(alone.code, 1, "the archive is missing");
    output += &[alone.stdout, alone.stderr].concat();
    let key = folder.join("node0.pub");
    let options =
        ["--public-key", key.to_str().unwrap(), "--archive", to.to_str().unwrap(), "--checkpoints"];
    let checkpoints = folder.join("checkpoints");
    output += &done(verify(&folder, &[&options[..], &[checkpoints.to_str().unwrap()]].concat()));
    assert!(refused(archive(&folder, "2026-11-25", &to)).contains("exists"));
    insta::assert_snapshot!(plain(&folder, &output));
}

fn export(folder: &Path, transfer: &str, options: &[&str]) -> Run {
    let args = ["export", "--store", &url(folder), "--transfer", transfer];
    titian(&[&args, options].concat())
}

#[test]
fn a_transfer_is_exported_masked() {
    let (folder, node) = running("export");
    let [out, within] = [id(1, true), id(3, false)].map(|id| id.to_string());
    let masked = done(export(&folder, &out, &[]));
    insta::assert_snapshot!(plain(&folder, &masked));
    drop(node.reader);
    node.journal.close().unwrap();
    assert_eq!(done(export(&folder, &out, &[])), masked, "the same output in use and closed");
    for id in [out, within] {
        let masked = done(export(&folder, &id, &[]));
        for secret in ["1234567890", "9876543210", "Siti Rahayu", "Budi Santoso"] {
            assert!(!masked.contains(secret), "{secret}: {masked}");
        }
    }
    let revealed = export(&folder, &id(1, true).to_string(), &["--reveal"]);
    assert!(revealed.stdout.is_empty() && revealed.stderr.contains("--reveal"));
    let missing = export(&folder, "00000000-0000-0000-0000-000000000001", &[]);
    assert!(negative(&folder, &missing).contains("not found"));
}

#[test]
fn bad_usage_is_one_line_with_what_to_do() {
    let folder = recorded("use");
    let url = url(&folder);
    let (bare, missing) = (store(&folder), format!("{url}.missing"));
    let config = config(&folder).display().to_string();
    let cases: [(&[&str], &str); 7] = [
        (&["verify", "--store", bare.to_str().unwrap()], "did you mean sqlite:///"),
        (&["verify", "--store", &missing], "no such file"),
        (&["verify", "--store", "postgres://user:hunter2@host/db"], "postgres://"),
        (&["export", "--store", &url, "--transfer", "7"], "expected a UUID"),
        (
            &["archive", "--config", &config, "--before", "24.11.2026", "--to", "x"],
            "a date YYYY-MM-DD",
        ),
        (&["verify", "--store", &url, "--archive", "nowhere.db"], "no such file"),
        (
            &["verify", "--store", &url, "--checkpoints", "README.md", "--public-key", "README.md"],
            "is not an Ed25519 public key",
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
