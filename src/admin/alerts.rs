//! Alerts: what needs a person, and that a person knows of it.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::json_body::JsonBody;
use super::operations::{Shared, number, page_limit};
use super::port::AdminPort;
use super::problem::Problem;
use super::signed::Signed;
use super::views::DeliveryView;
use crate::codes::alert;
use crate::control::{AlertId, AlertView, Command, StoredAlert};
use crate::values::Alert;

/// An alert, and how far its delivery to each webhook is.
#[derive(Serialize)]
struct ListedAlert {
    #[serde(flatten)]
    alert: AlertView,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deliveries: Vec<DeliveryView>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertsQuery {
    open: Option<bool>,
    kind: Option<String>,
    cursor: Option<String>,
    limit: Option<u64>,
}

/// The place of an alert in the list: the open ones first, and the newest first. `None`: before the first.
type Place = (bool, std::cmp::Reverse<u64>);

fn place(id: AlertId, alert: &StoredAlert) -> Place {
    (alert.ended_at.is_some(), std::cmp::Reverse(id.0))
}

/// Reads a cursor: `open-12` or `ended-12`.
fn read_cursor(text: &str) -> Result<Place, Problem> {
    let place = text.split_once('-').and_then(|(part, id)| {
        let is_ended = match part {
            "open" => false,
            "ended" => true,
            _ => return None,
        };
        Some((is_ended, std::cmp::Reverse(id.parse().ok()?)))
    });
    place.ok_or_else(|| Problem::invalid("cursor: must be the `next` of an answer"))
}

fn cursor((is_ended, id): Place) -> String {
    format!("{}-{}", if is_ended { "ended" } else { "open" }, id.0)
}

fn read_kind(code: &str) -> Result<Alert, Problem> {
    Alert::from_code(code)
        .ok_or_else(|| Problem::invalid(format!("kind: must be one of {}", alert::ALL.join(", "))))
}

pub(super) async fn list<P: AdminPort>(
    State(shared): Shared<P>,
    query: Result<Query<AlertsQuery>, QueryRejection>,
    _: Signed,
) -> Result<impl IntoResponse, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = usize::try_from(page_limit(query.limit)?).unwrap_or(usize::MAX);
    let kind = query.kind.as_deref().map(read_kind).transpose()?;
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    let control = shared.port.control();
    let mut found: Vec<_> = control
        .alerts()
        .iter()
        .filter(|(id, alert)| {
            kind.is_none_or(|kind| kind == alert.kind)
                && query.open.is_none_or(|open| open == alert.ended_at.is_none())
                && after.is_none_or(|after| place(*id, alert) > after)
        })
        .collect();
    found.sort_unstable_by_key(|(id, alert)| place(*id, alert));
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|(id, alert)| cursor(place(*id, alert)));
    let alerts: Vec<_> = found
        .iter()
        .map(|(id, alert)| ListedAlert {
            alert: AlertView::of(*id, alert),
            deliveries: shared.port.deliveries(*id),
        })
        .collect();
    Ok(Json(json!({ "alerts": alerts, "next": next })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgementBody {
    note: Box<str>,
}

/// Acknowledges an alert. It ends one that does not end by itself.
pub(super) async fn acknowledge<P: AdminPort>(
    State(shared): Shared<P>,
    Path(text): Path<String>,
    signed: Signed,
    headers: HeaderMap,
    JsonBody(AcknowledgementBody { note }): JsonBody<AcknowledgementBody>,
) -> Result<impl IntoResponse, Problem> {
    let alert = AlertId(number(&text, "alert")?);
    shared.act(signed, &headers, Command::Acknowledge { alert, note }).await.map(Json)
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_orders_open_alerts_first() {
        let places =
            [(false, Reverse(12)), (false, Reverse(3)), (true, Reverse(20)), (true, Reverse(1))];
        assert!(places.is_sorted());
        let written = places.map(cursor);
        assert_eq!(written, ["open-12", "open-3", "ended-20", "ended-1"]);
        for (text, place) in written.iter().zip(places) {
            assert_eq!(read_cursor(text).ok(), Some(place));
        }
        for wrong in ["", "12", "open-", "open-x", "closed-1", "open--1"] {
            assert!(read_cursor(wrong).is_err(), "{wrong}");
        }
    }
}
