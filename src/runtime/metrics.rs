//! Metrics in the text format of `OpenMetrics`. No label holds a person, an account or an amount.
//!
//! Every series exists from the start and is counted through a handle, so that a transfer costs no lock and no lookup.

mod alerts;
mod links;
mod registration;
mod transfers;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use tokio::sync::watch;

use crate::codes::{direction, message_warning};
use crate::core_banking::Meter;
use crate::journal::CheckpointClock;
use crate::link::LinkStates;
use crate::network::Network;
use alerts::AlertMetrics;
use links::LinkMetrics;
use registration::New;
use transfers::TransferMetrics;

/// The content type of the text.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The prefix of every name.
const PREFIX: &str = "titian";

/// Upper bounds of the buckets of commit durations, in seconds: a fast disk syncs in less than a millisecond.
const COMMIT_BUCKETS: [f64; 15] =
    [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// The parts of the program that have numbers of their own.
pub(super) struct Sources<'a> {
    pub(super) network: &'a Network,
    pub(super) link_names: &'a [String],
    pub(super) links: watch::Receiver<LinkStates>,
    pub(super) core: Meter,
    pub(super) checkpoints: CheckpointClock,
}

/// All metrics.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    pub(super) checkpoints: CheckpointClock,
    pub(super) transfers: TransferMetrics,
    pub(super) alerts: AlertMetrics,
    pub(super) links: LinkMetrics,
    pub(super) open_outbound: Gauge,
    pub(super) open_inbound: Gauge,
    pub(super) exceptions_open: Gauge,
    pub(super) inquiries_open: Gauge,
    pub(super) channel_requests_waiting: Gauge,
    pub(super) inbound_responses_pending: Gauge,
    pub(super) draining: Gauge,
    pub(super) requests_refused: Counter,
    pub(super) inbound_approved: Counter,
    pub(super) inbound_declined: Counter,
    pub(super) inbound_unanswered: Counter,
    pub(super) responses_unmatched: Counter,
    pub(super) messages_unreadable: Counter,
    pub(super) odd_elements: Counter,
    pub(super) trailing_bytes: Counter,
    pub(super) undefined_elements: Counter,
    pub(super) unused_elements: Counter,
    pub(super) journal_batches: Counter,
    pub(super) journal_rows: Counter,
    pub(super) journal_lookups: Counter,
    pub(super) journal_commit_duration: Histogram,
}

impl Metrics {
    pub(super) fn new(sources: Sources<'_>) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        register_build_info(&mut registry);
        sources.core.register(&mut registry);
        let checkpoints = sources.checkpoints.clone();
        registry.register_collector(Box::new(CheckpointAge(checkpoints)));
        let mut new = New(&mut registry);
        let [open_outbound, open_inbound] = new.gauges(
            "transfers_open",
            "Transfers with work left to do",
            "direction",
            [direction::OUTBOUND, direction::INBOUND],
        );
        let [inbound_approved, inbound_declined] = new.counters(
            "inbound_responses",
            "Responses to requests of the switch",
            "result",
            ["approved", "declined"],
        );
        let [odd_elements, trailing_bytes, undefined_elements, unused_elements] = new.counters(
            "message_warnings",
            "Faults of messages of the switch that were tolerated",
            "reason",
            [
                message_warning::ELEMENT,
                message_warning::TRAILING,
                message_warning::UNDEFINED,
                message_warning::UNUSED,
            ],
        );
        Self {
            transfers: TransferMetrics::new(&mut new, sources.network),
            alerts: AlertMetrics::new(&mut new),
            links: LinkMetrics::new(&mut new, sources.link_names, sources.links),
            checkpoints: sources.checkpoints,
            open_outbound,
            open_inbound,
            exceptions_open: new
                .gauge("exceptions_open", "Transfers that wait for a manual resolution"),
            inquiries_open: new.gauge("inquiries_open", "Inquiries under way, which move no money"),
            channel_requests_waiting: new
                .gauge("channel_requests_waiting", "Channel requests that wait for their response"),
            inbound_responses_pending: new.gauge(
                "inbound_responses_pending",
                "Requests of the switch that have no response yet",
            ),
            draining: new.gauge("draining", "1 while the adapter stops and refuses new work"),
            requests_refused: new
                .counter("requests_refused", "Requests refused before anything was done"),
            inbound_approved,
            inbound_declined,
            inbound_unanswered: new.counter(
                "inbound_requests_unanswered",
                "Requests of the switch that got no response",
            ),
            responses_unmatched: new.counter(
                "responses_unmatched",
                "Responses of the switch that match no open request",
            ),
            messages_unreadable: new.counter(
                "messages_unreadable",
                "Messages of the switch that could not be processed",
            ),
            odd_elements,
            trailing_bytes,
            undefined_elements,
            unused_elements,
            journal_batches: new.counter("journal_batches", "Batches given to the journal"),
            journal_rows: new.counter("journal_rows", "Rows that the journal made durable"),
            journal_lookups: new
                .counter("journal_lookups", "Lookups of closed transfers in the journal"),
            journal_commit_duration: new.seconds(
                "journal_commit_duration",
                "Time from giving a batch to the journal until it is durable",
                COMMIT_BUCKETS,
            ),
            registry,
        }
    }

    /// Returns all metrics in the text format 1.0.0 of `OpenMetrics`.
    pub(super) fn text(&self) -> String {
        self.links.refresh();
        let mut text = String::with_capacity(16 * 1024);
        // Only writing can fail, and a `String` always takes more.
        let _written = text::encode(&mut text, &self.registry);
        text
    }
}

/// Sets a gauge to a count.
pub(super) fn set(gauge: &Gauge, count: usize) {
    gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
}

fn register_build_info(registry: &mut Registry) {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let labels = vec![("version", env!("CARGO_PKG_VERSION")), ("profile", profile)];
    registry.register("build", "The version of the running program", Info::new(labels));
}

/// The age of the last checkpoint. Without a place of checkpoints the series is absent.
#[derive(Debug)]
struct CheckpointAge(CheckpointClock);

impl Collector for CheckpointAge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(age) = self.0.age() else { return Ok(()) };
        let gauge = ConstGauge::new(age.as_secs_f64());
        let metric = encoder.encode_descriptor(
            "checkpoint_age",
            "Time since the last checkpoint that covers the newest row, or since the start if none was written since.",
            Some(&Unit::Seconds),
            gauge.metric_type(),
        )?;
        gauge.encode(metric)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::iso8583::Mti;
    use crate::link::{
        DisconnectReason, EchoTime, LinkId, LinkPhase, LinkState, LinkWish, MessageCount,
        ResponseTimes, Role,
    };
    use crate::network::Bank;
    use crate::transfer::TransferStatus;
    use crate::values::{Institution, Moment, ProcessingCode, ResponseCode, Value};

    fn states() -> Vec<LinkState> {
        let now = Moment::from_millis(1_000);
        let state = |link, phase, in_flight| LinkState {
            link: LinkId(link),
            role: Role::Dial,
            address: "switch:7001".into(),
            peer: None,
            phase,
            since: now,
            wish: LinkWish::SignedOn,
            is_held: false,
            next_attempt: None,
            last_error: None,
            in_flight,
            last_echo: None,
            response_times: None,
            messages: Vec::new(),
        };
        let mut a = state(0, LinkPhase::SignedOn, 3);
        a.last_echo = Some(EchoTime { at: now, round_trip: Duration::from_millis(12) });
        let (median, p99) = (Duration::from_millis(40), Duration::from_millis(250));
        a.response_times = Some(ResponseTimes { count: 100, median, p99 });
        let (mti, last_sent) = (Mti::FINANCIAL_REQUEST, Some(now));
        a.messages =
            vec![MessageCount { mti, sent: 7, last_sent, received: 0, last_received: None }];
        vec![a, state(1, LinkPhase::Drained, 0)]
    }

    fn metrics() -> Metrics {
        let code = Institution::from_ascii(b"213").unwrap();
        let iin = Value::from_ascii(b"93600213").unwrap();
        let network = Network::shipped("nusantara", Bank { code, forwarder: code, iin }).unwrap();
        Metrics::new(Sources {
            network: &network,
            link_names: &["a".to_owned(), "b".to_owned()],
            links: watch::channel(states().into()).1,
            core: Meter::default(),
            checkpoints: CheckpointClock::default(),
        })
    }

    #[test]
    fn names_types_and_help_are_stable() {
        let text = metrics().text();
        let described = |line: &&str| line.starts_with('#') && !line.starts_with("# EOF");
        insta::assert_snapshot!(text.lines().filter(described).collect::<Vec<_>>().join("\n"));
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn events_are_counted_under_their_labels() {
        let metrics = metrics();
        let unknown = ProcessingCode::from_ascii(b"999999").unwrap();
        for (status, millis) in [
            (TransferStatus::Settled, 3),
            (TransferStatus::Settled, 900_000),
            (TransferStatus::Pending, 30_000),
        ] {
            metrics.transfers.count_outbound(unknown, status, Duration::from_millis(millis));
        }
        metrics.alerts.count(crate::transfer::Alert::Exception);
        metrics.links.set_up(LinkId(1), true);
        let refused = DisconnectReason::SignOnRefused(Some(ResponseCode::from_number(91)));
        metrics.links.count_disconnect(LinkId(0), refused);
        let text = metrics.text();
        for line in [
            "titian_transfers_total{direction=\"outbound\",service=\"other\",status=\"settled\"} 2",
            "titian_transfers_total{direction=\"outbound\",service=\"other\",status=\"pending\"} 1",
            "titian_transfers_total{direction=\"inbound\",service=\"transfer\",status=\"settled\"} 0",
            "titian_alerts_total{alert=\"exception\"} 1",
            "titian_alerts_total{alert=\"mismatch\"} 0",
            "titian_alerts_open{alert=\"link_down\"} 0",
            "titian_link_up{link=\"b\"} 1",
            "titian_link_up{link=\"a\"} 0",
            "titian_link_in_flight{link=\"a\"} 3",
            "titian_link_phase{link=\"a\",phase=\"signed_on\"} 1",
            "titian_link_phase{link=\"a\",phase=\"drained\"} 0",
            "titian_link_phase{link=\"b\",phase=\"drained\"} 1",
            "titian_link_messages_sent_total{link=\"a\",mti=\"0200\"} 7",
            "titian_link_messages_received_total{link=\"a\",mti=\"0200\"} 0",
            "titian_link_echo_seconds{link=\"a\"} 0.012",
            "titian_link_response_time_seconds{link=\"a\",quantile=\"0.99\"} 0.25",
            "titian_link_response_time_seconds{link=\"b\",quantile=\"0.5\"} NaN",
            "titian_link_disconnects_total{link=\"a\",reason=\"sign_on_refused\"} 1",
            "titian_link_disconnects_total{link=\"b\",reason=\"sign_on_refused\"} 0",
            "titian_link_sign_on_refusals_total{link=\"a\",code=\"91\"} 1",
            "titian_transfer_duration_seconds_bucket{le=\"0.0025\"} 0",
            "titian_transfer_duration_seconds_bucket{le=\"0.005\"} 1",
            "titian_transfer_duration_seconds_bucket{le=\"60.0\"} 1",
            "titian_transfer_duration_seconds_bucket{le=\"+Inf\"} 2",
            "titian_transfer_duration_seconds_sum 900.003",
            "titian_transfer_duration_seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
