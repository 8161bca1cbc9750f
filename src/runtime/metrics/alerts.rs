//! Metrics of alerts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use super::registration::New;
use super::set;
use crate::control::Alerts;
use crate::transfer::Alert;

/// The alerts that were raised, and those that are open, by their codes.
#[derive(Debug)]
pub(in crate::runtime) struct AlertMetrics {
    raised: [Counter; Alert::ALL.len()],
    open: [Gauge; Alert::ALL.len()],
}

impl AlertMetrics {
    pub(super) fn new(new: &mut New<'_>) -> Self {
        let codes = Alert::ALL.map(Alert::code);
        Self {
            raised: new.counters("alerts", "Alerts raised, which need a person", "alert", codes),
            open: new.gauges("alerts_open", "Alerts on record that are open", "alert", codes),
        }
    }

    /// Counts an alert.
    pub(in crate::runtime) fn count(&self, alert: Alert) {
        let place = Alert::ALL.iter().position(|known| *known == alert);
        if let Some(counter) = place.and_then(|place| self.raised.get(place)) {
            counter.inc();
        }
    }

    /// Shows the alerts that are open.
    pub(in crate::runtime) fn show_open(&self, alerts: &Alerts) {
        for (kind, gauge) in Alert::ALL.iter().zip(&self.open) {
            set(gauge, alerts.open().filter(|(open, _)| open == kind).count());
        }
    }
}
