//! `titian bench`, small: what it tells, and that it compares the books. Figures differ from run to run.

use std::fs;

use serde_json::Value;

use crate::program::{Run, done, refused, titian};

/// A table with each number, however long, as one sign.
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
        // The blanks before a figure depend on its length.
        match end {
            " " if shape.ends_with(' ') => {}
            end => shape += end,
        }
    }
    shape
}

#[test]
fn transfers_go_out_are_measured_and_agree_with_all_books() {
    let table = done(titian(&["bench", "--seconds", "1", "--in-flight", "8"]));
    insta::assert_snapshot!(without_figures(&table));
}

#[test]
fn a_rate_is_kept_and_every_transfer_of_it_is_answered() {
    let args = ["bench", "--seconds", "1", "--core", "caller", "--format", "json"];
    let told = done(titian(&[&args[..], &["--rate", "100", "--in-flight", "32"]].concat()));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["books"]["agree"], true, "{told}");
    // Those of the warm-up too, which is half a second. None is left out, however slow the machine is.
    let answers: u64 =
        told["answers"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert!(answers >= 150, "{told}");
    assert!(told["answers"]["200"].as_u64().unwrap() > 0, "{told}");
    assert!(told["micros"]["p50"].as_u64() <= told["micros"]["p99.9"].as_u64(), "{told}");
    assert!(told["machine"]["http_requests"]["per_second"].as_f64().unwrap() > 0.0, "{told}");
}

#[test]
fn credits_that_the_switch_sends_are_measured() {
    let args = ["bench", "--seconds", "1", "--direction", "in", "--format", "json"];
    let told = done(titian(&[&args[..], &["--in-flight", "8"]].concat()));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["books"]["agree"], true, "{told}");
    assert!(told["transfers"].as_u64().unwrap() > 0, "{told}");
    assert_eq!(told["answers"]["declined"], 0, "{told}");
}

#[test]
fn what_is_on_a_link_that_flaps_ends_in_the_books_of_all() {
    let args = ["bench", "--seconds", "2", "--in-flight", "32", "--flapping", "--format", "json"];
    let told = done(titian(&args));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["books"]["agree"], true, "{told}");
    assert!(told["second_link_cuts"].as_u64().unwrap() > 0, "{told}");
    assert!(told["answers"]["200"].as_u64().unwrap() > 0, "{told}");
}

#[test]
fn reversals_wait_for_a_dead_bank_while_others_are_paid_and_then_are_given_back() {
    for core in ["embedded", "caller"] {
        let args = ["bench", "--seconds", "1", "--in-flight", "8", "--format", "json"];
        let told = done(titian(&[&args[..], &["--waiting", "200", "--core", core]].concat()));
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["books"]["agree"], true, "{told}");
        assert_eq!([&told["waiting"]["begin"], &told["waiting"]["end"]], [200, 200], "{told}");
        let memory = &told["waiting"]["adapter_memory_kib"];
        let memory = ["before", "with", "started_with"].map(|when| memory[when].as_u64().unwrap());
        assert!(memory.into_iter().all(|kib| kib > 0), "{told}");
        let answers = told["answers"].as_object().unwrap();
        assert!(answers.keys().eq(["200"]), "the load pays a bank that answers: {told}");
    }
}

#[test]
fn samples_are_of_all_transfers_from_the_first_on() {
    let file = std::env::temp_dir().join(format!("titian-bench-samples-{}", std::process::id()));
    let args = ["bench", "--seconds", "2", "--core", "caller", "--format", "json", "--samples"];
    let told = done(titian(&[&args[..], &[file.to_str().unwrap()]].concat()));
    let table = fs::read_to_string(&file).unwrap();
    fs::remove_file(file).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["books"]["agree"], true, "{told}");
    // Seconds with three digits behind the point are milliseconds.
    let rows: Vec<Vec<u64>> = table
        .lines()
        .skip(1)
        .map(|line| line.replace('.', "").split(',').map(|value| value.parse().unwrap()).collect())
        .collect();
    let answers = told["answers"].as_object().unwrap().values().filter_map(Value::as_u64);
    let windows = rows.iter().map(|row| row[2]);
    assert_eq!(windows.sum::<u64>(), answers.sum::<u64>(), "{table}");
    assert!(rows.is_sorted_by(|row, next| row[0] < next[0] && row[1] < next[1]), "{table}");
    assert!(rows.iter().any(|row| row[1] == 1_000), "{table}");
    assert!(rows.iter().all(|row| row[3] > 0 && row[4] > 0), "{table}");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    for option in [&["--flapping"][..], &["--waiting", "1"], &["--samples", "/tmp/none.csv"]] {
        let run = titian(&[&["bench", "--direction", "in"], option].concat());
        assert!(refused(run).contains("are of transfers out"));
    }
}

#[test]
fn a_folder_that_is_somebodys_is_left_alone() {
    let folder = std::env::temp_dir().join(format!("titian-bench-used-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("theirs"), "").unwrap();
    let run: Run = titian(&["bench", "--dir", folder.to_str().unwrap()]);
    assert!(refused(run).ends_with("is not empty: name a new folder"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_dir_all(folder).unwrap();
}
