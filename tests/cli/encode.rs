//! What `encode` takes, and what it says of what it does not.

use crate::program::{bytes_of, done, fed, titian};

#[test]
fn encode_tells_all_that_is_wrong() {
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
    ];
    let told = wrong.map(|(json, options)| {
        let run = fed(&[&["encode"], options].concat(), json.as_bytes());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{json}");
        format!("{}\n{json}\n{}", options.join(" "), run.stderr)
    });
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn the_short_form_and_subfields_encode_as_the_whole_form() {
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
