//! Faulty profiles: each fault is reported with its key and a correction.

use std::sync::Arc;

use titian::iso8583::Spec;
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
fn a_duplicate_key_has_no_personal_or_secret_element() {
    let (_, good) = Network::SHIPPED[0];
    let key = "duplicate_key = [7, 11, 32]";
    assert!(good.contains(key));
    // DE62 is one that the spec calls private; DE35 is not in the spec.
    for de in [2, 35, 48, 52, 62, 102, 103] {
        let mut elements = vec![7, 11, 32, de];
        elements.sort_unstable();
        let with = good.replace(key, &format!("duplicate_key = {elements:?}"));
        let faults = faults_of(&with);
        let expected = format!("matching.duplicate_key: has DE{de}, which is personal or secret");
        assert!(faults.contains(&expected), "{faults}");
    }
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
fn the_pauses_of_an_exception_grow_from_a_first_one_to_the_longest() {
    let (_, good) = Network::SHIPPED[2];
    let with = |pause: &str| {
        let key = "exception_first_delay = \"10m\"";
        assert!(good.contains(key));
        let text = good.replace(key, &format!("exception_first_delay = \"{pause}\""));
        let read = Network::parse("holdfast.toml", &text, spec("holdfast"), bank());
        read.err().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let fault =
        "holdfast.toml: hold.exception_first_delay: must be between 1ms and exception_max_delay";
    assert_eq!(with("25h"), [fault]);
    assert_eq!(with("0s"), [fault]);
    assert_eq!(with("24h"), [""; 0]);
    let without =
        good.replace("exception_first_delay = \"10m\"\nexception_max_delay = \"24h\"\n", "");
    assert_ne!(without, good);
    let network = Network::parse("holdfast.toml", &without, spec("holdfast"), bank()).unwrap();
    let repeats = &network.rules().status_inquiries().exception_repeats;
    assert_eq!((repeats.first.as_secs(), repeats.longest.as_secs()), (600, 86_400));
}

/// Returns the faults of the profile after some replacements in the profile and the spec.
fn faults_after(profile: &[(&str, &str)], layout: &[(&str, &str)]) -> Vec<String> {
    let replaced = |text: &str, pairs: &[(&str, &str)]| {
        pairs.iter().fold(text.to_owned(), |text, (right, wrong)| {
            assert!(text.contains(right), "{right}");
            text.replace(right, wrong)
        })
    };
    let spec = Spec::parse("nusantara", &replaced(Spec::SHIPPED[0].1, layout)).unwrap();
    let profile = replaced(Network::SHIPPED[0].1, profile);
    let read = Network::parse("nusantara.toml", &profile, Arc::new(spec), bank());
    read.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// A message that cannot be encoded at run time would leave a transfer without its request or its reversal.
#[test]
fn every_message_is_encoded_with_the_shortest_and_the_longest_values_and_decoded_again() {
    assert_eq!(faults_after(&[], &[]), [""; 0]);
    let reversal = Network::SHIPPED[0].1.split("[messages.reversal]").nth(1).unwrap();
    let reversal = reversal.split("\n[").next().unwrap();
    let long_terminal = reversal.replace("{terminal_id:<8}", "{terminal_id:<16}");
    let cases = [
        faults_after(&[(reversal, long_terminal.as_str())], &[]),
        faults_after(&[("18 = \"{merchant_type}\"", "18 = \"ABCD\"")], &[]),
        faults_after(&[("11 = \"{stan}\"\n", "")], &[]),
        faults_after(
            &[(
                "account_holder = { 48 = \"{beneficiary_name:<30}\"",
                "account_holder = { 38 = \"{beneficiary_name:<30}\"",
            )],
            &[],
        ),
        faults_after(
            &[("identity = { 32 = \"{acquirer}\" }", "identity = { 32 = \"BANK\" }")],
            &[],
        ),
    ];
    insta::assert_snapshot!(cases.map(|faults| faults.join("\n")).join("\n\n"));
}

#[test]
fn a_spec_that_cannot_hold_the_values_is_found() {
    let amount = faults_after(
        &[],
        &[(
            "name: amount, id: 4, type: Fixed, len: 12",
            "name: amount, id: 4, type: Fixed, len: 10",
        )],
    );
    // DE48 without subfields, so that only the message shows that it is too short.
    let text = Spec::SHIPPED[0].1;
    let (_, private) = text.split_once("title: Additional data - private").unwrap();
    let (private, _) = private.split_once("- { position: 49").unwrap();
    let short = [
        (private, " }\n          "),
        (
            "class: ans, max: 999, title: Additional data - private",
            "class: ans, min: 120, max: 999, title: Additional data - private",
        ),
    ];
    let names = faults_after(&[], &short);
    insta::assert_snapshot!([amount, names].map(|faults| faults.join("\n")).join("\n\n"));
}

#[test]
fn a_response_code_to_a_reversal_has_one_class() {
    let faults =
        faults_after(&[("not_found = [\"25\", \"76\"]", "not_found = [\"25\", \"00\"]")], &[]);
    assert_eq!(
        faults,
        ["nusantara.toml: reversal: response code 00 is listed twice: keep one class"]
    );
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
