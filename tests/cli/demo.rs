//! `titian demo`: it ends with equal books, leaves nothing behind, and can be interrupted.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::program::{command, titian};

/// Starts a demo. Returns it with its temporary folder, as soon as transfers run.
fn start(args: &[&str]) -> (Child, PathBuf, BufReader<std::process::ChildStderr>) {
    let mut child = command(80, args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("files ") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "the demo names its folder");
    }
    let folder = line.trim_start_matches("files ").trim().into();
    (child, folder, log)
}

/// Returns the command lines of running processes that name a folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = fs::read_to_string(entry.unwrap().path().join("cmdline")).ok()?;
        line.contains(&folder).then(|| line.replace('\0', " "))
    });
    lines.collect()
}

#[test]
fn two_demos_run_side_by_side_and_leave_nothing_behind() {
    let args = ["demo", "--transfers", "60", "--tps", "30"];
    let demos = [start(&args), start(&args)];
    for (mut child, folder, mut log) in demos {
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        log.read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success(), "{text}");
        assert!(text.contains("every rupiah is explained"), "{text}");
        let is_wide = |line: &&str| line.chars().count() > 80;
        assert_eq!(text.lines().find(is_wide), None, "wider than 80 columns");
        assert!(!folder.exists() && processes_of(&folder).is_empty(), "{text}");
    }
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind() {
    let (mut child, folder, mut log) = start(&["demo", "--transfers", "100000"]);
    assert_eq!(processes_of(&folder).len(), 2, "switch and adapter");
    let interrupt = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut text = String::new();
    log.read_to_string(&mut text).unwrap();
    assert!(text.ends_with("interrupted: all processes have ended\n"), "{text}");
    assert!(!folder.exists(), "{text}");
    assert_eq!(processes_of(&folder), Vec::<String>::new());
}

#[test]
fn help_of_the_harness_fits_80_columns() {
    for page in ["demo", "switch"] {
        let help = super::program::run(command(80, &[page, "--help"]), b"").stdout;
        let wide = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{page}");
    }
    assert_eq!(titian(&["demo", "--transfers", "0"]).code, 2);
}
