//! The input of `decode`.

use std::fs;

use super::program::{ECHO, TRANSFER, bytes_of, done, fed, hex_of, refused, titian};

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

/// Returns a dump as Wireshark copies it.
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
fn ambiguous_text_is_read_as_what_decodes() {
    let bytes = bytes_of(&hex_of("fixtures/holdfast/echo-request.hex"));
    let text = String::from_utf8(bytes).unwrap();
    let args = ["decode", "--spec", "holdfast"];
    for stdin in [text.clone(), text.clone() + "\n", text + "\r\n"] {
        assert!(done(fed(&args, stdin.as_bytes())).contains("echo test"), "{stdin}");
    }
}

#[test]
fn invalid_input_is_reported() {
    for (args, stdin, expected) in [
        (&["nosuch.hex"][..], "", "`nosuch.hex`: not a file, and not hex: character 1"),
        (&["303"], "", "`303`: not a file, and not hex: 3 hex digits, an odd number"),
        (&[""], "", "``: not a file, and not hex: the argument is empty"),
        (&["tests"], "", "tests: cannot read"),
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
        (&["--framed"], "", "frame 1 at byte 0: the input has no frame; the input is empty"),
        (
            &["-"],
            "30 32\n30 3g",
            "; the input was read as raw bytes because it is not hex: character 5 of line 2 is not a hex digit",
        ),
        (&["--spec", "nusantra"], "", "--spec nusantra: not a file and not a shipped spec"),
        (&["--format", "json", "--hex"], "", "--hex can't be combined with --format json"),
    ] {
        let line = refused(fed(&[&["decode"], args].concat(), stdin.as_bytes()));
        assert!(line.contains(expected), "{args:?} {stdin:?}: {line}");
    }
}

#[test]
fn a_message_of_another_framing_or_network_yields_a_hint() {
    let hint = |args: &[&str]| {
        let line = refused(titian(&[&["decode"], args].concat()));
        line.rsplit("; ").next().unwrap().to_owned()
    };
    let framed = "fixtures/nusantara/transfer-request.framed.hex";
    assert_eq!(hint(&[framed]), "the input is valid with --framed");
    assert_eq!(hint(&["--framed", TRANSFER]), "the input is valid without --framed");
    assert_eq!(
        hint(&["fixtures/holdfast/transfer-request.framed.hex"]),
        "the input is valid with --spec holdfast --framed"
    );
    let explicit = hint(&["--spec", "nusantara", "fixtures/holdfast/transfer-request.hex"]);
    assert!(!explicit.contains("is valid with"), "the user chose the spec: {explicit}");
}

#[test]
fn a_spec_may_be_a_file() {
    let args = ["decode", "--spec", "specs/holdfast.yaml", "fixtures/holdfast/echo-request.hex"];
    assert!(done(titian(&args)).starts_with("holdfast 0800"));
    let faulty = titian(&["decode", "--spec", "Cargo.toml", "30"]);
    assert_eq!((faulty.code, faulty.stdout.as_str()), (2, ""));
    assert!(faulty.stderr.starts_with("error: Cargo.toml:"), "{}", faulty.stderr);
}
