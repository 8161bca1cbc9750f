//! The faults of invalid specs: every one is reported with its line and key.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use titian::iso8583::{Spec, SpecError, SpecFault};

const SPEC: &str = "\
name: test
id: 0
framing: { length: big2 }
header_fields:
  - { name: mti, id: 0, type: Fixed, len: 4, data_encoding: ASCII }
messages:
  - name: all
    id: 0
    selector: [\"0200\"]
    fields:
      - { name: message_type, id: 0, type: Fixed, len: 4, data_encoding: ASCII }
      - name: bitmap
        id: 0
        type: Bitmapped
        len: 0
        data_encoding: BINARY
        children:
          - { name: pan, id: 0, position: 2, ELEMENT }
";

const PLAIN: &str = "type: Fixed, len: 4, data_encoding: ASCII, class: n";

/// Returns the spec with some of its text replaced.
fn spec(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(SPEC.replace("ELEMENT", PLAIN), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// Returns the spec with one element with this layout.
fn element(layout: &str) -> String {
    SPEC.replace("ELEMENT", layout)
}

fn faults(text: &str) -> Vec<SpecFault> {
    match Spec::parse("test", text) {
        Ok(_) => Vec::new(),
        Err(SpecError::Faulty { faults, .. }) => faults,
        Err(SpecError::Unreadable { .. }) => panic!("no file was read"),
    }
}

/// Lists the faults of each spec under its invalid text.
fn table<'c>(cases: impl IntoIterator<Item = (&'c str, String)>) -> String {
    let mut table = String::new();
    for (wrong, text) in cases {
        writeln!(table, "{wrong}").unwrap();
        for SpecFault { line, key, reason } in faults(&text) {
            writeln!(table, "    {line}: {key}: {reason}").unwrap();
        }
    }
    table
}

#[test]
fn the_base_spec_is_valid() {
    assert_eq!(faults(&spec(&[])), []);
}

#[test]
fn faults_outside_elements() {
    let file = [
        "",
        "- a list",
        "name: [unclosed",
        "name: one\n---\nname: two",
        "? [a list]\n: 1",
        "name: *nowhere",
        "name: {}\nnmae: test\nname: again",
    ];
    let changes: [&[(&str, &str)]; 29] = [
        &[("test", "\"te\\e[2Jst\"")],
        &[("id: 0", "id: many")],
        &[("id: 0", "id: 4294967296")],
        &[("id: 0", "id: \"0\"")],
        &[("framing: { length: big2 }", "framing: big2")],
        &[("length: big2", "")],
        &[(
            "big2",
            "big3, counts: itself, keep_alive: perhaps, header: tdpu, trailer: 3, max: 70000",
        )],
        &[("big2", "decimal4, counts: [trailer, self], max: 12000")],
        &[("big2", "big2, header: { pattern: \"\", hexx: 60 }")],
        &[("big2", "big2, header: { hex: 6x }")],
        &[("big2", "big2, header: tpdu, max: 5")],
        &[(
            "framing:",
            "pan_digits: 7\ncurrencies: { \"36\": { name: IDR, decimals: 5 }, \"840\": {} }\nframing:",
        )],
        &[("name: mti", "name: mti-0"), ("Fixed, len: 4", "Variable, len: 2")],
        &[("  - { name: mti, id: 0, type: Fixed, len: 4, data_encoding: ASCII }", "  []")],
        &[("len: 4, data_encoding: ASCII", "len: 2, data_encoding: BCD")],
        &[("data_encoding: ASCII", "data_encoding: ASCII, code_page: \"037\"")],
        &[("data_encoding: BINARY", "data_encoding: BCD\n        code_page: \"1047\"")],
        &[("len: 0", "len: 8"), ("Bitmapped", "Fixed")],
        &[("name: message_type", "name: mti"), ("name: bitmap", "name: bits")],
        &[("[\"0200\"]", "[]")],
        &[("[\"0200\"]", "[0200, \"0210\", \"0210\", \"02x0\", [\"0220\"]]")],
        &[("selector", "selectors")],
        &[("messages:", "messages: []\nmore:")],
        &[("    id: 0\n", "")],
        &[(
            "      - { name: message_type, id: 0, type: Fixed, len: 4, data_encoding: ASCII }\n",
            "",
        )],
        &[("          - { name", "          - pan\n          - { name")],
        &[("children", "childs")],
        &[("position: 2", "position: 65"), ("name: pan", "name: 2pan")],
        &[(
            "          - {",
            "          - &x { name: pan, id: 0, position: 3, LAYOUT }\n          - *x\n          - {",
        )],
    ];
    let layout = |text: String| text.replace("LAYOUT", PLAIN);
    let edited = changes.map(|changes| {
        let wrong: Vec<_> = changes.iter().map(|(_, to)| to.trim()).collect();
        (wrong.join(" … ").replace('\n', "⏎"), layout(spec(changes)))
    });
    let file = file.map(|text| (text.replace('\n', "⏎"), text.to_owned()));
    let all = file.iter().chain(&edited).map(|(wrong, text)| (wrong.as_str(), text.clone()));
    insta::assert_snapshot!(table(all));
}

#[test]
fn faults_of_elements() {
    let text = "data_encoding: ASCII, class: ans";
    let fixed = "type: Fixed, len: 4, data_encoding: ASCII";
    let bcd = "type: Fixed, data_encoding: BCD, class: n";
    let variable = "type: Variable, len: 2, len_encoding: ASCII, data_encoding: ASCII";
    let cases = [
        "tpye: Fixed".to_owned(),
        "type: fixed, len: four, data_encoding: ascii, class: N, min: -1, max: 1.5".to_owned(),
        format!("type: Fixed, len: 0, {text}"),
        format!("type: Fixed, len: 70000, {text}"),
        format!("type: Fixed, len: 3, {text}, min: 1, max: 3, len_encoding: ASCII, length_in: bytes"),
        "type: Fixed, len: 3, data_encoding: ASCII, class: b".to_owned(),
        "type: Fixed, len: 3, data_encoding: BINARY, class: n, pad: left, digits: 5".to_owned(),
        "type: Fixed, len: 3, data_encoding: BCD, class: an, code_page: \"037\"".to_owned(),
        format!("{bcd}, len: 3, digits: 4"),
        format!("{bcd}, len: 65535"),
        format!("type: Variable, len: 2, {text}"),
        format!("type: Variable, len: 5, len_encoding: ASCII, {text}, max: 9, digits: 9"),
        format!("type: Variable, len: 3, len_encoding: BINARY, {text}, max: 70000"),
        format!("{variable}, class: ans, min: 9, max: 8"),
        format!("{variable}, class: ans, max: 100"),
        format!("{variable}, class: ans, max: 0"),
        "type: Variable, len: 1, len_encoding: BCD, data_encoding: BCD, class: n, max: 9, length_in: bytes".to_owned(),
        format!("{fixed}, class: n, len: 5"),
        format!("{fixed}, class: n, sensitive: pam, format: MMDDhhmm, title: [a]"),
        format!("{fixed}, class: n, format: hhmmss"),
        format!("{fixed}, class: an, format: amount"),
        format!("{fixed}, class: n, meanings: {{ \"0001\": one, \"001\": one, 00A1: one, \"0002\": [two] }}"),
        format!("{fixed}, class: b, meanings: {{ 0A0B: one, 0a0b: two, \"0A\": three }}"),
        format!("{fixed}, class: b, subfields: []"),
    ];
    let cases: Vec<_> = cases.iter().map(|case| (case.as_str(), element(case))).collect();
    insta::assert_snapshot!(table(cases));
}

#[test]
fn faults_of_subfields() {
    let fixed = "type: Fixed, len: 4, data_encoding: ASCII, class: n, subfields: ";
    let variable = "type: Variable, len: 2, len_encoding: ASCII, data_encoding: ASCII, max: 20, ";
    let cases = [
        format!("{fixed}[]"),
        format!("{fixed}[{{ len: x }}, {{ name: b, len: 0, class: n, optoinal: true }}, c]"),
        format!("{fixed}[{{ name: a, len: 2, class: n }}, {{ name: b, len: 3, class: n }}]"),
        format!(
            "{fixed}[{{ name: a, len: 2, class: n }}, {{ name: b, len: 2, class: n, optional: true }}]"
        ),
        format!("{fixed}[{{ name: a, len: 2, class: an }}, {{ name: b, len: 2, class: b }}]"),
        format!(
            "{variable}class: ans, subfields: [{{ name: a, len: 2, class: n, optional: true }}, \
             {{ name: a, len: 4, class: n, format: hhmmss, meanings: {{ \"1\": one }} }}]"
        ),
        format!(
            "{variable}class: x+n, subfields: [{{ name: a, len: 2, class: x+n }}, {{ name: b, len: 2, class: x+n }}]"
        ),
        format!("{variable}class: ans, subfields: {{ tag: 0, length: 5 }}"),
        format!(
            "{variable}class: a, subfields: {{ tag: 1, length: 1, tags: {{ A: {{ name: a, class: a, max: 1 }} }} }}"
        ),
        format!(
            "{variable}class: ans, subfields: {{ tag: 2, length: 1, tags: {{ A: {{ name: a, class: ans, max: 9 }}, \
             \u{c4}\u{c4}: {{ class: z, max: 10 }}, BB: {{ name: b b, class: n, max: 9, format: MMDDhhmmss }} }} }}"
        ),
        format!(
            "{variable}class: ans, subfields: {{ tag: 2, length: 2, tags: {{ AA: {{ name: a, class: ans, max: 17 }} }} }}"
        ),
    ];
    let cases: Vec<_> = cases.iter().map(|case| (case.as_str(), element(case))).collect();
    insta::assert_snapshot!(table(cases));
}

#[test]
fn a_file_that_exceeds_the_limit_is_not_read() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("long.yaml");
    let long = format!("{}#{}", spec(&[]), "-".repeat(1 << 20));
    fs::write(&file, &long[..1 << 20]).unwrap();
    assert!(Spec::load(&file).is_ok());
    fs::write(&file, long).unwrap();
    let error = Spec::load(&file).unwrap_err().to_string();
    assert!(error.ends_with("long.yaml: can't read the file: the file exceeds 1 MiB"), "{error}");
}

#[test]
fn a_fault_behind_two_aliases_is_reported_once() {
    let second = "  - name: other
    id: 0
    selector: [\"0800\"]
    fields:
      - { name: message_type, id: 0, type: Fixed, len: 4, data_encoding: ASCII }
      - { name: bitmap, id: 0, type: Bitmapped, len: 0, data_encoding: BINARY, children: [*x, { name: one }, { name: two }] }
";
    let text = spec(&[(
        "- { name: pan, id: 0, position: 2, type: Fixed, len: 4",
        "- &x { name: pan, id: 0, position: 2, len: 0",
    )]);
    insta::assert_snapshot!(table([("an alias, and two elements in a line", text + second)]));
}
