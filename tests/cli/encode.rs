//! The input of `encode`, and its errors.

use super::program::{bytes_of, done, fed, titian};

#[test]
fn encode_reports_all_errors() {
    let wrong = [
        ("", &[][..]),
        ("{\"mti\": \"0200\",}", &[]),
        ("3", &[]),
        ("{}", &[]),
        (r#"{"mti": 200, "fields": []}"#, &[]),
        (r#"{"mti": "0900", "feilds": {}, "fields": {"7": "1"}}"#, &[]),
        (
            r#"{"mti": "0800", "mti": "0800", "fields": {
                "7": "1124032000", "007": "1124032000", "11": 549, "70": "3010", "5": "1", "65": "1",
                "100": {"valeu": "1"}, "nme": "x"}}"#,
            &[],
        ),
        (
            r#"{"mti": "0200", "fields": {
                "2": "936002******7780", "3": {"name": "amount", "value": "401000"}, "4": "12.50",
                "39": {"title": "Answer", "value": "00"}, "43": "CAF\u00c9", "52": "0011",
                "48": {"subfields": {"beneficiary_name": "SITI", "sender_name": "BUDI"}},
                "90": {"subfields": {"original_mti": "0200", "original_stan": "12x"}},
                "97": "E123", "100": {"value": "9", "subfields": {"a": "1"}}, "103": ""}}"#,
            &[],
        ),
        (
            r#"{"mti": "0200", "fields": {
                "48": {"value": "SITI                          ", "subfields": {"beneficiary_name": "BUDI"}},
                "90": {"subfields": {"original_mti": "0200", "original_mti": "0200", "orignal_stan": "1"}}}}"#,
            &[],
        ),
        (
            r#"{"mti": "0200", "fields": {"63": {"subfields": {"001": "SAL*", "002": 1}},
                "90": {"subfields": {"original_mti": "0200"}}}}"#,
            &["--spec", "rendezvous"],
        ),
        (
            r#"[{"mti": "0800", "fields": {"11": "1"}}, {"keep_alive": true}]"#,
            &["--spec", "rendezvous", "--framed"],
        ),
        (
            r#"{"mti": "0800", "header": "ISO", "fields": {"11": "1"}}"#,
            &["--spec", "holdfast", "--framed"],
        ),
        (r#"{"keep_alive": true}"#, &["--spec", "holdfast"]),
        (
            r#"{"keep_alive": true, "mti": "0800", "fields": {}}"#,
            &["--spec", "holdfast", "--framed"],
        ),
        (
            r#"{"mti": "0800", "header": "ISO005000010", "fields": {"11": ""}}"#,
            &["--spec", "holdfast"],
        ),
        (
            r#"{"mti": "0200", "fields": {"4": "", "41": "123456789", "97": "C12345678901234x6",
                "63": {"subfields": {"9360021300417780": "1", "1": "2"}}}}"#,
            &["--spec", "rendezvous"],
        ),
    ];
    let reports = wrong.map(|(json, options)| {
        let run = fed(&[&["encode"], options].concat(), json.as_bytes());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{json}");
        format!("{}\n{json}\n{}", options.join(" "), run.stderr)
    });
    insta::assert_snapshot!(reports.join("\n"));
}

#[test]
fn the_short_form_and_subfields_encode_like_the_long_form() {
    let json = r#"{"mti": "0200", "fields": {
        "48": {"subfields": {"sender_name": "BUDI", "beneficiary_name": "SITI", "customer_reference": "R1"}},
        "3": "401000", "4": {"value": "125000", "name": "amount", "title": "Amount, transaction"}}}"#;
    let hex = done(fed(&["encode"], json.as_bytes()));
    let json = done(titian(&["decode", "--reveal", "--format", "json", hex.trim()]));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["fields"]["4"]["value"], "000000125000");
    assert_eq!(value["fields"]["48"]["value"], format!("{:30}{:16}{:30}", "SITI", "R1", "BUDI"));
    let tagged =
        r#"{"mti": "0200", "fields": {"63": {"subfields": {"003": "WEB", "001": "SALA"}}}}"#;
    let hex = done(fed(&["encode", "--spec", "rendezvous"], tagged.as_bytes()));
    assert!(bytes_of(hex.trim()).ends_with(b"019003003WEB001004SALA"), "{hex}");
}

#[test]
fn an_array_of_messages_round_trips() {
    let echo = |stan: &str| {
        format!(
            r#"{{"mti": "0800", "fields": {{"7": "1124032000", "11": "{stan}", "70": "301"}}}}"#
        )
    };
    let json = format!("\u{feff}[{}, {}]", echo("1"), echo("2"));
    let hex = done(fed(&["encode"], json.as_bytes()));
    assert_eq!(hex.lines().count(), 2);
    for args in [&["decode", "--format", "json"][..], &["decode", "--format", "json", hex.trim()]] {
        let json = done(fed(args, hex.as_bytes()));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let stan = |nth: usize| value[nth]["fields"]["11"]["value"].as_str().unwrap();
        assert_eq!((stan(0), stan(1)), ("000001", "000002"));
        assert_eq!(done(fed(&["encode"], json.as_bytes())), hex);
    }
    let broken_over_lines = hex.lines().next().unwrap().split_at(20);
    let text = format!("{}\n{}\n", broken_over_lines.0, broken_over_lines.1);
    assert!(done(fed(&["decode"], text.as_bytes())).contains("000001"), "one message");
}

#[test]
fn a_value_that_looks_masked_is_accepted_with_as_given() {
    let json = r#"{"mti": "0200", "fields": {"102": "****1234"}}"#;
    assert_eq!(fed(&["encode"], json.as_bytes()).code, 2);
    let hex = done(fed(&["encode", "--as-given"], json.as_bytes()));
    assert!(bytes_of(hex.trim()).ends_with(b"08****1234"), "{hex}");
}
