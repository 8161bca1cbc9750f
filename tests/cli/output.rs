//! The complete output of the program, as snapshots.

use super::program::{command, fed, hex_of, run, titian};

/// A fixture as a table.
fn table(columns: usize, network: &str, name: &str, options: &[&str]) -> String {
    let path = format!("fixtures/{network}/{name}.hex");
    let args = [&["decode", "--spec", network, &path], options].concat();
    let run = run(command(columns, &args), b"");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout
}

#[test]
fn a_transfer_request() {
    insta::assert_snapshot!(table(100, "nusantara", "transfer-request", &[]));
}

#[test]
fn a_transfer_request_revealed_on_a_wide_page() {
    insta::assert_snapshot!(table(140, "nusantara", "transfer-request", &["--reveal"]));
}

#[test]
fn a_transfer_request_on_a_narrow_page() {
    insta::assert_snapshot!(table(80, "nusantara", "transfer-request", &[]));
}

#[test]
fn a_reversal_advice_with_its_bytes() {
    insta::assert_snapshot!(table(100, "nusantara", "reversal-advice", &["--hex"]));
}

#[test]
fn a_reconciliation_request() {
    insta::assert_snapshot!(table(100, "nusantara", "reconciliation-request", &[]));
}

#[test]
fn a_key_change_request_with_its_bytes() {
    insta::assert_snapshot!(table(100, "nusantara", "key-change-request", &["--hex"]));
}

#[test]
fn a_financial_advice_with_tags() {
    insta::assert_snapshot!(table(120, "rendezvous", "financial-advice", &[]));
}

#[test]
fn a_message_of_all_elements_revealed() {
    insta::assert_snapshot!(table(
        100,
        "rendezvous",
        "financial-advice-all-elements",
        &["--reveal"]
    ));
}

#[test]
fn frames_with_a_keep_alive_between() {
    let [echo, response] = ["echo-request", "transfer-response-approved"]
        .map(|name| hex_of(&format!("fixtures/holdfast/{name}.framed.hex")));
    let args = ["decode", "--spec", "holdfast", "--framed"];
    insta::assert_snapshot!(fed(&args, format!("{echo}0000{response}").as_bytes()).stdout);
}

#[test]
fn help() {
    let pages = [
        &["--help"][..],
        &["decode", "--help"],
        &["decode", "-h"],
        &["encode", "--help"],
        &["encode", "-h"],
        &["bench", "--help"],
        &["verify", "--help"],
        &["export", "--help"],
        &["archive", "--help"],
        &["keys", "--help"],
        &["keys", "new", "--help"],
        &["keys", "list", "--help"],
        &["keys", "public", "--help"],
    ];
    let pages = pages.map(|args| format!("$ titian {}\n{}", args.join(" "), titian(args).stdout));
    insta::assert_snapshot!(pages.join("\n"));
}
