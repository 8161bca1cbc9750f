//! Exit codes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::program::{ECHO, command, hex_of, titian};

#[test]
fn a_closed_pipe_is_not_a_failure() {
    // More than a pipe holds, so that the program writes after the reader has gone.
    let session = hex_of("fixtures/nusantara/transfer-request.framed.hex").repeat(200);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("session.hex");
    fs::write(&file, session).unwrap();
    let mut child = command(100, &["decode", "--framed", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("frame 1 at byte 0: nusantara 0200 "), "{line}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
#[cfg(target_os = "linux")]
fn an_unwritable_result_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(100, &["decode", ECHO]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(70));
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.starts_with("error: result not written: "), "{line}");
}

#[test]
fn mistyped_commands_and_options_get_a_suggestion() {
    for (args, expected) in [
        (&["decoed"][..], "'decode'"),
        (&["decode", "--frmed"], "'--framed'"),
        (&["encode", "--specs", "x"], "'--spec'"),
        (&["decode", "--format", "jsn"], "'json'"),
    ] {
        let run = titian(args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains(expected), "{args:?}: {}", run.stderr);
    }
    let run = titian(&[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("Usage: titian <COMMAND>"));
}
