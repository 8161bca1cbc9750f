//! Alerts: each is a log line and a metric at once, and a row of the record.

use super::conditions::Condition;
use super::node::Node;
use crate::control::AlertSubject;
use crate::link::LinkId;
use crate::transfer::Alert;
use crate::values::{Reference, TransferId, Value};

impl Node {
    /// Counts and logs an alert about a transfer. The engine has put it on record.
    pub(super) fn report_alert(&self, id: TransferId, alert: Alert) {
        self.metrics.alerts.count(alert);
        tracing::warn!(transfer = %id, alert = alert.code(), "alert raised");
    }

    /// Raises an alert about a transfer that the engine does not decide.
    pub(super) fn raise_alert(&mut self, id: TransferId, alert: Alert) {
        self.report_alert(id, alert);
        self.engine.raise_alert(alert, Some(AlertSubject::Transfer(id)), self.now);
    }

    /// Raises an alert about what came on a link.
    pub(super) fn raise_link_alert(&mut self, link: LinkId, alert: Alert) {
        let name = self.link_name(link);
        self.metrics.alerts.count(alert);
        tracing::warn!(link = name, alert = alert.code(), "alert raised");
        let subject = Reference::from_ascii(name.as_bytes()).map(AlertSubject::Link);
        self.engine.raise_alert(alert, subject, self.now);
    }

    /// Raises an alert about the adapter as a whole. The caller logs it.
    pub(super) fn raise_own_alert(&mut self, alert: Alert) {
        self.metrics.alerts.count(alert);
        self.engine.raise_alert(alert, None, self.now);
    }

    /// Looks once a second which conditions hold, and makes the open alerts fit. So an alert of an earlier run ends too.
    pub(super) fn watch_conditions(&mut self) {
        if self.metrics.draining.get() > 0 || !self.conditions.is_due(self.now) {
            return;
        }
        let is_failing = self.metrics.checkpoints.is_failing();
        self.conditions.look_at_checkpoints(is_failing);
        let core = self.core.ledger_head().is_none().then(|| self.core.meter().read());
        self.conditions.look_at_core(core);
        self.conditions.look_at_links(&self.operated_links.states(), self.now);
        self.end_alerts_of_removed_links();
        for Condition { alert, subject, holds, is_new } in self.conditions.take_all() {
            match (holds, is_new) {
                (true, true) => {
                    self.metrics.alerts.count(alert);
                    tracing::warn!(alert = alert.code(), ?subject, "alert raised");
                }
                (false, true) => tracing::info!(alert = alert.code(), ?subject, "alert ended"),
                (true | false, false) => {}
            }
            if holds {
                self.engine.raise_alert(alert, subject, self.now);
            } else {
                self.engine.end_alert(alert, subject, self.now);
            }
        }
    }

    fn end_alerts_of_removed_links(&mut self) {
        let control = std::sync::Arc::clone(self.engine.control());
        for (alert, subject) in control.alerts().open() {
            if let (Alert::LinkDown, Some(AlertSubject::Link(name))) = (alert, subject)
                && !self.link_names.iter().any(|known| known == name.as_str())
            {
                self.engine.end_alert(alert, subject.cloned(), self.now);
            }
        }
    }
}
