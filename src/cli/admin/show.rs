//! What the server answers, as a person reads it.

use std::fmt::Write as _;

use serde_json::Value;

use super::arguments::Look;
use super::client::Client;
use crate::cli::failure::{self, Failure, without_controls};

/// Returns the answer to a look as text.
pub(super) fn answer(look: &Look, answer: &Value) -> String {
    match look {
        Look::Overview | Look::Transfer { .. } => fields(answer),
        Look::Links => table(
            list(answer, "links"),
            &[
                ("link", &["name"]),
                ("phase", &["phase"]),
                ("since", &["since"]),
                ("wanted", &["wanted"]),
                ("in flight", &["in_flight"]),
                ("p50 ms", &["response_times", "p50"]),
                ("p99 ms", &["response_times", "p99"]),
                ("echo ms", &["last_echo", "milliseconds"]),
                ("last error", &["last_error", "reason"]),
            ],
        ),
        Look::Services => table(
            list(answer, "services"),
            &[("service", &["service"]), ("restricted by", &["restricted_by"])],
        ),
        Look::Restrictions => table(
            list(answer, "restrictions"),
            &[
                ("id", &["id"]),
                ("mode", &["mode"]),
                ("limits", &["limits"]),
                ("scope", &["scope"]),
                ("set by", &["set_by"]),
                ("set at", &["set_at"]),
                ("until", &["until"]),
                ("reason", &["reason"]),
            ],
        ),
        Look::Proposals => table(
            list(answer, "proposals"),
            &[
                ("id", &["id"]),
                ("state", &["state"]),
                ("maker", &["maker"]),
                ("checker", &["checker"]),
                ("expires at", &["expires_at"]),
                ("command", &["command"]),
                ("reason", &["reason"]),
            ],
        ),
        Look::Alerts { .. } => table(
            list(answer, "alerts"),
            &[
                ("id", &["id"]),
                ("alert", &["alert"]),
                ("about", &["subject"]),
                ("state", &["state"]),
                ("raised at", &["raised_at"]),
                ("acknowledged by", &["acknowledged_by"]),
                ("ended at", &["ended_at"]),
                ("sent", &["deliveries"]),
                ("note", &["note"]),
            ],
        ),
        Look::Settings => table(
            list(answer, "settings"),
            &[
                ("key", &["key"]),
                ("waits for a checker", &["waits_for_checker"]),
                ("needs a restart", &["needs_restart"]),
                ("origin", &["origin"]),
                ("value", &["value"]),
            ],
        ),
        Look::Acts { .. } | Look::Watch => table(
            list(answer, "acts"),
            &[
                ("act", &["act"]),
                ("at", &["at"]),
                ("person", &["by", "person"]),
                ("role", &["by", "role"]),
                ("from", &["by", "from"]),
                ("what", &["facts"]),
            ],
        ),
    }
}

/// Returns operators and tokens as text.
pub(super) fn operators(answer: &Value) -> String {
    let operators = table(
        list(answer, "operators"),
        &[("person", &["person"]), ("name", &["name"]), ("role", &["role"]), ("state", &["state"])],
    );
    let tokens = table(
        list(answer, "tokens"),
        &[
            ("token", &["token"]),
            ("label", &["label"]),
            ("role", &["role"]),
            ("person", &["person"]),
            ("expires at", &["expires_at"]),
        ],
    );
    format!("{operators}\n{tokens}")
}

/// Returns a proposal as text.
pub(super) fn proposal(shown: &Value) -> String {
    fields(shown)
}

pub(super) fn list<'v>(answer: &'v Value, name: &str) -> &'v [Value] {
    answer.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the fields of an object, a line each.
fn fields(object: &Value) -> String {
    let Some(object) = object.as_object() else { return String::new() };
    let width = object.keys().map(String::len).max().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in object {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<width$}  {}", cell(value));
    }
    text
}

/// A column: its heading, and the path to its values.
type Column<'c> = (&'c str, &'c [&'c str]);

/// Returns rows as a table. The last column is not padded, and a column without any value is left out.
fn table(rows: &[Value], columns: &[Column<'_>]) -> String {
    if rows.is_empty() {
        return "none\n".to_owned();
    }
    let value = |row: &Value, path: &[&str]| {
        let found = path.iter().try_fold(row, |at, name| at.get(name));
        found.map(cell).unwrap_or_default()
    };
    let mut cells: Vec<Vec<String>> = Vec::new();
    for (heading, path) in columns {
        let column: Vec<_> = rows.iter().map(|row| value(row, path)).collect();
        if column.iter().any(|cell| !cell.is_empty()) {
            cells.push([(*heading).to_owned()].into_iter().chain(column).collect());
        }
    }
    let mut text = String::new();
    for line in 0..=rows.len() {
        for (place, column) in cells.iter().enumerate() {
            let width = column.iter().map(|cell| cell.chars().count()).max().unwrap_or_default();
            let cell = column.get(line).map(String::as_str).unwrap_or_default();
            if place + 1 == cells.len() {
                text += cell;
            } else {
                let _ = write!(text, "{cell:<width$}  ");
            }
        }
        text.push('\n');
    }
    text
}

/// Returns a value as a cell: objects as `name=value`, lists with commas. Terminal controls are escaped.
pub(super) fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(object) => {
            let parts = object.iter().map(|(name, value)| match value {
                Value::Object(_) => format!("{name} ({})", cell(value)),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => {
                    format!("{name}={}", cell(value))
                }
            });
            parts.collect::<Vec<_>>().join(" ")
        }
    };
    without_controls(&text)
}

/// Prints each act as it happens, until the server ends.
pub(super) async fn watch(client: &Client<'_>) -> Result<(), Failure> {
    let mut events = client.events().await?;
    while let Some((name, data)) = events.next().await? {
        if name == "act" {
            let act: Value = serde_json::from_str(&data).unwrap_or_default();
            failure::write(&format!("{}\n", cell(&act)))?;
        }
    }
    Ok(())
}
