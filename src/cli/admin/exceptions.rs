//! `titian exceptions`: transfers that need a manual resolution, and what each resolution does.

use std::fmt::Write as _;
use std::time::Duration;

use axum::http::Method;
use clap::Args;
use serde_json::Value;

use super::client::{Client, ServerOption, json};
use super::commands::print_json;
use super::show::{cell, list};
use crate::cli::failure::{self, Failure};
use crate::clock::Clock;
use crate::values::{Moment, display, moment_from_iso};

const EXAMPLES: &str = "\
Examples:
  titian exceptions
  titian exceptions --json | jq '.exceptions[].transfer'
  titian admin resolve ID --outcome refunded --reason 'not in the settlement file'

Sign in first: titian admin sign-in PERSON. A resolution is a proposal; another
person approves it.";

/// Show the transfers that need a manual resolution, and what each resolution does
#[derive(Args)]
#[command(after_help = "Examples: titian exceptions --help", after_long_help = EXAMPLES)]
pub(in crate::cli) struct Exceptions {
    #[command(flatten)]
    server: ServerOption,
}

impl Exceptions {
    pub(in crate::cli) fn run(&self) -> Result<(), Failure> {
        super::block_on(async {
            let client = Client::new(&self.server)?;
            let answer = client.send(Method::GET, "/admin/v1/exceptions", None).await?;
            let answer = json(&answer)?;
            if self.server.json {
                return print_json(&answer);
            }
            failure::write(&text(list(&answer, "exceptions"), Clock::new().now()))
        })
    }
}

/// Returns the exceptions as a person reads them.
fn text(exceptions: &[Value], now: Moment) -> String {
    if exceptions.is_empty() {
        return "No transfer needs a manual resolution.\n".to_owned();
    }
    let mut text = format!("{} need a manual resolution.\n", exceptions.len());
    for exception in exceptions {
        let value = |name: &str| cell(exception.get(name).unwrap_or(&Value::Null));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{}  {}", value("transfer"), value("direction"));
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "  {name:<10}{value}");
            }
        };
        line("amount", &amount(exception.get("amount").unwrap_or(&Value::Null)));
        line("age", &age(&value("since"), now));
        line("bank", &value("bank"));
        line("cause", &format!("{} (state {})", value("cause"), value("state")));
        line("stan", &value("stan"));
        line("rrn", &value("rrn"));
        line("proposal", &value("proposal"));
        for resolution in list(exception, "resolutions") {
            line("possible", &self::resolution(resolution));
        }
    }
    text
}

fn amount(amount: &Value) -> String {
    let part = |name| amount.get(name).and_then(Value::as_str).unwrap_or_default();
    let digits: String = part("value").chars().filter(char::is_ascii_digit).collect();
    display::amount(part("currency"), &digits, 2)
}

/// Returns how long ago a moment is, with the moment.
fn age(since: &str, now: Moment) -> String {
    let Some(moment) = moment_from_iso(since) else { return since.to_owned() };
    format!("{}, since {since}", duration(now.since(moment)))
}

fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Returns a resolution: its outcome, and what it does to the books and at core.
fn resolution(resolution: &Value) -> String {
    let word = |name| resolution.get(name).and_then(Value::as_str);
    let mut parts: Vec<_> = list(resolution, "books").iter().filter_map(change).collect();
    parts.extend(word("core").map(|command| format!("core gets {command}")));
    if parts.is_empty() {
        parts.push("the books stay as they are".to_owned());
    }
    format!("{}: {}", word("outcome").unwrap_or_default(), parts.join(", "))
}

/// Returns the change of one of the books: `settled +Rp 1,000.00`.
fn change(book: &Value) -> Option<String> {
    let (name, minor) = (book.get(0)?.as_str()?, i128::from(book.get(1)?.as_i64()?));
    let plus = if minor > 0 { "+" } else { "" };
    Some(format!("{} {plus}{}", name.replace('_', " "), display::rupiah(minor)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_exception_shows_age_amount_cause_and_what_each_resolution_does() {
        let exception = json!({
            "transfer": "019ab65a-bc00-7000-8000-000000000001",
            "direction": "outbound",
            "state": "exception_undecided",
            "cause": "outcome_undecided",
            "since": "2026-11-24T12:00:00Z",
            "amount": { "value": "1250000.00", "currency": "IDR" },
            "bank": "014",
            "stan": "000017",
            "rrn": "000000000017",
            "resolutions": [
                { "outcome": "settled", "books": [["settled", 125_000_000], ["in_flight", -125_000_000]] },
                { "outcome": "refunded", "books": [["refunded", 125_000_000], ["in_flight", -125_000_000]],
                  "core": "cancel_posting" },
                { "outcome": "posted_by_hand", "books": [] },
            ],
            "proposal": 41,
        });
        let now = moment_from_iso("2026-11-24T14:05:30Z").unwrap();
        let expected = "\
1 need a manual resolution.

019ab65a-bc00-7000-8000-000000000001  outbound
  amount    Rp 1,250,000.00
  age       2 h 5 min, since 2026-11-24T12:00:00Z
  bank      014
  cause     outcome_undecided (state exception_undecided)
  stan      000017
  rrn       000000000017
  proposal  41
  possible  settled: settled +Rp 1,250,000.00, in flight -Rp 1,250,000.00
  possible  refunded: refunded +Rp 1,250,000.00, in flight -Rp 1,250,000.00, core gets cancel_posting
  possible  posted_by_hand: the books stay as they are
";
        assert_eq!(text(&[exception], now), expected);
        assert_eq!(text(&[], now), "No transfer needs a manual resolution.\n");
    }

    #[test]
    fn an_age_has_two_units_at_most() {
        let shown = [5, 65, 3_600, 7_500, 90_000, 864_000];
        let shown = shown.map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(shown, ["5 s", "1 min", "1 h 0 min", "2 h 5 min", "1 d 1 h", "10 d 0 h"]);
    }
}
