//! Keys as a person handles them: made, rotated, lost and taken from elsewhere; and the files that a running adapter makes.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use titian::harness::write_key_file;
use titian::private_files::Access;
use tokio::process::Command;
use tokio::time::timeout;

use super::bank::{Options, TIMEOUT, TITIAN, TestBank};
use super::scenario::{Scenario, transfer};

/// What a person typed and read.
struct Terminal {
    folder: String,
    text: String,
}

/// The exit code, stdout and stderr of a command.
struct Said {
    code: i32,
    out: String,
    error: String,
}

impl Terminal {
    fn new(bank: &TestBank) -> Self {
        Self { folder: format!("{}/", bank.folder.display()), text: String::new() }
    }

    /// Runs a command. Names of files are those in the folder of the bank.
    async fn run(&mut self, words: &str) -> Said {
        let folder = &self.folder;
        let is_file =
            |word: &str| ["/", ".toml", ".pub", ".db"].iter().any(|end| word.ends_with(end));
        let full = |word: &str| match word {
            "checkpoints" | "keys/" => format!("{folder}{word}"),
            _ if word.starts_with("sqlite://") => {
                word.replace("sqlite://", &format!("sqlite://{folder}"))
            }
            _ if is_file(word) => format!("{folder}{word}"),
            _ => word.to_owned(),
        };
        let mut command = Command::new(TITIAN);
        command.args(words.split(' ').map(full)).env("COLUMNS", "100").kill_on_drop(true);
        let output = timeout(TIMEOUT, command.output()).await.expect("the command ends").unwrap();
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let said = Said { code: status.code().unwrap(), out: text(stdout), error: text(stderr) };
        let shown = [&*said.out, &*said.error].concat().replace(folder, "");
        let _ = writeln!(self.text, "$ titian {words}\n{shown}[exit code {}]\n", said.code);
        said
    }

    /// Runs a command that succeeds. Returns its output.
    async fn done(&mut self, words: &str) -> String {
        let said = self.run(words).await;
        assert_eq!(said.code, 0, "{words}: {}{}", said.out, said.error);
        said.out
    }

    fn note(&mut self, text: &str) {
        let _ = writeln!(self.text, "# {text}\n");
    }
}

/// Replaces the lines of the configuration that have the keys of the pasted lines.
fn paste(bank: &TestBank, lines: &str) {
    let path = bank.file("titian.toml");
    let mut text = fs::read_to_string(&path).unwrap();
    for line in lines.lines().filter(|line| !line.starts_with('#')) {
        let (key, _) = line.split_once(" = ").unwrap();
        let old = text.lines().find(|old| old.starts_with(key)).unwrap().to_owned();
        text = text.replace(&old, line);
    }
    fs::write(path, text).unwrap();
}

async fn settle(scenario: &Scenario, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        assert_eq!(scenario.request_transfer(&transfer(number)).await.0, 200);
    }
    scenario.wait_until_idle().await;
}

const VERIFY: &str =
    "verify --store sqlite://titian.db --checkpoints checkpoints --ledger ledger.db --public-key";

#[tokio::test]
async fn a_key_is_rotated_as_a_person_does_it() {
    let mut scenario = Scenario::prepare(Options::default(), &[]).await;
    let mut terminal = Terminal::new(&scenario.bank);
    for kind in ["signing", "record"] {
        let lines = terminal.done(&format!("keys new {kind} --dir keys/")).await;
        paste(&scenario.bank, &lines);
    }
    let old = fs::read_to_string(scenario.bank.file("titian.toml")).unwrap();
    terminal.note("The adapter runs: 3 transfers. It is stopped.");
    scenario.bank.start().await;
    settle(&scenario, 1..=3).await;
    let in_use = terminal.run("keys rotate --config titian.toml --dir keys/ --name node0-2").await;
    assert!(
        in_use.code != 0 && in_use.error.contains("in use by another process"),
        "{}",
        in_use.error
    );
    assert_eq!(scenario.bank.stop().await.code(), Some(0));
    terminal.done(&format!("{VERIFY} keys/node0.pub")).await;

    let lines = terminal.done("keys rotate --config titian.toml --dir keys/ --name node0-2").await;
    terminal.note("A start with the old key:");
    let refused = terminal.run("serve --config titian.toml").await;
    assert!(refused.code != 0, "the old key is replaced");
    assert!(refused.error.contains("set keys.signing_key_file to it"), "{}", refused.error);
    terminal.note("The old public key does not cover what follows. The new file has both keys.");
    let refused = terminal.run(&format!("{VERIFY} keys/node0.pub")).await;
    assert_eq!(refused.code, 1);
    assert!(refused.error.contains("rotates to the next key, but key"), "{}", refused.error);
    terminal.done(&format!("{VERIFY} keys/node0-2.pub")).await;

    terminal.note("The printed lines are pasted into titian.toml.");
    paste(&scenario.bank, &lines);
    terminal.done("check --config titian.toml").await;
    terminal.note("The adapter runs: 3 transfers. It is stopped.");
    scenario.bank.start().await;
    settle(&scenario, 4..=6).await;
    assert_eq!(scenario.bank.stop().await.code(), Some(0));
    terminal.done(&format!("{VERIFY} keys/node0-2.pub")).await;
    terminal.done("keys list --dir keys/").await;

    terminal.note("The old public key only, with the checkpoints and without them:");
    let without = VERIFY.replace("--checkpoints checkpoints ", "");
    for (words, place) in [(VERIFY, "checkpoints: line "), (&without, "titian.db: control row")] {
        let refused = terminal.run(&format!("{words} keys/node0.pub")).await;
        assert_eq!(refused.code, 1);
        assert!(refused.error.contains("is not a trusted key"), "{}", refused.error);
        assert!(refused.error.contains(place), "{}", refused.error);
    }

    terminal.note("A start with the old configuration:");
    let new = fs::read_to_string(scenario.bank.file("titian.toml")).unwrap();
    fs::write(scenario.bank.file("titian.toml"), old).unwrap();
    let refused = terminal.run("serve --config titian.toml").await;
    assert!(
        refused.code != 0 && refused.error.contains("is not a trusted key"),
        "{}",
        refused.error
    );
    fs::write(scenario.bank.file("titian.toml"), new).unwrap();
    println!("{}", terminal.text);
    scenario.switch.process.stop(TIMEOUT).await.unwrap();
    scenario.bank.clear();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn all_files_are_for_their_owner_whatever_the_umask() {
    let shell = ["sh", "-c", "umask 000; exec \"$0\" \"$@\""];
    let wrapper = shell.map(str::to_owned).to_vec();
    let mut scenario = Scenario::start(Options { wrapper, ..Options::default() }).await;
    let folder = scenario.bank.folder.clone();
    let check = |name: &str, expected: u32| {
        let path = folder.join(name);
        assert_eq!(mode(&path), expected, "{name}: {:04o}", mode(&path));
    };
    settle(&scenario, 1..=3).await;
    for store in ["titian.db", "ledger.db"] {
        for suffix in ["", "-wal", "-shm", "-lock"] {
            check(&format!("{store}{suffix}"), 0o600);
        }
    }
    check("titian.db-lookups", 0o700);
    assert_eq!(scenario.bank.stop().await.code(), Some(0));
    check("checkpoints", 0o600);
    scenario.switch.process.stop(TIMEOUT).await.unwrap();
    scenario.bank.clear();
}

#[tokio::test]
async fn a_start_without_its_keys_says_what_to_do() {
    let mut scenario = Scenario::start(Options::default()).await;
    settle(&scenario, 1..=2).await;
    assert_eq!(scenario.bank.stop().await.code(), Some(0));
    let mut terminal = Terminal::new(&scenario.bank);
    terminal.done("keys new signing --dir keys/ --name node0").await;
    terminal.done("keys new record --dir keys/").await;
    let bank = &scenario.bank;
    let other = |name: &str| fs::read_to_string(bank.file("keys").join(name)).unwrap();
    let (key, public, record) = (other("node0.key"), other("node0.pub"), other("record.key"));
    let before =
        [bank.file("titian.db"), bank.file("ledger.db")].map(|path| fs::read(path).unwrap());
    // What has the place of a file, and what the start says.
    for (files, expected) in [
        (vec![("node0.key", None)], "no such file; `titian keys new` makes it"),
        (vec![("node0.pub", None)], "no such file"),
        (vec![("record.key", None)], "no such file; `titian keys new` makes it"),
        (
            vec![("node0.key", Some(&key))],
            "keys.trusted_files: lack the public half of the signing key",
        ),
        (vec![("node0.key", Some(&key)), ("node0.pub", Some(&public))], "is not a trusted key"),
        (vec![("record.key", Some(&record))], "holds another record key"),
        (vec![("node0.key", Some(&"00".repeat(32)))], "is zero: make a random one"),
    ] {
        let saved: Vec<_> =
            files.iter().map(|(name, _)| (*name, fs::read(bank.file(name)).unwrap())).collect();
        for (name, content) in &files {
            fs::remove_file(bank.file(name)).unwrap();
            if let Some(content) = content {
                put(bank, name, content);
            }
        }
        let refused = terminal.run("serve --config titian.toml").await;
        assert!(
            refused.code != 0 && refused.error.contains(expected),
            "{files:?}: {}",
            refused.error
        );
        for (name, bytes) in saved {
            let _ = fs::remove_file(bank.file(name));
            put(bank, name, std::str::from_utf8(&bytes).unwrap());
        }
    }
    let after =
        [bank.file("titian.db"), bank.file("ledger.db")].map(|path| fs::read(path).unwrap());
    assert!(before == after, "a refused start writes nothing");
    println!("{}", terminal.text);
    scenario.bank.start().await;
    scenario.finish().await;
}

fn put(bank: &TestBank, name: &str, text: &str) {
    let access = if name == "node0.pub" { Access::Public } else { Access::Secret };
    write_key_file(&bank.file(name), access, text).unwrap();
}
