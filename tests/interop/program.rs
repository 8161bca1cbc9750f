//! `titian switch` as its operator has it: how it starts and ends, what it refuses, files and the admin interface.

use std::fmt::Write;
use std::fs;
use std::net::TcpStream;
use std::thread;

use crate::bank::Bank;
use crate::simulator::{Simulator, titian};

/// Exit code and what was said of a run that ends by itself.
fn refused(arguments: &[&str]) -> String {
    let output = titian(arguments).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), told.lines().count()), (Some(2), 1), "{told}");
    assert!(output.stdout.is_empty());
    told
}

#[test]
fn it_starts_with_its_addresses_and_stops_when_it_is_told_to() {
    for codec in ["native", "reference"] {
        let switch = Simulator::start("rendezvous", &["--codec", codec]);
        assert_ne!(switch.listen.port(), 0);
        assert_eq!(switch.state()["lines"]["connections"], 0);
        let (code, log) = switch.stop();
        assert_eq!(code, Some(0), "{codec}");
        assert!(log.contains("stopped"), "{log}");
    }
}

#[test]
fn the_process_of_the_reference_codec_ends_with_the_one_that_started_it() {
    let switch = Simulator::start("nusantara", &["--codec", "reference"]);
    let admin = switch.admin;
    assert!(TcpStream::connect(admin).is_ok());
    switch.kill();
    while TcpStream::connect(admin).is_ok() {
        thread::yield_now();
    }
}

#[test]
fn bad_use_is_told_in_a_line() {
    let switch = Simulator::start("nusantara", &[]);
    let taken = switch.listen.to_string();
    let told = refused(&["--listen", &taken, "--admin", ":0"]);
    assert_eq!(
        told,
        format!(
            "error: --listen {taken}: in use; stop what listens there, or choose another port\n"
        )
    );
    assert!(refused(&["--listen", "nowhere"]).contains("--listen nowhere: can't listen"));
    let told = refused(&["--network", "nusantra"]);
    assert!(told.contains("did you mean nusantara?"), "{told}");
    assert!(refused(&["--faults", "/does/not/exist.json"]).contains("can't be read"));
}

#[test]
fn faults_of_a_file_with_a_fault_are_told_with_the_rule() {
    let file = std::env::temp_dir().join(format!("titian-faults-{}.json", std::process::id()));
    fs::write(&file, r#"[{"action": "drop_requst"}]"#).unwrap();
    let told = refused(&["--faults", file.to_str().unwrap()]);
    assert!(told.contains("rule 1, action: unknown action `drop_requst`"), "{told}");
    fs::write(&file, r#"[{"chance": 0.5, "action": "drop_request"}]"#).unwrap();
    let switch = Simulator::start("nusantara", &["--faults", file.to_str().unwrap()]);
    assert_eq!(switch.state()["faults"][0]["rule"]["action"], "drop_request");
    fs::remove_file(file).unwrap();
}

#[test]
fn what_the_operator_gets_wrong_is_told_in_json() {
    let switch = Simulator::start("nusantara", &[]);
    let phantom = r#"{"from": "002", "to": "008", "amount_minor": 900}"#;
    assert!(switch.done("POST", "/phantom", phantom)["rrn"].is_string());
    assert_eq!((switch.position("002"), switch.position("008")), (-900, 900));
    let mut told = String::new();
    for (method, path, body) in [
        ("GET", "/nothing", ""),
        ("GET", "/faults", ""),
        ("GET", "/state?first=x", ""),
        ("PUT", "/faults", r#"[{"action": "late"}]"#),
        ("POST", "/inbound", r#"{"kind": "credit", "from": "002"}"#),
        ("POST", "/inbound", r#"{"kind": "repeat", "rrn": "S00000000009"}"#),
        ("POST", "/phantom", r#"{"from": "002", "to": "002", "amount_minor": 1}"#),
        ("PUT", "/traffic", r#"{"per_second": 3}"#),
        ("PUT", "/traffic", r#"{"bank": "213", "per_second": 0}"#),
        ("GET", "/settlement/today.csv", ""),
        ("GET", "/settlement/2026-01-01.csv?bank=002", ""),
        ("GET", "/settlement/2026-01-01.csv?bank=7", ""),
        ("GET", "/settlement/2026-01-01.csv", ""),
    ] {
        let (status, error) = switch.ask(method, path, body);
        writeln!(told, "{method} {path} {body}\n    {status} {error}").unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn settlement_files_are_written_whole_when_a_date_ends() {
    let folder = std::env::temp_dir().join(format!("titian-settlement-{}", std::process::id()));
    let arguments = ["--settlement-dir", folder.to_str().unwrap()];
    let switch = Simulator::start("nusantara", &arguments);
    let mut bank = Bank::join("nusantara", "213", switch.listen).await;
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
    let date = switch.state()["business_date"].as_str().unwrap().to_owned();
    switch.done("POST", "/cutover", "");
    let (_, served) = switch.ask("GET", &format!("/settlement/{date}.csv"), "");
    assert_eq!(fs::read_to_string(folder.join(format!("{date}.csv"))).unwrap(), served);
    assert!(served.ends_with("TOTAL,1,1,500,0,-500\n"), "{served}");

    let _second = Bank::join("nusantara", "014", switch.listen).await;
    let next = switch.state()["business_date"].as_str().unwrap().to_owned();
    switch.done("POST", "/cutover", "");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [format!("{date}.csv"), format!("{next}-014.csv"), format!("{next}-213.csv")];
    assert_eq!(names, expected);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn traffic_comes_to_a_bank_until_it_is_ended() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::join("nusantara", "213", switch.listen).await;
    switch.done("PUT", "/traffic", r#"{"bank": "213", "per_second": 200}"#);
    for _ in 0..20 {
        bank.be_paid().await;
    }
    switch.done("DELETE", "/traffic", "");
    let made = switch.state()["days"][0]["counts"]["transfers"].as_u64().unwrap();
    for _ in 20..made {
        bank.be_paid().await;
    }
    while switch.state()["open_questions"] != 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(switch.position("213"), bank.position);
    assert!(bank.position > 20 * 1_000_000);
}
