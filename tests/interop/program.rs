//! `titian switch` as a program: start and stop, errors, settlement files and the admin interface.

use std::fmt::Write;
use std::fs;
use std::net::TcpStream;
use std::thread;

use super::bank::Bank;
use super::simulator::{Simulator, titian};

/// Runs the program with wrong arguments. Returns its error.
fn refused(arguments: &[&str]) -> String {
    let output = titian(arguments).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
    assert!(output.stdout.is_empty());
    errors
}

#[test]
fn it_logs_its_addresses_at_the_start_and_stops_on_sigterm() {
    for codec in ["native", "reference"] {
        let switch = Simulator::start("rendezvous", &["--codec", codec]);
        assert_ne!(switch.listen.port(), 0);
        assert_eq!(switch.state()["connections"]["open"], 0);
        let (code, log) = switch.stop();
        assert_eq!(code, Some(0), "{codec}");
        assert!(log.contains("stopped"), "{log}");
    }
}

#[test]
fn the_process_of_the_reference_codec_ends_with_its_parent() {
    let switch = Simulator::start("nusantara", &["--codec", "reference"]);
    let admin = switch.admin;
    assert!(TcpStream::connect(admin).is_ok());
    switch.kill();
    while TcpStream::connect(admin).is_ok() {
        thread::yield_now();
    }
}

#[test]
fn wrong_arguments_are_an_error_of_one_line() {
    let switch = Simulator::start("nusantara", &[]);
    let taken = switch.listen.to_string();
    let errors = refused(&["--listen", &taken, "--admin", ":0"]);
    assert_eq!(
        errors,
        format!(
            "error: --listen {taken}: address in use; stop the process that listens there, or choose another port\n"
        )
    );
    assert!(refused(&["--listen", "nowhere"]).contains("--listen nowhere: cannot listen"));
    let errors = refused(&["--network", "nusantra"]);
    assert!(errors.contains("did you mean nusantara?"), "{errors}");
    assert!(refused(&["--faults", "/does/not/exist.json"]).contains("cannot read the file"));
}

#[test]
fn an_error_in_a_file_of_fault_rules_names_the_rule() {
    let file = std::env::temp_dir().join(format!("titian-faults-{}.json", std::process::id()));
    fs::write(&file, r#"[{"action": "drop_requst"}]"#).unwrap();
    let errors = refused(&["--faults", file.to_str().unwrap()]);
    assert!(errors.contains("rule 1, action: unknown action `drop_requst`"), "{errors}");
    fs::write(&file, r#"[{"chance": 0.5, "action": "drop_request"}]"#).unwrap();
    let switch = Simulator::start("nusantara", &["--faults", file.to_str().unwrap()]);
    assert_eq!(switch.state()["faults"][0]["rule"]["action"], "drop_request");
    fs::remove_file(file).unwrap();
}

#[test]
fn errors_of_the_admin_interface_are_json() {
    let switch = Simulator::start("nusantara", &[]);
    let phantom = r#"{"from": "002", "to": "008", "amount_minor": 900}"#;
    assert!(switch.command("POST", "/phantom", phantom)["rrn"].is_string());
    assert_eq!((switch.position("002"), switch.position("008")), (-900, 900));
    let mut errors = String::new();
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
        let (status, error) = switch.request(method, path, body);
        writeln!(errors, "{method} {path} {body}\n    {status} {error}").unwrap();
    }
    insta::assert_snapshot!(errors);
}

#[tokio::test]
async fn settlement_files_are_written_when_a_date_ends() {
    let folder = std::env::temp_dir().join(format!("titian-settlement-{}", std::process::id()));
    let arguments = ["--settlement-dir", folder.to_str().unwrap()];
    let switch = Simulator::start("nusantara", &arguments);
    let mut bank = Bank::join("nusantara", "213", switch.listen).await;
    assert_eq!(bank.pay("008", "1000000001", 500).await, "00");
    let date = switch.state()["business_date"].as_str().unwrap().to_owned();
    switch.command("POST", "/cutover", "");
    let (_, served) = switch.request("GET", &format!("/settlement/{date}.csv"), "");
    assert_eq!(fs::read_to_string(folder.join(format!("{date}.csv"))).unwrap(), served);
    assert!(served.ends_with("TOTAL,1,1,500,0,-500\n"), "{served}");

    let _second = Bank::join("nusantara", "014", switch.listen).await;
    let next = switch.state()["business_date"].as_str().unwrap().to_owned();
    switch.command("POST", "/cutover", "");
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
async fn traffic_runs_until_it_is_stopped() {
    let switch = Simulator::start("nusantara", &[]);
    let mut bank = Bank::join("nusantara", "213", switch.listen).await;
    switch.command("PUT", "/traffic", r#"{"bank": "213", "per_second": 200}"#);
    for _ in 0..20 {
        bank.accept_credit().await;
    }
    switch.command("DELETE", "/traffic", "");
    let made = switch.state()["days"][0]["counts"]["transfers"].as_u64().unwrap();
    for _ in 20..made {
        bank.accept_credit().await;
    }
    switch.all_completed().await;
    assert_eq!(switch.position("213"), bank.position);
    assert!(bank.position > 20 * 1_000_000);
}
