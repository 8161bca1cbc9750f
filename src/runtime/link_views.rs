//! What operators see of links.

use super::operated_links::OperatedLinks;
use crate::admin::{EchoView, ErrorView, LinkView, TimesView};
use crate::link::LinkState;
use crate::values::iso_moment;

/// Returns the links as operators see them.
pub(super) fn link_views(links: &OperatedLinks) -> Vec<LinkView> {
    links.states().into_iter().map(|(name, state)| link_view(name, &state)).collect()
}

fn link_view(name: String, state: &LinkState) -> LinkView {
    let last_error = state
        .last_error
        .map(|error| ErrorView { at: iso_moment(error.at), reason: error.reason.to_string() });
    let last_echo = state
        .last_echo
        .map(|echo| EchoView { at: iso_moment(echo.at), milliseconds: millis(echo.round_trip) });
    let times = state.response_times.as_ref();
    let response_times =
        times.map(|times| TimesView { p50: millis(times.median), p99: millis(times.p99) });
    let messages = state.messages.iter().map(|count| {
        let counts = serde_json::json!({ "sent": count.sent, "received": count.received });
        (count.mti.to_string(), counts)
    });
    LinkView {
        name,
        phase: state.phase.code(),
        since: iso_moment(state.since),
        wanted: state.wish.code(),
        role: state.role.code(),
        address: state.address.to_string(),
        peer: state.peer.map(|peer| peer.to_string()),
        in_flight: state.in_flight,
        last_error,
        last_echo,
        response_times,
        messages: serde_json::Value::Object(messages.collect()),
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
