//! Faulty profiles: each fault is reported with its key and a correction.

use std::sync::Arc;

use titian::network::Network;

use super::{bank, spec};

fn faults_of(text: &str) -> String {
    let faults = Network::parse("nusantara.toml", text, spec("nusantara"), bank()).unwrap_err();
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn all_faults_of_a_profile_are_reported_at_once() {
    let (_, good) = Network::SHIPPED[0];
    let broken = [
        ("utc_offset = \"+07:00\"", "utc_offset = \"7\""),
        ("inbound = \"debit\"", "inbound = \"debt\""),
        ("retry = [\"90\", \"91\"]", "retry = [\"90\", \"51\", \"9\"]"),
        ("response = \"30s\"", "response = \"30 s\""),
        ("jitter_percent = 20", "jitter_percent = 120"),
        ("not_found_limit = 10", "not_found_limt = 10"),
        ("respond_within = \"20s\"", ""),
        ("echoed = [2, 3, 4, 102, 103]", "echoed = [4, 3]"),
        ("37 = \"{rrn}\"", "37 = \"{rnn}\""),
        ("4 = \"{amount:0>12}\"", "4 = \"{amount:12}\""),
        ("mti = \"0420\"", "mti = \"0440\""),
        ("38 = \"{stan}\"", "38 = \"{rrn}\""),
        ("22 = \"012\"", "222 = \"012\""),
        ("identity = { 32 = \"{acquirer}\" }", "identity = { 41 = \"x\", 33 = \"{rrn}\" }"),
        ("response_key = [7, 11, 32, 41]", "response_key = [7, 11, 32, 62, 63]"),
        ("echo = [7, 11, 15, 70]", "echo = [7, 11, 41, 70]"),
        ("management_request = \"\"", "management_request = \"ISO\""),
        ("management_response = \"\"", "management_response = \"0xG\""),
        ("lost_echo_limit = 2", "lost_echo_limit = 0"),
        ("sign_on_by = \"bank\"", "sign_on_by = \"us\""),
    ];
    let text = broken.iter().fold(good.to_owned(), |text, (right, wrong)| {
        assert!(text.contains(right), "{right}");
        text.replace(right, wrong)
    });
    insta::assert_snapshot!(faults_of(&text));
}

#[test]
fn a_profile_has_a_reversal_or_a_hold_section() {
    let (_, good) = Network::SHIPPED[0];
    let begin = good.find("[reversal]").unwrap();
    let end = good.find("# Response codes that we send").unwrap();
    let neither = format!("{}{}", &good[..begin], &good[end..]);
    let faults = faults_of(&neither);
    assert!(faults.contains("hold: is missing"), "{faults}");
}

#[test]
fn the_response_key_consists_of_elements_of_every_request_and_response() {
    let (_, good) = Network::SHIPPED[0];
    let faults =
        faults_of(&good.replace("response_key = [7, 11, 32, 41]", "response_key = [7, 11, 17]"));
    assert!(
        faults.contains("session.response_key: spec nusantara does not define DE17 in 0200"),
        "{faults}"
    );
}

#[test]
fn a_response_code_has_one_class() {
    let (_, good) = Network::SHIPPED[2];
    let twice = good.replace(
        "approved = [\"00\"]\ndeclined = [\"03\"",
        "approved = [\"00\"]\ndeclined = [\"00\", \"03\"",
    );
    assert_ne!(twice, good);
    let faults = Network::parse("holdfast.toml", &twice, spec("holdfast"), bank()).unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["holdfast.toml: hold: response code 00 is listed twice: keep one class"]);
}

#[test]
fn the_subfields_of_the_original_have_the_names_that_the_program_reads() {
    let (_, good) = Network::SHIPPED[0];
    let (_, text) = titian::iso8583::Spec::SHIPPED[0];
    let renamed = text.replace("name: original_stan", "name: orig_stan");
    let renamed = Arc::new(titian::iso8583::Spec::parse("nusantara", &renamed).unwrap());
    let faults = Network::parse("nusantara.toml", good, renamed, bank()).unwrap_err();
    let faults = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(
        faults.contains("inbound.reversals: spec nusantara: the subfields of DE90 must be")
            && faults.contains("orig_stan"),
        "{faults}"
    );
}

#[test]
fn a_profile_says_how_reversals_of_the_switch_are_understood() {
    let (_, good) = Network::SHIPPED[0];
    let faults = faults_of(&good.replace("partial = \"accepted\"", "partial = \"yes\""));
    assert!(faults.contains("inbound.reversals.partial"), "{faults}");
    let begin = good.find("# Reversals of the switch").unwrap();
    let end = good.find("# How messages are matched.").unwrap();
    let faults = faults_of(&format!("{}{}", &good[..begin], &good[end..]));
    assert!(faults.contains("inbound.reversals: is missing"), "{faults}");
}
