//! `titian bench` in short runs: its report, and the comparison of the books. Figures differ from run to run.

use std::fs;

use serde_json::Value;

use super::program::{Run, done, refused, titian};

/// Replaces each number by `#`.
fn without_figures(table: &str) -> String {
    let is_figure = |char: char| char.is_ascii_digit() || ",.".contains(char);
    let mut shape = String::new();
    for word in table.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let (end, rest) = (&word[bare.len()..], bare.trim_end_matches([',', ':']));
        if !rest.is_empty() && rest.chars().all(is_figure) {
            shape += &bare.replace(rest, "#");
        } else {
            shape += bare;
        }
        // The number of spaces before a figure depends on its length.
        match end {
            " " if shape.ends_with(' ') => {}
            end => shape += end,
        }
    }
    shape
}

#[test]
fn outbound_transfers_are_measured_and_the_books_agree() {
    let table = done(titian(&["bench", "--seconds", "1", "--in-flight", "8"]));
    insta::assert_snapshot!(without_figures(&table));
}

#[test]
fn a_rate_is_kept_and_every_request_is_answered() {
    let args = ["bench", "--seconds", "1", "--core", "caller", "--format", "json"];
    let report = done(titian(&[&args[..], &["--rate", "100", "--in-flight", "32"]].concat()));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["books"]["agree"], true, "{report}");
    // The warm-up of half a second is included. A slow machine responses all requests too.
    let responses: u64 =
        report["responses"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert!(responses >= 150, "{report}");
    assert!(report["responses"]["200"].as_u64().unwrap() > 0, "{report}");
    assert!(
        report["duration_micros"]["p50"].as_u64() <= report["duration_micros"]["p99.9"].as_u64(),
        "{report}"
    );
    assert!(report["machine"]["http_requests"]["per_second"].as_f64().unwrap() > 0.0, "{report}");
}

#[test]
fn inbound_transfers_are_measured() {
    let args = ["bench", "--seconds", "1", "--direction", "in", "--format", "json"];
    let report = done(titian(&[&args[..], &["--in-flight", "8"]].concat()));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["books"]["agree"], true, "{report}");
    assert!(report["transfers"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(report["responses"]["declined"], 0, "{report}");
}

#[test]
fn transfers_on_a_flapping_link_end_in_all_books() {
    let args = ["bench", "--seconds", "2", "--in-flight", "32", "--flapping", "--format", "json"];
    let report = done(titian(&args));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["books"]["agree"], true, "{report}");
    assert!(report["second_link_cuts"].as_u64().unwrap() > 0, "{report}");
    assert!(report["responses"]["200"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn reversals_wait_for_a_dead_bank_and_are_refunded_at_the_end() {
    for core in ["embedded", "caller"] {
        let args = ["bench", "--seconds", "1", "--in-flight", "8", "--format", "json"];
        let report = done(titian(&[&args[..], &["--waiting", "200", "--core", core]].concat()));
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["books"]["agree"], true, "{report}");
        assert_eq!(
            [&report["waiting"]["at_start"], &report["waiting"]["at_end"]],
            [200, 200],
            "{report}"
        );
        let memory = &report["waiting"]["adapter_memory_kib"];
        let memory = ["without", "with", "started_with"].map(|when| memory[when].as_u64().unwrap());
        assert!(memory.into_iter().all(|kib| kib > 0), "{report}");
        let responses = report["responses"].as_object().unwrap();
        assert!(responses.keys().eq(["200"]), "the load pays a bank that responds: {report}");
    }
}

#[test]
fn samples_cover_all_transfers() {
    let file = std::env::temp_dir().join(format!("titian-bench-samples-{}", std::process::id()));
    let args = ["bench", "--seconds", "2", "--core", "caller", "--format", "json", "--samples"];
    let report = done(titian(&[&args[..], &[file.to_str().unwrap()]].concat()));
    let table = fs::read_to_string(&file).unwrap();
    fs::remove_file(file).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["books"]["agree"], true, "{report}");
    // Seconds with three decimals, without the point, are milliseconds.
    let rows: Vec<Vec<u64>> = table
        .lines()
        .skip(1)
        .map(|line| line.replace('.', "").split(',').map(|value| value.parse().unwrap()).collect())
        .collect();
    let responses = report["responses"].as_object().unwrap().values().filter_map(Value::as_u64);
    let windows = rows.iter().map(|row| row[2]);
    assert_eq!(windows.sum::<u64>(), responses.sum::<u64>(), "{table}");
    assert!(rows.is_sorted_by(|row, next| row[0] < next[0] && row[1] < next[1]), "{table}");
    // A slow machine may not come so far.
    let last = rows.last().unwrap()[1];
    assert!(last < 1_000 || rows.iter().any(|row| row[1] == 1_000), "{table}");
    // After a stall two samples can be closer than the clock of processor time ticks.
    assert!(rows.iter().map(|row| row[3]).sum::<u64>() > 0, "{table}");
    assert!(rows.iter().all(|row| row[4] > 0), "{table}");
}

#[test]
fn options_that_cannot_be_combined_are_refused() {
    for option in [&["--flapping"][..], &["--waiting", "1"], &["--samples", "/tmp/none.csv"]] {
        let run = titian(&[&["bench", "--direction", "in"], option].concat());
        assert!(refused(run).contains("need outbound transfers"));
    }
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = std::env::temp_dir().join(format!("titian-bench-used-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("theirs"), "").unwrap();
    let run: Run = titian(&["bench", "--dir", folder.to_str().unwrap()]);
    assert!(refused(run).ends_with("the folder is not empty; name a new folder"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_dir_all(folder).unwrap();
}
