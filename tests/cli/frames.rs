//! Sessions of several frames.

use super::program::{done, fed, hex_of};

/// Two messages with a keep-alive between them.
fn session() -> String {
    let [first, second] = ["echo-request", "transfer-request"]
        .map(|name| hex_of(&format!("fixtures/holdfast/{name}.framed.hex")));
    format!("{first}0000{second}")
}

const FRAMED: [&str; 4] = ["decode", "--spec", "holdfast", "--framed"];

#[test]
fn several_frames_are_an_array_that_encodes_to_the_same_frames() {
    let args = [&FRAMED[..], &["--format", "json", "--reveal"]].concat();
    let json = done(fed(&args, session().as_bytes()));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value[0]["header"], "ISO005000010");
    assert_eq!(value[1], serde_json::json!({ "keep_alive": true }));
    assert_eq!(value[2]["mti"], "0200");
    let hex = done(fed(&["encode", "--spec", "holdfast", "--framed"], json.as_bytes()));
    assert_eq!(hex.lines().collect::<String>(), session());
}

#[test]
fn what_comes_before_a_wrong_frame_is_shown() {
    let session = session();
    let cut = &session[..session.len() - 2];
    let wrong_value = session.replacen("393336303035", "393336303041", 1);
    for (stdin, expected) in [
        (cut, "frame 3 at byte 72: the stream ended after 334 of the 335 bytes of a frame"),
        (
            &wrong_value,
            "frame 3, message from byte 86: DE2 (pan) at byte 43: class n allows digits",
        ),
        (&format!("{session}00"), "frame 4 at byte 407: the stream ended after 1 of the 2 bytes"),
    ] {
        let run = fed(&FRAMED, stdin.as_bytes());
        assert_eq!(run.code, 2);
        assert_eq!(run.stderr.lines().count(), 1);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        assert!(run.stdout.contains("0800 network management request"), "{}", run.stdout);
        assert!(run.stdout.contains("keep-alive"), "{}", run.stdout);
        let json = fed(&[&FRAMED[..], &["--format", "json"]].concat(), stdin.as_bytes());
        let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert!(value.as_array().unwrap().len() >= 2);
    }
}
