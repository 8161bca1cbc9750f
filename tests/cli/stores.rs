//! `titian verify`, `export` and `archive` on stores that a node wrote.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use titian::engine::{Event, Key};
use titian::values::Moment;

use crate::node::{Node, START, checkpoints, demanded, folder, ordered, store};
use crate::program::{Run, done, refused, titian};

/// A node with a transfer settled, one given back, one received and undone, and one under way.
fn lived(name: &str) -> (PathBuf, Node) {
    let folder = folder(&format!("cli-{name}"));
    let mut node = Node::start(&folder, Moment::from_millis(START));
    fs::write(folder.join("checkpoint.pub"), checkpoints(&folder).public_key()).unwrap();
    node.handle(ordered(1, 11, Some(101)));
    node.run();
    node.handle(ordered(2, 12, None));
    node.commit();
    node.answer(0);
    node.commit();
    node.answer(1);
    node.run();
    node.handle(Event::Demand { demand: demanded(3), key: Key(13) });
    node.run();
    node.handle(Event::Reversal { demand: demanded(4), original: Key(13) });
    node.run();
    node.handle(ordered(5, 15, Some(105)));
    node.commit();
    node.answer(0);
    node.commit();
    (folder, node)
}

/// The same, its process ended in order.
fn recorded(name: &str) -> PathBuf {
    let (folder, node) = lived(name);
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

/// What was said when the answer was no: one line, with the folder's name taken out.
fn no(folder: &Path, run: &Run) -> String {
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    run.stderr.replace(folder.to_str().unwrap(), "DIR")
}

fn rewrite(folder: &Path, sql: &str) {
    assert!(Connection::open(store(folder)).unwrap().execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn a_sound_store_is_verified_with_its_books_and_so_is_one_in_use() {
    let (folder, node) = lived("sound");
    let in_use = done(verify(&folder, &[]));
    drop(node.reader);
    node.journal.close().unwrap();
    insta::assert_snapshot!(format!("{in_use}\n{}", done(signed(&folder))));
}

#[test]
fn the_first_wrong_record_is_named() {
    let folder = recorded("wrong");
    let whole = fs::read(store(&folder)).unwrap();
    let mut said = String::new();
    for sql in [
        "UPDATE rows SET form = replace(form, '12500000', '12500001') WHERE seq = 1",
        "DELETE FROM rows WHERE seq = 3",
        "DELETE FROM rows WHERE seq = (SELECT max(seq) FROM rows)",
        "UPDATE rows SET state = 'Refunded' WHERE seq = 4",
        "DELETE FROM notes WHERE name = 'closed books'",
    ] {
        for ending in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{ending}", store(&folder).display()));
        }
        fs::write(store(&folder), &whole).unwrap();
        rewrite(&folder, sql);
        said += &[sql, "\n", &no(&folder, &signed(&folder))].concat();
    }
    insta::assert_snapshot!(said);
}

#[test]
fn what_is_archived_is_verified_with_its_archive() {
    let folder = recorded("archive");
    let to = folder.join("old.db");
    let archive = |before: &str| {
        titian(&[
            "archive",
            "--store",
            &url(&folder),
            "--before",
            before,
            "--to",
            to.to_str().unwrap(),
        ])
    };
    let mut said = done(archive("2026-11-24"));
    said += &done(archive("2026-11-25"));
    said += &done(verify(&folder, &[]));
    said += &done(verify(&folder, &["--archive", to.to_str().unwrap()]));
    assert!(refused(archive("2026-11-25")).contains("there is such a file already"));
    insta::assert_snapshot!(said.replace(folder.to_str().unwrap(), "DIR"));
}

fn export(folder: &Path, transfer: &str, options: &[&str]) -> Run {
    let args = ["export", "--store", &url(folder), "--transfer", transfer];
    titian(&[&args, options].concat())
}

#[test]
fn a_life_is_exported_masked_unless_it_is_to_be_revealed() {
    let (folder, node) = lived("export");
    let [out, within] = [3_u128, 6].map(|low| {
        let number = (u128::from(START) + low / 2) << 80 | low;
        titian::values::TransferId(number).to_string()
    });
    let masked = done(export(&folder, &out, &[]));
    insta::assert_snapshot!(masked);
    drop(node.reader);
    node.journal.close().unwrap();
    assert_eq!(done(export(&folder, &out, &[])), masked, "the same in use and not");
    for ending in ["-index", "-index-wal", "-index-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", store(&folder).display()));
    }
    assert_eq!(done(export(&folder, &out, &[])), masked, "and without its index");
    for id in [out, within] {
        let masked = done(export(&folder, &id, &[]));
        let revealed = done(export(&folder, &id, &["--reveal"]));
        for secret in ["1234567890", "9876543210", "Siti Rahayu", "Budi Santoso"] {
            assert!(!masked.contains(secret) && revealed.contains(secret), "{secret}: {masked}");
        }
    }
    let missing = export(&folder, "00000000-0000-0000-0000-000000000001", &[]);
    assert!(no(&folder, &missing).contains("there is no transfer"));
}

#[test]
fn bad_use_is_one_line_that_says_what_to_do() {
    let folder = recorded("use");
    let url = url(&folder);
    let (bare, missing) = (store(&folder), format!("{url}.missing"));
    let cases: [(&[&str], &str); 7] = [
        (&["verify", "--store", bare.to_str().unwrap()], "did you mean sqlite:///"),
        (&["verify", "--store", &missing], "there is no such file"),
        (&["verify", "--store", "postgres://user:hunter2@host/db"], "postgres://"),
        (&["export", "--store", &url, "--transfer", "7"], "it is not a UUID"),
        (&["archive", "--store", &url, "--before", "24.11.2026", "--to", "x"], "a date YYYY-MM-DD"),
        (&["verify", "--store", &url, "--archive", "nowhere.db"], "there is no such file"),
        (
            &["verify", "--store", &url, "--checkpoints", "README.md", "--public-key", "README.md"],
            "no Ed25519 public keys",
        ),
    ];
    for (args, expected) in cases {
        let run = titian(args);
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        let line = refused(run);
        assert!(line.contains(expected), "{args:?}: {line}");
    }
    assert!(!Path::new(&format!("{}.missing-lock", bare.display())).exists());
    let (_, node) = lived("use-locked");
    let locked = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-use-locked");
    let store = format!("sqlite://{}", crate::node::store(&locked).display());
    let to = locked.join("old.db");
    let args =
        ["archive", "--store", &store, "--before", "2026-11-25", "--to", to.to_str().unwrap()];
    assert!(refused(titian(&args)).contains("in use by another process"));
    drop(node);
}
