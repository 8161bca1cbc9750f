//! What `decode` takes as input.

use std::fs;

use crate::program::{ECHO, TRANSFER, bytes_of, done, fed, hex_of, refused, titian};

#[test]
fn a_message_comes_as_argument_file_or_stdin() {
    let expected = done(titian(&["decode", ECHO]));
    let hex = hex_of(ECHO);
    let spaced: Vec<_> = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]).collect();
    let text = fs::read(ECHO).unwrap();
    let dump = dumped(&bytes_of(&hex));
    for (args, stdin) in [
        (&["decode", &hex][..], &b""[..]),
        (&["decode", &format!("0x{}", hex.to_lowercase())], b""),
        (&["decode", &spaced.join(" ")], b""),
        (&["decode", &spaced.join(":")], b""),
        (&["decode"], &text),
        (&["decode", "-"], &text),
        (&["decode", "-"], &bytes_of(&hex)),
        (&["decode", "-"], dump.as_bytes()),
    ] {
        assert_eq!(done(fed(args, stdin)), expected, "{args:?}");
    }
}

/// A dump as Wireshark copies it.
fn dumped(bytes: &[u8]) -> String {
    let row = |(nth, row): (usize, &[u8])| {
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text =
            row.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' });
        format!("{:04x}   {:<50}{}\n", nth * 16, hex.join(" "), text.collect::<String>())
    };
    bytes.chunks(16).enumerate().map(row).collect()
}

#[test]
fn text_that_may_be_hex_or_the_message_itself_is_what_decodes() {
    let bytes = bytes_of(&hex_of("fixtures/holdfast/echo-request.hex"));
    let text = String::from_utf8(bytes).unwrap();
    let args = ["decode", "--spec", "holdfast"];
    for stdin in [text.clone(), text.clone() + "\n", text + "\r\n"] {
        assert!(done(fed(&args, stdin.as_bytes())).contains("echo test"), "{stdin}");
    }
}

#[test]
fn what_is_no_input_is_told() {
    for (args, stdin, expected) in [
        (&["nosuch.hex"][..], "", "`nosuch.hex`: no such file, and not hex either: character 1"),
        (&["303"], "", "`303`: no such file, and not hex either: 3 hex digits, an odd number"),
        (&[""], "", "``: no such file, and not hex either: it is empty"),
        (&["tests"], "", "tests: can't be read: "),
        (&["-"], "303", "the input has 3 hex digits, an odd number"),
        (
            &["-"],
            "# nothing\n",
            "MTI at byte 0: the message ends here: 4 bytes needed, 0 left; the input is empty",
        ),
        (
            &["-"],
            "",
            "MTI at byte 0: the message ends here: 4 bytes needed, 0 left; the input is empty",
        ),
        (&["--framed"], "", "frame 1 at byte 0: there is none; the input is empty"),
        (
            &["-"],
            "30 32\n30 3g",
            "; it was taken as bytes, not as hex, since character 5 of line 2 is no hex digit",
        ),
        (
            &["--spec", "nusantra"],
            "",
            "--spec nusantra: neither a file nor a spec that ships with titian",
        ),
        (&["--format", "json", "--hex"], "", "--hex adds to the table"),
    ] {
        let line = refused(fed(&[&["decode"], args].concat(), stdin.as_bytes()));
        assert!(line.contains(expected), "{args:?} {stdin:?}: {line}");
    }
}

#[test]
fn a_message_of_another_framing_or_network_gets_a_hint() {
    let hint = |args: &[&str]| {
        let line = refused(titian(&[&["decode"], args].concat()));
        line.rsplit("; ").next().unwrap().to_owned()
    };
    let framed = "fixtures/nusantara/transfer-request.framed.hex";
    assert_eq!(hint(&[framed]), "decodes with --framed");
    assert_eq!(hint(&["--framed", TRANSFER]), "decodes without --framed");
    assert_eq!(
        hint(&["fixtures/holdfast/transfer-request.framed.hex"]),
        "decodes with --spec holdfast --framed"
    );
    let sure = hint(&["--spec", "nusantara", "fixtures/holdfast/transfer-request.hex"]);
    assert!(!sure.contains("decodes with"), "the user said which spec: {sure}");
}

#[test]
fn a_spec_may_be_a_file() {
    let args = ["decode", "--spec", "specs/holdfast.yaml", "fixtures/holdfast/echo-request.hex"];
    assert!(done(titian(&args)).starts_with("holdfast 0800"));
    let faulty = titian(&["decode", "--spec", "Cargo.toml", "30"]);
    assert_eq!((faulty.code, faulty.stdout.as_str()), (2, ""));
    assert!(faulty.stderr.starts_with("error: Cargo.toml:"), "{}", faulty.stderr);
}
