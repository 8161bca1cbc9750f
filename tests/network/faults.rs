//! Profiles with faults: each is found, with its key and what would be right.

use titian::network::Network;

use crate::{bank, spec};

fn faults_of(text: &str) -> String {
    let faults = Network::parse("nusantara.toml", text, spec("nusantara"), bank()).unwrap_err();
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_fault_of_a_profile_is_found_at_once() {
    let (_, good) = Network::SHIPPED[0];
    let broken = [
        ("utc_offset = \"+07:00\"", "utc_offset = \"7\""),
        ("inbound = \"debit\"", "inbound = \"debt\""),
        ("retry = [\"90\", \"91\"]", "retry = [\"90\", \"51\", \"9\"]"),
        ("response = \"30s\"", "response = \"30 s\""),
        ("jitter_percent = 20", "jitter_percent = 120"),
        ("not_found_limit = 10", "not_found_limt = 10"),
        ("answer_within = \"20s\"", ""),
        ("echoed = [2, 3, 4, 102, 103]", "echoed = [4, 3]"),
        ("37 = \"{rrn}\"", "37 = \"{rnn}\""),
        ("4 = \"{amount:0>12}\"", "4 = \"{amount:12}\""),
        ("message = \"0420\"", "message = \"0440\""),
        ("38 = \"{stan}\"", "38 = \"{rrn}\""),
        ("22 = \"012\"", "222 = \"012\""),
        ("identity = { 32 = \"{acquirer}\" }", "identity = { 41 = \"x\", 33 = \"{rrn}\" }"),
        ("keys = [7, 11, 32, 41]", "keys = [7, 11, 32, 62, 63]"),
        ("echo = [7, 11, 15, 70]", "echo = [7, 11, 41, 70]"),
        ("management_request = \"\"", "management_request = \"ISO\""),
        ("management_answer = \"\"", "management_answer = \"0xG\""),
        ("echoes_lost = 2", "echoes_lost = 0"),
        ("sign_on = \"we\"", "sign_on = \"us\""),
    ];
    let text = broken.iter().fold(good.to_owned(), |text, (right, wrong)| {
        assert!(text.contains(right), "{right}");
        text.replace(right, wrong)
    });
    insta::assert_snapshot!(faults_of(&text));
}

#[test]
fn a_network_reverses_or_holds() {
    let (_, good) = Network::SHIPPED[0];
    let begin = good.find("[reversal]").unwrap();
    let end = good.find("# What we answer to what").unwrap();
    let neither = format!("{}{}", &good[..begin], &good[end..]);
    let faults = faults_of(&neither);
    assert!(faults.contains("hold: is missing"), "{faults}");
}

#[test]
fn answers_are_matched_by_what_every_request_and_its_answer_may_have() {
    let (_, good) = Network::SHIPPED[0];
    let faults = faults_of(&good.replace("keys = [7, 11, 32, 41]", "keys = [7, 11, 17]"));
    assert!(
        faults.contains("session.keys: DE17 is no data element of 0200 in spec nusantara"),
        "{faults}"
    );
}
