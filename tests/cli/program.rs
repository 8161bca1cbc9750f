//! Runs the program as a user does.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Returns a command with this terminal width and without colour.
pub(crate) fn command(columns: usize, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_titian"));
    command.args(args).env("COLUMNS", columns.to_string()).env_remove("NO_COLOR");
    command
}

/// Runs it at 100 columns with empty stdin.
pub(crate) fn titian(args: &[&str]) -> Run {
    fed(args, b"")
}

/// Runs it at 100 columns with this stdin.
pub(crate) fn fed(args: &[&str], stdin: &[u8]) -> Run {
    run(command(100, args), stdin)
}

/// Runs a command with this stdin.
pub(crate) fn run(mut command: Command, stdin: &[u8]) -> Run {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // The program may end before it has read all input.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) const ECHO: &str = "fixtures/nusantara/echo-request.hex";
pub(crate) const TRANSFER: &str = "fixtures/nusantara/transfer-request.hex";
pub(crate) const NETWORKS: [&str; 3] = ["nusantara", "rendezvous", "holdfast"];

/// Returns the paths of a network's fixtures, framed or not.
pub(crate) fn fixtures(network: &str, framed: bool) -> Vec<String> {
    let whole = hex_files(&Path::new("fixtures").join(network));
    whole.into_iter().filter(|path| path.ends_with(".framed.hex") == framed).collect()
}

/// Returns the `.hex` files of a folder, sorted.
pub(crate) fn hex_files(folder: &Path) -> Vec<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_hex = |path: &PathBuf| path.extension().is_some_and(|it| it == "hex");
    let mut names: Vec<_> =
        paths.filter(is_hex).map(|path| path.to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Returns the hex of a fixture in one line.
pub(crate) fn hex_of(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

/// Decodes hex.
pub(crate) fn bytes_of(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// Returns the error line of a refused run: exit code 2, empty stdout, one line on stderr.
pub(crate) fn refused(run: Run) -> String {
    let Run { code, stdout, stderr } = run;
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr.strip_prefix("error: ").unwrap().trim_end().to_owned()
}

/// Returns the output of a successful run.
pub(crate) fn done(run: Run) -> String {
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout
}
