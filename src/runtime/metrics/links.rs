//! Metrics of the links.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Unit;
use tokio::sync::watch;

use super::registration::New;
use super::set;
use crate::codes::disconnect_reason;
use crate::link::{DisconnectReason, LinkId, LinkPhase, LinkState, LinkStates};

type Labels<const N: usize> = [(&'static str, String); N];

/// A gauge of times in seconds.
type Seconds = Gauge<f64, AtomicU64>;

/// The metrics of all links. Those of the present state are brought up to date when they are read.
#[derive(Debug)]
pub(in crate::runtime) struct LinkMetrics {
    names: Vec<String>,
    states: watch::Receiver<LinkStates>,
    up: Vec<Gauge>,
    in_flight: Family<Labels<1>, Gauge>,
    phase: Family<Labels<2>, Gauge>,
    sent: Family<Labels<2>, Counter>,
    received: Family<Labels<2>, Counter>,
    echo: Family<Labels<1>, Seconds>,
    responses: Family<Labels<2>, Seconds>,
    disconnects: Family<Labels<2>, Counter>,
    refusals: Family<Labels<2>, Counter>,
}

impl LinkMetrics {
    pub(super) fn new(
        new: &mut New<'_>,
        names: &[String],
        states: watch::Receiver<LinkStates>,
    ) -> Self {
        let up = Family::<Labels<1>, Gauge>::default();
        let registry = &mut *new.0;
        registry.register(
            "link_up",
            "1 if the link is signed on and carries requests, else 0",
            up.clone(),
        );
        let up = names.iter().map(|name| up.get_or_create(&[("link", name.clone())]).clone());
        let metrics = Self {
            names: names.to_vec(),
            states,
            up: up.collect(),
            in_flight: Family::default(),
            phase: Family::default(),
            sent: Family::default(),
            received: Family::default(),
            echo: Family::default(),
            responses: Family::default(),
            disconnects: Family::default(),
            refusals: Family::default(),
        };
        registry.register(
            "link_in_flight",
            "Requests on the link that wait for their responses",
            metrics.in_flight.clone(),
        );
        registry.register(
            "link_phase",
            "1 for the phase of the link, else 0",
            metrics.phase.clone(),
        );
        registry.register(
            "link_messages_sent",
            "Messages of ours on the link, by type",
            metrics.sent.clone(),
        );
        registry.register(
            "link_messages_received",
            "Messages of the switch on the link, by type",
            metrics.received.clone(),
        );
        registry.register_with_unit(
            "link_echo",
            "Round trip of the last echo",
            Unit::Seconds,
            metrics.echo.clone(),
        );
        registry.register_with_unit(
            "link_response_time",
            "Response times of the last five minutes: median and 99th percentile",
            Unit::Seconds,
            metrics.responses.clone(),
        );
        registry.register(
            "link_disconnects",
            "Connections that ended or were not established, by reason",
            metrics.disconnects.clone(),
        );
        registry.register(
            "link_sign_on_refusals",
            "Sign-ons that the switch refused, by response code",
            metrics.refusals.clone(),
        );
        for (name, reason) in names
            .iter()
            .flat_map(|name| disconnect_reason::ALL.iter().map(move |reason| (name, reason)))
        {
            drop(metrics.disconnects.get_or_create(&labels(name, ("reason", reason))));
        }
        metrics
    }

    /// Records whether a link carries requests.
    pub(in crate::runtime) fn set_up(&self, link: LinkId, is_up: bool) {
        if let Some(up) = self.up.get(link.0) {
            up.set(i64::from(is_up));
        }
    }

    /// Returns whether any link carries requests.
    pub(in crate::runtime) fn has_one_up(&self) -> bool {
        self.up.iter().any(|up| up.get() > 0)
    }

    /// Counts the end of a connection, and the code of a refused sign-on.
    pub(in crate::runtime) fn count_disconnect(&self, link: LinkId, reason: DisconnectReason) {
        let Some(name) = self.names.get(link.0) else { return };
        self.disconnects.get_or_create(&labels(name, ("reason", reason.code()))).inc();
        if let DisconnectReason::SignOnRefused(code) = reason {
            let code = code.map_or("none".to_owned(), |code| code.to_string());
            self.refusals.get_or_create(&labels(name, ("code", &code))).inc();
        }
    }

    /// Sets the metrics of the present state.
    pub(super) fn refresh(&self) {
        for (name, state) in self.names.iter().zip(self.states.borrow().iter()) {
            self.refresh_link(name, state);
        }
    }

    fn refresh_link(&self, name: &str, state: &LinkState) {
        let link = || [("link", name.to_owned())];
        set(&self.in_flight.get_or_create(&link()), state.in_flight);
        for phase in LinkPhase::ALL {
            let gauge = self.phase.get_or_create(&labels(name, ("phase", phase.code())));
            gauge.set(i64::from(phase == state.phase));
        }
        for count in &state.messages {
            let labels = labels(name, ("mti", &count.mti.to_string()));
            for (family, total) in [(&self.sent, count.sent), (&self.received, count.received)] {
                let counter = family.get_or_create(&labels);
                // The links count; the metric only shows their number.
                counter.inc_by(total.saturating_sub(counter.get()));
            }
        }
        if let Some(echo) = state.last_echo {
            self.echo.get_or_create(&link()).set(echo.round_trip.as_secs_f64());
        }
        let times = state.response_times;
        for (quantile, time) in
            [("0.5", times.map(|times| times.median)), ("0.99", times.map(|times| times.p99))]
        {
            let gauge = self.responses.get_or_create(&labels(name, ("quantile", quantile)));
            // Not a number: no response in the last minutes.
            gauge.set(time.as_ref().map_or(f64::NAN, Duration::as_secs_f64));
        }
    }
}

fn labels(link: &str, (key, value): (&'static str, &str)) -> Labels<2> {
    [("link", link.to_owned()), (key, value.to_owned())]
}
